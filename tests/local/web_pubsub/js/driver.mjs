// Runs one WebPubSubClient: commands come in on stdin, answers and events go out on stdout,
// each a JSON document on a line of its own.
import { createInterface } from "node:readline";
import {
  WebPubSubClient,
  WebPubSubJsonProtocol,
  WebPubSubJsonReliableProtocol,
} from "@azure/web-pubsub-client";

const [url, protocol] = process.argv.slice(2);
const client = new WebPubSubClient(
  { getClientAccessUrl: async () => url },
  {
    protocol: protocol === "json" ? WebPubSubJsonProtocol() : WebPubSubJsonReliableProtocol(),
    messageRetryOptions: { maxRetries: 0 },
    reconnectRetryOptions: { retryDelayInMs: 50, maxRetryDelayInMs: 200, mode: "Fixed" },
    keepAliveIntervalInMs: 50,
  },
);

function report(content) {
  process.stdout.write(JSON.stringify(content) + "\n");
}

function readable({ dataType, data, ...rest }) {
  const content = dataType === "binary" ? Buffer.from(data).toString("base64") : data;
  return { ...rest, dataType, data: content };
}

client.on("connected", (e) => report({ event: "connected", ...e }));
client.on("disconnected", (e) => report({ event: "disconnected", reason: e.message?.message }));
client.on("stopped", () => report({ event: "stopped" }));
client.on("server-message", (e) => report({ event: "server", ...readable(e.message) }));
client.on("group-message", (e) => report({ event: "group", ...readable(e.message) }));
client.on("rejoin-group-failed", (e) => report({ event: "rejoin-failed", group: e.group }));

const commands = {
  start: () => client.start(),
  stop: () => client.stop(),
  join: ({ group }) => client.joinGroup(group),
  leave: ({ group }) => client.leaveGroup(group),
  send: ({ group, data, dataType, ackId, noEcho }) => {
    const content = dataType === "binary" ? Uint8Array.from(Buffer.from(data, "base64")).buffer : data;
    return client.sendToGroup(group, content, dataType, { ackId, noEcho });
  },
  event: ({ name }) => client.sendEvent(name, "x", "text"),
};

for await (const line of createInterface({ input: process.stdin })) {
  const { command, ...options } = JSON.parse(line);
  try {
    const result = await commands[command](options);
    report({ event: "done", command, duplicate: result?.isDuplicated });
  } catch (error) {
    report({ event: "failed", command, name: error.errorDetail?.name, message: error.errorDetail?.message ?? error.message });
  }
}

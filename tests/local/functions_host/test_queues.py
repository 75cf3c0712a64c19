"""Queue triggers and outputs on a real Azurite."""

import base64
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.queue.aio import QueueClient

from local.azurite import Azurite
from tests.local.functions_host.harness import RunningHost, running_host, write_app

APP = """
import os
from typing import List

@app.route(route="send/{kind}", methods=["POST"])
@app.queue_output(arg_name="out", queue_name="%PREFIX%-out", connection="AzureWebJobsStorage")
@app.queue_output(arg_name="more", queue_name="%PREFIX%-more", connection="")
async def send(
    req: func.HttpRequest, out: func.Out[List[str]], more: func.Out[bytes]
) -> func.HttpResponse:
    text = req.get_body().decode()
    kind = req.route_params["kind"]
    if kind == "list":
        out.set(json.loads(text))
    elif kind == "text":
        out.set(text)
    elif kind == "bytes":
        out.set(req.get_body())
    elif kind == "both":
        out.set(["one"])
        more.set(b"two")
    elif kind == "fail":
        out.set(["lost"])
        raise RuntimeError("no output is written")
    return func.HttpResponse("sent", status_code=202)

@app.route(route="enqueue", methods=["POST"])
@app.queue_output(arg_name="out", queue_name="%PREFIX%-work", connection="")
def enqueue(req: func.HttpRequest, out: func.Out[bytes]) -> func.HttpResponse:
    out.set(req.get_body())
    return func.HttpResponse("")

gate = asyncio.Event()

@app.route(route="open")
async def open_gate(req: func.HttpRequest) -> func.HttpResponse:
    gate.set()
    return func.HttpResponse("")

@app.queue_trigger(arg_name="msg", queue_name="%PREFIX%-work", connection="")
async def work(msg: func.QueueMessage) -> None:
    body = msg.get_body().decode()
    await note({
        "body": body, "id": msg.id, "count": msg.dequeue_count, "receipt": bool(msg.pop_receipt),
        "times": [str(t) for t in (msg.insertion_time, msg.expiration_time,
                                   msg.time_next_visible)],
    })
    if "fail" in body:
        raise ValueError("as asked")
    if "wait" in body:
        await gate.wait()
        await note("waited")

@app.queue_trigger(arg_name="msg", queue_name="%PREFIX%-chain", connection="")
@app.queue_output(arg_name="$return", queue_name="%PREFIX%-out", connection="")
def chain(msg: func.QueueMessage) -> str:
    return "returned " + msg.get_body().decode()
"""


def host_json(**queues) -> dict:
    return {"extensions": {"http": {"routePrefix": ""}, "queues": queues}}


class Queues:
    """The queues of one test host."""

    def __init__(self, storage: Azurite, prefix: str) -> None:
        self.storage = storage
        self.prefix = prefix

    @asynccontextmanager
    async def client(self, name: str) -> AsyncIterator[QueueClient]:
        client = QueueClient.from_connection_string(
            self.storage.connection_string, f"{self.prefix}-{name}"
        )
        async with client:
            yield client

    async def create(self, *names: str) -> None:
        for name in names:
            async with self.client(name) as client:
                await client.create_queue()

    async def send(self, name: str, text: str, *, encode: bool = True) -> None:
        body = base64.b64encode(text.encode()).decode() if encode else text
        async with self.client(name) as client:
            await client.send_message(body)

    async def take_all(self, name: str) -> list[str]:
        """Raw texts of all visible messages, which are deleted."""
        async with self.client(name) as client:
            taken = []
            async for message in client.receive_messages(messages_per_page=32):
                taken.append(message.content)
                await client.delete_message(message)
            return taken

    async def count(self, name: str) -> int:
        async with self.client(name) as client:
            properties = await client.get_queue_properties()
            return properties.approximate_message_count or 0


@asynccontextmanager
async def serving(storage: Azurite, folder, *arguments: str, **queues):
    running = Queues(storage, f"q{uuid.uuid4().hex[:12]}")
    await running.create("work", "chain")
    env = {"AzureWebJobsStorage": storage.connection_string, "PREFIX": running.prefix}
    async with running_host(
        write_app(folder, APP, host_json(**queues)), *arguments, env=env
    ) as host:
        yield host, running


@pytest_asyncio.fixture(scope="module")
async def served(storage, tmp_path_factory):
    async with serving(storage, tmp_path_factory.mktemp("app")) as both:
        yield both


@pytest_asyncio.fixture
async def fresh(storage, tmp_path):
    """A host of its own, because the journal is counted; it waits 10 minutes between polls."""
    options = {"maxDequeueCount": 2, "visibilityTimeout": "00:00:00"}
    async with serving(storage, tmp_path, **options) as both:
        yield both


async def _exists(queues: Queues, name: str) -> bool:
    async with queues.client(name) as client:
        try:
            await client.get_queue_properties()
        except ResourceNotFoundError:
            return False
        return True


def decoded(texts: list[str]) -> list[str]:
    return [base64.b64decode(text).decode() for text in texts]


@pytest.mark.parametrize(
    ("kind", "sent", "written"),
    [
        ("bytes", '["a", "b"]', ['["a", "b"]']),
        ("text", "plain text", ["plain text"]),
        ("text", '["a", {"b": 1}, 2]', ["a", '{\n  "b": 1\n}', "2"]),
        ("text", '{"a":{"b":[1]}}', ['{\n  "a": {\n    "b": [\n      1\n    ]\n  }\n}']),
        ("list", '["x", "{\\"y\\": 1}"]', ["x", '{"y": 1}']),
        ("nothing", "", []),
    ],
)
async def test_outputs(served, kind, sent, written):
    host, queues = served
    response = await host.client.post(f"/send/{kind}", content=sent)
    assert (response.status_code, response.text) == (202, "sent")
    if written:
        assert decoded(await queues.take_all("out")) == written


async def test_several_outputs(served):
    host, queues = served
    assert (await host.client.post("/send/both")).status_code == 202
    assert decoded(await queues.take_all("out")) == ["one"]
    assert decoded(await queues.take_all("more")) == ["two"]


async def test_invalid_json_output_fails_the_request(served):
    host, _ = served
    response = await host.client.post("/send/text", content="{not json}")
    assert (response.status_code, response.content) == (500, b"")


async def test_message_that_is_too_large_fails_the_request(served):
    host, _ = served
    fits = await host.client.post("/send/bytes", content=b"x" * 48_000)
    large = await host.client.post("/send/bytes", content=b"x" * 50_000)
    assert (fits.status_code, large.status_code) == (202, 500)


async def test_nothing_is_written_when_the_function_fails(served):
    host, queues = served
    await host.client.post("/send/bytes", content=b"marker")
    assert "lost" not in decoded(await queues.take_all("out"))
    assert (await host.client.post("/send/fail")).status_code == 500
    assert await queues.take_all("out") == []


async def test_return_value_of_a_queue_function(served):
    host, queues = served
    await host.client.post("/send/bytes", content=b"so that the queue exists")
    await queues.take_all("out")
    await queues.send("chain", "x")
    await host.output_with("Executed chain trigger=queueTrigger status=Succeeded")
    assert decoded(await queues.take_all("out")) == ["returned x"]


async def test_message_and_its_metadata(fresh):
    host, queues = fresh
    await queues.send("work", "hello")
    [entry] = await host.journal(1)
    assert (entry["body"], entry["count"], entry["receipt"]) == ("hello", 1, True)
    assert uuid.UUID(entry["id"])
    assert all(time.startswith("20") for time in entry["times"])
    await host.output_with("Executed work trigger=queueTrigger status=Succeeded")


async def test_json_body_shadows_metadata(fresh):
    host, queues = fresh
    await queues.send("work", json.dumps({"id": 42, "dequeuecount": "7", "list": [1]}))
    [entry] = await host.journal(1)
    assert (entry["id"], entry["count"]) == ("42", 7)


async def test_json_body_that_breaks_decoding_ends_as_poison(fresh):
    host, queues = fresh
    text = json.dumps({"DequeueCount": "x"})
    await queues.send("work", text)
    await host.output_with(f"goes to '{queues.prefix}-work-poison'")
    await host.stop()
    assert decoded(await queues.take_all("work-poison")) == [text]
    assert (await queues.count("work")) == 0


async def test_failures_are_retried_then_poison(fresh):
    host, queues = fresh
    await queues.send("work", "fail")
    entries = await host.journal(2)
    assert [entry["count"] for entry in entries] == [1, 2]
    await host.output_with("goes to")
    await host.stop()
    assert decoded(await queues.take_all("work-poison")) == ["fail"]
    assert await queues.count("work") == 0


async def test_text_that_is_no_base64_goes_straight_to_poison(fresh):
    host, queues = fresh
    await queues.send("work", "not base64!", encode=False)
    await host.output_with("goes to")
    await host.stop()
    assert await queues.take_all("work-poison") == ["not base64!"]
    assert "Executed work" not in host.text


async def test_plain_text_with_encoding_none(storage, tmp_path):
    async with serving(storage, tmp_path, messageEncoding="none") as (host, queues):
        await queues.send("work", "not base64!", encode=False)
        [entry] = await host.journal(1)
        assert entry["body"] == "not base64!"
        await host.client.post("/send/bytes", content="é<&>")
        assert await queues.take_all("out") == ["é<&>"]


async def test_own_output_wakes_the_listener(storage, tmp_path):
    async with serving(storage, tmp_path) as (host, queues):
        # Long enough for the back-off to have reached its two seconds, had nothing woken it.
        await queues.send("work", "first")
        await host.journal(1)
        for count in range(2, 12):
            await host.client.post("/enqueue", content=b"next")
            response = await host.client.get(f"/journal/{count}", timeout=1)
            assert response.status_code == 200


async def test_batch_size_and_threshold_bound_what_runs_at_once(storage, tmp_path):
    async with serving(storage, tmp_path, batchSize=2, newBatchThreshold=1) as (host, queues):
        for number in range(5):
            await queues.send("work", f"wait {number}")
        assert len(await host.journal(2)) == 2
        # Nothing else is taken while two run: three are still visible to others.
        async with queues.client("work") as client:
            assert len(await client.peek_messages(32)) == 3
        await host.client.get("/open")
        assert len(await host.journal(10)) == 10


async def test_missing_queue_is_not_created(storage, tmp_path):
    env = {"AzureWebJobsStorage": storage.connection_string, "PREFIX": f"q{uuid.uuid4().hex[:12]}"}
    queues = Queues(storage, env["PREFIX"])
    async with running_host(write_app(tmp_path, APP, host_json()), env=env) as host:
        assert (await host.client.get("/journal/0")).status_code == 200
        assert not await _exists(queues, "work")
        await queues.create("work")
        await queues.send("work", "late")
        assert (await host.journal(1))[0]["body"] == "late"


async def test_long_message_is_renewed(storage, tmp_path):
    async with serving(storage, tmp_path, "--queue-lease", "2") as (host, queues):
        await queues.send("work", "wait")
        await host.journal(1)
        await queues.send("work", "after three polls")
        # A lease of 2 s ends well before this wait; without renewal "wait" would come again.
        async with queues.client("work") as client:
            seen = []
            for _ in range(25):
                seen += [m.content for m in await client.peek_messages(32)]
                await host.client.get("/journal/2")
        await host.client.get("/open")
        entries = await host.journal(3)
        assert [e["body"] for e in entries if isinstance(e, dict)] == ["wait", "after three polls"]


async def test_message_of_a_killed_host_comes_back(storage, tmp_path):
    async with serving(storage, tmp_path, "--queue-lease", "1") as (host, queues):
        await queues.send("work", "wait")
        await host.journal(1)
        host.process.kill()
        await host.process.wait()
        env = {"AzureWebJobsStorage": storage.connection_string, "PREFIX": queues.prefix}
        async with running_host(tmp_path, "--queue-lease", "1", env=env) as second:
            [entry] = await second.journal(1)
            assert (entry["body"], entry["count"]) == ("wait", 2)
            await second.client.get("/open")
            await second.output_with("status=Succeeded")


async def test_stop_gives_a_cancelled_message_back(storage, tmp_path):
    async with serving(storage, tmp_path) as (host, queues):
        await queues.send("work", "wait")
        await host.journal(1)
        assert await host.stop() == 0
        async with queues.client("work") as client:
            assert len(await client.peek_messages()) == 1


async def test_function_is_run_by_hand(fresh):
    host, _ = fresh
    response = await host.client.post("/admin/functions/work", json={"input": "by hand"})
    assert response.status_code == 202
    assert (await host.journal(1))[0]["body"] == "by hand"


async def test_unreachable_storage_does_not_stop_http(tmp_path):
    app = write_app(tmp_path, APP, host_json())
    connection = "AccountName=a;AccountKey=a2V5;QueueEndpoint=http://127.0.0.1:1/a"
    async with running_host(app, env={"AzureWebJobsStorage": connection, "PREFIX": "qx"}) as host:
        assert isinstance(host, RunningHost)
        assert (await host.client.get("/journal/0")).status_code == 200
        assert (await host.client.post("/send/nothing")).status_code == 202

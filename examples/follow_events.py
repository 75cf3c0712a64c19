"""`python -m examples.follow_events URL`: prints every event of a conversation, once and in order.

    TOKEN=… python -m examples.follow_events http://127.0.0.1:7071/conversations/CONVERSATION_ID

It does what every client must do that wants to miss nothing: connect, replay what it hasn't
seen, and replay again where a sequence number is missing, where an event came without its data,
and when it has been quiet for a while (the newest event may be the one that got lost). When the
connection ends it asks for a new address and goes on from where it was.
"""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any

import aiohttp

SUBPROTOCOL = "json.webpubsub.azure.v1"
QUIET_SECONDS = 30
RECONNECT_SECONDS = 2
SERVER_ERROR = 500

Event = dict[str, Any]


class Follower:
    """Follows one conversation; `seen` is the sequence number of the newest event given out."""

    def __init__(
        self, http: aiohttp.ClientSession, conversation_url: str, token: str, after: int = 0
    ) -> None:
        self.seen = after
        self._http = http
        self._url = f"{conversation_url.rstrip('/')}/events"
        self._headers = {"Authorization": f"Bearer {token}"}

    async def events(self) -> AsyncGenerator[Event]:
        """All events after the ones seen, without an end; connects again as often as need be.

        Raises aiohttp.ClientResponseError if the service refuses: who lost access gets 404.
        """
        while True:
            try:
                async for event in self._events_of_one_connection():
                    yield event
            except aiohttp.ClientError as error:
                if isinstance(error, aiohttp.ClientResponseError) and error.status < SERVER_ERROR:
                    raise
                _warn(f"{error}; trying again")
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _events_of_one_connection(self) -> AsyncIterator[Event]:
        async with self._http.post(f"{self._url}/negotiate", headers=self._headers) as answer:
            address = await answer.json()
        async with self._http.ws_connect(address["url"], protocols=[SUBPROTOCOL]) as socket:
            async for frame in _frames(socket):
                if _is_next(frame, self.seen):
                    self.seen += 1
                    yield frame["data"]
                elif _calls_for_replay(frame, self.seen):
                    async for event in self._replay():
                        yield event

    async def _replay(self) -> AsyncIterator[Event]:
        """What was committed after the events seen, page by page."""
        while True:
            page = await self._page()
            if not page["complete"]:
                _warn(f"events after {self.seen} have expired: read the conversation anew")
            for event in page["events"]:
                self.seen = event["sequence"]
                yield event
            if not page["events"]:
                self.seen = page["last_sequence"]
            if self.seen >= page["last_sequence"]:
                return

    async def _page(self) -> dict[str, Any]:
        query = {"after": self.seen}
        async with self._http.get(self._url, params=query, headers=self._headers) as answer:
            return await answer.json()


async def _frames(socket: aiohttp.ClientWebSocketResponse) -> AsyncIterator[dict[str, Any]]:
    """The service's frames until the connection ends, and one of type `quiet` in every silence."""
    while not socket.closed:
        try:
            message = await socket.receive(timeout=QUIET_SECONDS)
        except TimeoutError:
            yield {"type": "quiet"}
            continue
        if message.type is aiohttp.WSMsgType.TEXT:
            yield json.loads(message.data)


def _is_next(frame: dict[str, Any], seen: int) -> bool:
    """Whether it is the very next event, and whole."""
    if frame["type"] != "message":
        return False
    return frame["data"]["sequence"] == seen + 1 and frame["data"]["data"] is not None


def _calls_for_replay(frame: dict[str, Any], seen: int) -> bool:
    """Whether something may be missing: just connected, quiet, a gap, or an event without data."""
    if frame["type"] == "message":
        return frame["data"]["sequence"] > seen
    return frame["type"] == "quiet" or frame.get("event") == "connected"


async def _follow(arguments: argparse.Namespace) -> None:
    messages = 0
    async with aiohttp.ClientSession(raise_for_status=True) as http:
        follower = Follower(http, arguments.url, os.environ["TOKEN"], arguments.after)
        async with aclosing(follower.events()) as events:
            async for event in events:
                _print(event)
                messages += event["event"] == "message.created"
                if messages == arguments.messages:
                    return


def _print(event: Event) -> None:
    sys.stdout.write(f"{event['sequence']:>4}  {event['event']:<22} {_summary(event)}\n")
    sys.stdout.flush()


def _summary(event: Event) -> str:
    data = event["data"]
    if "message" in data:
        message = data["message"]
        return f"{message['sender']['participant_role']}: {message['content']}"
    if "participant" in data:
        participant = data["participant"]
        return f"{participant['name']}: {participant['status'] or 'no status'}"
    return str(data.get("state_id", ""))


def _warn(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def main() -> int:
    """Follow until Ctrl-C, or until the messages that were asked for are there."""
    parser = argparse.ArgumentParser(prog="python -m examples.follow_events")
    parser.add_argument("url", help="the conversation's; the token is in the variable TOKEN")
    parser.add_argument("--after", type=int, default=0, help="the last event seen before [0]")
    parser.add_argument("--messages", type=int, help="end after that many messages")
    arguments = parser.parse_args()
    if "TOKEN" not in os.environ:
        parser.error("the variable TOKEN is missing")
    try:
        asyncio.run(_follow(arguments))
    except aiohttp.ClientError as error:
        _warn(str(error))
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())

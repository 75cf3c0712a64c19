"""The example client misses no event, whatever becomes of the real-time channel (G4)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any
from uuid import uuid4

import aiohttp
import httpx
import pytest

from examples import follow_events
from local.stack.stack import Stack

WAIT_SECONDS = 20
TOO_LARGE_TO_PUBLISH = 1_100_000


class Following:
    """A conversation of one person, followed by the example client."""

    def __init__(self, stack: Stack, api: httpx.AsyncClient, path: str) -> None:
        self.api = api
        self.path = path
        self.web_pubsub = httpx.AsyncClient(base_url=f"{stack.addresses.web_pubsub}/_admin")
        self.seen: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.error: asyncio.Future[aiohttp.ClientResponseError] = asyncio.Future()

    async def follow(self, token: str) -> None:
        """Collect events until cancelled or refused."""
        async with aiohttp.ClientSession(raise_for_status=True) as http:
            follower = follow_events.Follower(http, f"{self.api.base_url}{self.path}", token)
            try:
                async with aclosing(follower.events()) as events:
                    async for event in events:
                        self.seen.put_nowait(event)
            except aiohttp.ClientResponseError as error:
                self.error.set_result(error)

    async def post(self, content: str) -> None:
        """Post a message."""
        answer = await self.api.post(f"{self.path}/messages", json={"content": content})
        assert answer.status_code == 200, answer.text

    async def lose_next_event(self) -> None:
        """Make Web PubSub refuse the next event, for the conversation and for the person."""
        fault = {"operation": "send", "status": 503, "times": 2}
        (await self.web_pubsub.post("/faults", json=fault)).raise_for_status()

    async def drop_connection(self) -> None:
        """Break this person's connection as a network would."""
        hub = (await self.web_pubsub.get("/hubs/workbench")).json()
        group = self.path.replace("conversations/", "conversation.").lstrip("/")
        [found] = [one for one in hub["connections"] if group in one["groups"]]
        path = f"/connections/{found['connectionId']}/drop"
        (await self.web_pubsub.post(path)).raise_for_status()

    async def next(self) -> tuple[int, str]:
        """The next event's number and message."""
        async with asyncio.timeout(WAIT_SECONDS):
            event = await self.seen.get()
        return event["sequence"], event["data"]["message"]["content"]


@asynccontextmanager
async def following_of(stack: Stack) -> AsyncIterator[Following]:
    name = f"Person {uuid4()}"
    async with stack.api(name) as api:
        conversation = (await api.post("/conversations", json={})).json()
        following = Following(stack, api, f"/conversations/{conversation['id']}")
        task = asyncio.create_task(following.follow(stack.token(name)))
        try:
            await following.post("first")
            assert await following.next() == (1, "first")
            yield following
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await following.web_pubsub.aclose()


@pytest.fixture
async def following(stack: Stack) -> AsyncIterator[Following]:
    """Somebody follows a conversation and has seen its first message."""
    async with following_of(stack) as running:
        yield running


@pytest.fixture
async def impatient(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Following]:
    """The same, asking for what it missed after a short silence."""
    monkeypatch.setattr(follow_events, "QUIET_SECONDS", 0.2)
    async with following_of(stack) as running:
        yield running


async def test_an_event_that_got_lost_is_replayed_with_the_next_one(following: Following) -> None:
    await following.lose_next_event()
    await following.post("lost")
    await following.post("next")

    assert [await following.next(), await following.next()] == [(2, "lost"), (3, "next")]


async def test_the_newest_event_is_found_though_nothing_follows_it(impatient: Following) -> None:
    await impatient.lose_next_event()
    await impatient.post("lost")

    assert await impatient.next() == (2, "lost")


async def test_a_broken_connection_is_replaced_without_a_gap(
    following: Following, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow_events, "RECONNECT_SECONDS", 0.1)
    await following.drop_connection()
    await following.post("meanwhile")

    assert await following.next() == (2, "meanwhile")


async def test_an_event_too_large_for_the_channel_is_replayed(following: Following) -> None:
    content = "x" * TOO_LARGE_TO_PUBLISH
    await following.post(content)

    assert await following.next() == (2, content)


async def test_who_loses_access_is_told(impatient: Following) -> None:
    answer = await impatient.api.patch(
        f"{impatient.path}/participants/me", json={"active_participant": False}
    )
    assert answer.status_code == 200, answer.text

    async with asyncio.timeout(WAIT_SECONDS):
        error = await impatient.error
    assert error.status == 404

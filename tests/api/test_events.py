"""Events of conversations, replayed over HTTP."""

import asyncio
import uuid
from typing import Any

import httpx
import pytest

from local.stack.stack import Stack
from tests.api.builders import (
    answer_of,
    contents_of,
    events_of,
    post_message,
    post_messages,
    sequences,
)
from tests.support import backends

POSTS = 16


async def page_of(client: httpx.AsyncClient, path: str, **query: Any) -> dict[str, Any]:
    """A page of replayed events."""
    return answer_of(await client.get(f"{path}/events", params=query))


class TestReplay:
    """GET /conversations/{id}/events."""

    async def test_a_new_conversation_has_no_events(
        self, ada: httpx.AsyncClient, path: str
    ) -> None:
        assert await page_of(ada, path) == {"events": [], "last_sequence": 0, "complete": True}

    async def test_an_event_says_all_about_itself(
        self, ada: httpx.AsyncClient, path: str, cid: str
    ) -> None:
        response = await ada.post(f"{path}/messages", json={"content": "x"})
        (event,) = (await page_of(ada, path))["events"]

        assert uuid.UUID(event.pop("id"))
        assert event == {
            "correlation_id": response.headers["x-request-id"],
            "conversation_id": cid,
            "event": "message.created",
            "timestamp": response.json()["timestamp"],
            "sequence": 1,
            "data": {"message": response.json()},
        }

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ({}, [1, 2, 3, 4]),
            ({"after": 0, "limit": 2}, [1, 2]),
            ({"after": 2, "limit": 1}, [3]),
            ({"after": 3}, [4]),
            ({"after": 4}, []),
        ],
    )
    async def test_pages_go_forward_from_a_sequence_number(
        self,
        ada: httpx.AsyncClient,
        path: str,
        cid: str,
        query: dict[str, int],
        expected: list[int],
    ) -> None:
        await post_messages(ada, cid, ["1", "2", "3", "4"])
        page = await page_of(ada, path, **query)

        assert sequences(page["events"]) == expected
        assert (page["last_sequence"], page["complete"]) == (4, True)

    @pytest.mark.parametrize(
        "query", [{"after": -1}, {"after": "x"}, {"limit": 0}, {"limit": 501}], ids=str
    )
    async def test_wrong_numbers_are_refused(
        self, ada: httpx.AsyncClient, path: str, query: dict[str, Any]
    ) -> None:
        response = await ada.get(f"{path}/events", params=query)

        assert response.status_code == 422
        assert response.json()["detail"][0]["loc"] == ["query", next(iter(query))]

    async def test_who_comes_after_an_event_expired_is_told(
        self, ada: httpx.AsyncClient, path: str, cid: str, stack: Stack
    ) -> None:
        for title in ("first", "second"):
            await ada.patch(path, json={"title": title})
        await expire(stack, cid, sequence=1)

        assert [
            (sequences(page["events"]), page["complete"])
            for page in (await page_of(ada, path), await page_of(ada, path, after=1))
        ] == [([2], False), ([2], True)]

    async def test_a_reader_never_finds_anything_new_below_what_they_saw(
        self, ada: httpx.AsyncClient, path: str, cid: str
    ) -> None:
        posts = asyncio.gather(*(post_message(ada, cid, str(n)) for n in range(POSTS)))
        seen = 0
        while seen < POSTS:
            page = await page_of(ada, path, after=seen)
            new = sequences(page["events"])
            assert new == list(range(seen + 1, seen + 1 + len(new)))
            seen += len(new)
            assert page["last_sequence"] >= seen
        await posts

    async def test_a_message_and_its_event_are_seen_together(
        self, ada: httpx.AsyncClient, path: str, cid: str
    ) -> None:
        posts = asyncio.gather(*(post_message(ada, cid, str(n)) for n in range(POSTS)))
        listed: set[str] = set()
        while len(listed) < POSTS:
            before = await announced_contents(ada, cid)
            listed = set(await contents_of(ada, cid))
            assert before <= listed <= await announced_contents(ada, cid)
        await posts


async def announced_contents(client: httpx.AsyncClient, cid: str) -> set[str]:
    """The contents of the messages that events tell of."""
    return {event["data"]["message"]["content"] for event in await events_of(client, cid)}


async def expire(stack: Stack, cid: str, sequence: int) -> None:
    """Remove an event, as the database does when its time has come."""
    async with backends.container(stack) as container:
        await container.delete_item(f"event-{sequence:010}", cid)

"""Messages that go, and messages as large as they may be."""

import asyncio
import uuid
from typing import Any

import httpx
import pytest

from local.stack.stack import Stack
from tests.api.builders import (
    admit,
    answer_of,
    contents_of,
    events_of,
    get_conversation,
    post_message,
    post_messages,
)
from tests.api.conftest import Person

MESSAGE_TYPES = ["chat", "command", "command-response", "log", "note", "notice"]


class TestDeleting:
    """What is left when a message goes."""

    async def test_a_deleted_message_is_gone_with_its_debug_data(
        self, ada: httpx.AsyncClient, cid: str
    ) -> None:
        gone = await post_message(ada, cid, "gone", debug_data={"d": 1})
        await post_message(ada, cid, "stays")
        url = f"/conversations/{cid}/messages/{gone['id']}"

        deleted = await ada.delete(url)

        assert (deleted.status_code, deleted.content) == (204, b"")
        assert await contents_of(ada, cid) == ["stays"]
        for path in (url, f"{url}/debug_data"):
            assert (await ada.get(path)).status_code == 404
        assert (await ada.delete(url)).status_code == 404

    async def test_its_event_says_what_was_deleted(self, ada: httpx.AsyncClient, cid: str) -> None:
        gone = await post_message(ada, cid, "gone", debug_data={"d": 1})
        deleted = await ada.delete(f"/conversations/{cid}/messages/{gone['id']}")

        created, removed = await events_of(ada, cid)
        assert (created["event"], created["data"]["message"]) == ("message.created", gone)
        assert removed["event"] == "message.deleted"
        assert removed["data"]["message"] == gone | {"has_debug_data": False}
        assert removed["correlation_id"] == deleted.headers["x-request-id"]

    async def test_the_latest_message_is_the_one_before(
        self, ada: httpx.AsyncClient, cid: str
    ) -> None:
        first, _, last = await post_messages(ada, cid, ["first", "middle", "last"])
        middle = await post_message(ada, cid, "a log", message_type="log")

        for message_id, latest in ((last, "middle"), (first, "middle")):
            assert (await ada.delete(f"/conversations/{cid}/messages/{message_id}")).is_success
            assert (await get_conversation(ada, cid))["latest_message"]["content"] == latest
        of_log = await get_conversation(ada, cid, latest_message_type="log")
        assert of_log["latest_message"]["id"] == middle["id"]

    async def test_without_messages_there_is_no_latest_one(
        self, ada: httpx.AsyncClient, cid: str
    ) -> None:
        only = await post_message(ada, cid)
        await ada.delete(f"/conversations/{cid}/messages/{only['id']}")

        assert (await get_conversation(ada, cid))["latest_message"] is None

    async def test_deleting_many_at_once_leaves_the_right_latest_message(
        self, ada: httpx.AsyncClient, cid: str
    ) -> None:
        first, *others = await post_messages(ada, cid, [str(number) for number in range(9)])
        urls = [f"/conversations/{cid}/messages/{message_id}" for message_id in others]
        statuses = [each.status_code for each in await asyncio.gather(*map(ada.delete, urls))]

        assert statuses == [204] * len(others)
        latest = (await get_conversation(ada, cid))["latest_message"]
        assert latest is not None
        assert latest["id"] == first

    async def test_deleting_one_message_often_at_once_succeeds_once(
        self, ada: httpx.AsyncClient, cid: str
    ) -> None:
        only = await post_message(ada, cid)
        url = f"/conversations/{cid}/messages/{only['id']}"
        statuses = [each.status_code for each in await asyncio.gather(*map(ada.delete, [url] * 6))]

        assert sorted(statuses) == [204, *[404] * 5]
        assert [event["sequence"] for event in await events_of(ada, cid)] == [1, 2]

    @pytest.mark.parametrize(
        "content", ["x" * 1_900_000, "😀" * 150_000, "😀" * 49_000], ids=["ascii", "emoji", "kept"]
    )
    async def test_a_message_with_large_content_can_be_deleted(
        self, ada: httpx.AsyncClient, cid: str, content: str
    ) -> None:
        large = await post_message(ada, cid, content)

        deleted = await ada.delete(f"/conversations/{cid}/messages/{large['id']}")

        assert deleted.status_code == 204, deleted.text
        kinds = [event["event"] for event in await events_of(ada, cid)]
        assert kinds == ["message.created", "message.deleted"]

    async def test_other_writers_may_delete_it_too(
        self, ada: httpx.AsyncClient, cid: str, person: Person, stack: Stack
    ) -> None:
        bert = person()
        await admit(stack, cid, bert)
        message = await post_message(ada, cid)

        deleted = await bert.delete(f"/conversations/{cid}/messages/{message['id']}")

        assert deleted.status_code == 204


class TestLargeMessages:
    """Up to 2 MB with everything that belongs to a message."""

    async def test_a_large_message_is_the_latest_one_too(
        self, ada: httpx.AsyncClient, cid: str
    ) -> None:
        large = await post_message(ada, cid, "x" * 1_500_000)

        assert (await get_conversation(ada, cid))["latest_message"] == large
        listed = answer_of(await ada.get("/conversations"))["conversations"]
        assert [found["latest_message"] for found in listed] == [large]

    async def test_many_large_messages_are_listed(self, ada: httpx.AsyncClient, cid: str) -> None:
        contents = [str(number) * 700_000 for number in range(7)]
        await post_messages(ada, cid, contents)

        assert await contents_of(ada, cid) == contents

    @pytest.mark.parametrize(
        "fields",
        [
            {"content": "x" * 3_000_000},
            {"content": "é" * 1_100_000},
            {"content": "x", "debug_data": {"d": "x" * 2_100_000}},
            {"content": "x" * 1_100_000, "debug_data": {"d": "x" * 1_100_000}},
            {"content": "x", "metadata": {"m": "x" * 2_100_000}},
        ],
        ids=["content", "content in bytes", "debug data", "both", "metadata"],
    )
    async def test_more_than_2_mb_is_refused_and_nothing_is_stored(
        self, ada: httpx.AsyncClient, cid: str, fields: dict[str, Any]
    ) -> None:
        message_id = str(uuid.uuid4())
        url = f"/conversations/{cid}/messages"
        refused = await ada.post(url, json={"id": message_id, **fields})

        assert refused.status_code == 413, refused.text[:300]
        assert isinstance(refused.json()["detail"], str)
        assert await contents_of(ada, cid) == []
        assert await events_of(ada, cid) == []
        assert (await ada.get(f"{url}/{message_id}/debug_data")).status_code == 404
        assert (await post_message(ada, cid, id=message_id))["id"] == message_id

    async def test_many_long_file_names_do_not_fill_the_conversation(
        self, ada: httpx.AsyncClient, cid: str
    ) -> None:
        names = [f"{number:03}".ljust(1000, "x") for number in range(600)]
        for message_type in MESSAGE_TYPES:
            posted = await post_message(ada, cid, message_type=message_type, filenames=names)
            latest = await get_conversation(ada, cid, latest_message_type=message_type)
            assert latest["latest_message"] == posted

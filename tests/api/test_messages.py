"""Messages: post, list, read, delete."""

import asyncio
import uuid
from typing import Any

import httpx
import pytest

from tests.api.builders import (
    answer_of,
    contents_of,
    events_of,
    get_conversation,
    post_message,
    post_messages,
    user_id_of,
)
from tests.api.conftest import add_assistant, new_assistant, new_conversation
from tests.support.assistant_service import RecordingService

MESSAGE_TYPES = ["chat", "command", "command-response", "log", "note", "notice"]


async def test_a_message_with_only_content_gets_the_defaults(
    ada: httpx.AsyncClient, cid: str
) -> None:
    message = await post_message(ada, cid, "hello")

    uuid.UUID(message.pop("id"))
    assert message.pop("timestamp").endswith("Z")
    assert message == {
        "sender": {"participant_role": "user", "participant_id": await user_id_of(ada)},
        "message_type": "chat",
        "content_type": "text/plain",
        "content": "hello",
        "filenames": [],
        "metadata": {},
        "has_debug_data": False,
    }


async def test_a_message_keeps_every_field_but_a_forged_sender(
    ada: httpx.AsyncClient, cid: str
) -> None:
    fields = {
        "id": str(uuid.uuid4()),
        "content": "x\u0000é😀",
        "message_type": "note",
        "content_type": "text/markdown",
        "filenames": ["a.txt", "dir/b.txt"],
        "metadata": {"k": [1, {"deep": None}]},
    }
    forged = {"participant_role": "assistant", "participant_id": "somebody"}
    posted = await post_message(ada, cid, **fields, sender=forged)

    assert {name: posted[name] for name in fields} == fields
    assert posted["sender"] == {"participant_role": "user", "participant_id": await user_id_of(ada)}
    read = await ada.get(f"/conversations/{cid}/messages/{posted['id']}")
    assert answer_of(read) == posted


@pytest.mark.parametrize(
    ("metadata", "debug_data", "kept", "debug"),
    [
        ({"debug": [1], "k": 1}, {"d": 1}, {"k": 1}, {"debug": [1], "d": 1}),
        ({"debug": {"a": {"b": 1}}}, {"a": {"c": 2}}, {}, {"a": {"b": 1, "c": 2}}),
        ({"debug": {"l": [1]}}, {"l": [2]}, {}, {"l": [1, 2]}),
        ({"debug": "text"}, None, {}, {"debug": "text"}),
        (None, {"d": 1}, {}, {"d": 1}),
    ],
)
async def test_debug_data_comes_from_metadata_and_from_its_own_field(
    ada: httpx.AsyncClient, cid: str, metadata: Any, debug_data: Any, kept: Any, debug: Any
) -> None:
    posted = await post_message(ada, cid, metadata=metadata, debug_data=debug_data)

    assert (posted["metadata"], posted["has_debug_data"]) == (kept, True)
    read = await ada.get(f"/conversations/{cid}/messages/{posted['id']}/debug_data")
    assert answer_of(read) == {"message_id": posted["id"], "debug_data": debug}


@pytest.mark.parametrize("fields", [{}, {"metadata": {"debug": None}}, {"debug_data": {}}])
async def test_a_message_without_debug_data_has_none_to_read(
    ada: httpx.AsyncClient, cid: str, fields: dict[str, Any]
) -> None:
    posted = await post_message(ada, cid, **fields)

    assert (posted["has_debug_data"], posted["metadata"]) == (False, {})
    url = f"/conversations/{cid}/messages/{posted['id']}/debug_data"
    assert (await ada.get(url)).status_code == 404


async def test_the_same_id_again_is_a_conflict_and_changes_nothing(
    ada: httpx.AsyncClient, cid: str
) -> None:
    posted = await post_message(ada, cid, "first")
    url = f"/conversations/{cid}/messages"
    again = await ada.post(
        url, json={"id": posted["id"], "content": "second", "debug_data": {"a": 1}}
    )

    assert again.status_code == 409
    assert again.json() == {"detail": f"message with id {posted['id']} already exists"}
    assert await contents_of(ada, cid) == ["first"]
    assert len(await events_of(ada, cid)) == 1
    assert (await ada.get(f"{url}/{posted['id']}/debug_data")).status_code == 404


async def test_of_many_posts_with_one_id_exactly_one_is_stored(
    ada: httpx.AsyncClient, cid: str
) -> None:
    body = {"id": str(uuid.uuid4()), "content": "once"}
    posts = [ada.post(f"/conversations/{cid}/messages", json=body) for _ in range(8)]
    statuses = sorted(response.status_code for response in await asyncio.gather(*posts))

    assert statuses == [200, *[409] * 7]
    assert await contents_of(ada, cid) == ["once"]


async def test_the_same_id_may_be_used_in_another_conversation(
    ada: httpx.AsyncClient, cid: str
) -> None:
    message_id = (await post_message(ada, cid, "here"))["id"]
    other = (await new_conversation(ada))["id"]

    await post_message(ada, other, "there", id=message_id)

    assert await contents_of(ada, cid) == ["here"]
    assert await contents_of(ada, other) == ["there"]


class TestListing:
    """Seven messages of different types; which of them a listing gives."""

    @pytest.fixture
    async def ids(self, ada: httpx.AsyncClient, cid: str) -> list[str]:
        """Chat messages 0, 1, 2, 3 and one that only a list without `message_type` gives."""
        first = await post_messages(ada, cid, ["0", "1", "2", "3"])
        return [*first, (await post_message(ada, cid, "log", message_type="log"))["id"]]

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ({}, ["0", "1", "2", "3", "log"]),
            ({"limit": 2}, ["3", "log"]),
            ({"limit": 0}, []),
            ({"limit": 500}, ["0", "1", "2", "3", "log"]),
            ({"message_type": "chat"}, ["0", "1", "2", "3"]),
            ({"message_type": ["log", "note"]}, ["log"]),
            ({"message_type": ["log", "chat"], "limit": 2}, ["3", "log"]),
            ({"participant_role": "assistant"}, []),
            ({"participant_role": ["user", "assistant"], "limit": 1}, ["log"]),
            ({"participant_id": "nobody"}, []),
        ],
    )
    async def test_filters_and_limit(
        self,
        ada: httpx.AsyncClient,
        cid: str,
        ids: list[str],
        query: dict[str, Any],
        expected: list[str],
    ) -> None:
        assert await contents_of(ada, cid, **query) == expected

    @pytest.mark.parametrize(
        ("bounds", "query", "expected"),
        [
            ({"before": 3}, {}, ["0", "1", "2"]),
            ({"before": 3}, {"limit": 2}, ["1", "2"]),
            ({"after": 0}, {}, ["1", "2", "3", "log"]),
            ({"after": 0}, {"limit": 2}, ["3", "log"]),
            ({"after": 0, "before": 3}, {}, ["1", "2"]),
            ({"after": 2, "before": 2}, {}, []),
            ({"after": 0}, {"message_type": "log"}, ["log"]),
            ({"before": 4}, {"message_type": "chat", "limit": 1}, ["3"]),
        ],
    )
    async def test_boundaries_are_exclusive_and_after_gives_the_newest(
        self,
        ada: httpx.AsyncClient,
        cid: str,
        ids: list[str],
        bounds: dict[str, int],
        query: dict[str, Any],
        expected: list[str],
    ) -> None:
        places = {name: ids[index] for name, index in bounds.items()}
        assert await contents_of(ada, cid, **places, **query) == expected

    @pytest.mark.parametrize("bound", ["before", "after"])
    async def test_an_unknown_boundary_is_ignored(
        self, ada: httpx.AsyncClient, cid: str, ids: list[str], bound: str
    ) -> None:
        unknown = {bound: str(uuid.uuid4())}
        assert await contents_of(ada, cid, **unknown, limit=2) == ["3", "log"]

    async def test_messages_of_a_sender_are_found_by_id_and_role(
        self, ada: httpx.AsyncClient, cid: str, ids: list[str], service: RecordingService
    ) -> None:
        assistant_id = (await new_assistant(ada, service))["id"]
        await add_assistant(ada, cid, assistant_id)
        async with service.workbench(assistant_id) as me:
            await post_message(me, cid, "from me")

        assert await contents_of(ada, cid, participant_id=assistant_id) == ["from me"]
        assert await contents_of(ada, cid, participant_role="assistant") == ["from me"]
        both = [assistant_id, await user_id_of(ada)]
        assert await contents_of(ada, cid, participant_id=both, limit=2) == ["log", "from me"]


async def test_a_listing_gives_a_hundred_messages_unless_asked_for_more(
    ada: httpx.AsyncClient, cid: str
) -> None:
    wanted = [str(number) for number in range(101)]
    await post_messages(ada, cid, wanted)

    assert await contents_of(ada, cid) == wanted[1:]
    assert await contents_of(ada, cid, limit=101) == wanted


@pytest.mark.parametrize(
    "query",
    [
        {"limit": -1},
        {"limit": 501},
        {"limit": "many"},
        {"limit": ""},
        {"before": "xyz"},
        {"after": ""},
        {"message_type": "zzz"},
        {"participant_role": "king"},
    ],
    ids=str,
)
async def test_a_wrong_query_is_refused(
    ada: httpx.AsyncClient, cid: str, query: dict[str, Any]
) -> None:
    response = await ada.get(f"/conversations/{cid}/messages", params=query)

    assert response.status_code == 422, response.text
    assert response.json()["detail"][0]["loc"][:2] == ["query", next(iter(query))]


async def test_what_was_posted_is_in_the_next_read(ada: httpx.AsyncClient, cid: str) -> None:
    for number in range(10):
        posted = await post_message(ada, cid, str(number))
        assert (await contents_of(ada, cid, limit=1)) == [str(number)]
        assert (await get_conversation(ada, cid))["latest_message"] == posted


async def test_sixteen_posts_at_once_are_numbered_without_a_gap(
    ada: httpx.AsyncClient, cid: str
) -> None:
    wanted = {str(number) for number in range(16)}
    await asyncio.gather(*(post_message(ada, cid, content) for content in wanted))

    events = await events_of(ada, cid)
    assert [event["sequence"] for event in events] == list(range(1, 17))
    in_order = [event["data"]["message"]["content"] for event in events]
    assert set(in_order) == wanted
    assert await contents_of(ada, cid) == in_order


async def test_an_assistant_posts_as_itself_or_as_a_person(
    ada: httpx.AsyncClient, cid: str, service: RecordingService
) -> None:
    assistant_id = (await new_assistant(ada, service))["id"]
    await add_assistant(ada, cid, assistant_id)
    itself = {"participant_role": "assistant", "participant_id": assistant_id}
    a_person = {"participant_role": "user", "participant_id": "somebody"}
    another = {"participant_role": "assistant", "participant_id": str(uuid.uuid4())}

    async with service.workbench(assistant_id) as me:
        for given, expected in ((None, itself), (a_person, a_person), (another, itself)):
            posted = await post_message(me, cid, sender=given)
            assert posted["sender"] == expected

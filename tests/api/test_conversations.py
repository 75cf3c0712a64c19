"""Conversations: create, list, read, change; and those that assistants start."""

import asyncio
import uuid
from typing import Any

import httpx
import pytest
from aiohttp import web

from local.stack.stack import Stack
from tests.api.builders import (
    admit,
    answer_of,
    events_of,
    get_conversation,
    leave,
    post_message,
    user_id_of,
)
from tests.api.conftest import Person, add_assistant, new_assistant, new_conversation
from tests.support.assistant_service import RecordingService

MARK = "__user_set_title"


async def listed_ids(client: httpx.AsyncClient, **query: Any) -> list[str]:
    """The ids of the conversations that a listing gives."""
    response = await client.get("/conversations", params=query)
    return [conversation["id"] for conversation in answer_of(response)["conversations"]]


async def test_a_new_conversation_belongs_to_its_creator(ada: httpx.AsyncClient) -> None:
    user_id = await user_id_of(ada)
    created = await new_conversation(ada)

    (participant,) = created.pop("participants")
    created.pop("created_datetime")
    conversation_id = created.pop("id")
    assert created == {
        "title": "New Conversation",
        "owner_id": user_id,
        "imported_from_conversation_id": None,
        "metadata": {},
        "conversation_permission": "read_write",
        "latest_message": None,
    }
    participant.pop("status_updated_timestamp")
    assert participant == {
        "role": "user",
        "id": user_id,
        "conversation_id": conversation_id,
        "name": answer_of(await ada.get("/users/me"))["name"],
        "image": None,
        "status": None,
        "active_participant": True,
        "online": None,
        "conversation_permission": "read_write",
        "metadata": {},
    }


@pytest.mark.parametrize(
    ("body", "title", "metadata"),
    [
        ({"title": "T", "metadata": {"a": 1}}, "T", {"a": 1, MARK: True}),
        ({"title": "New Conversation"}, "New Conversation", {}),
        ({"title": ""}, "New Conversation", {}),
        ({"metadata": {"__x": 1}, "unknown": True}, "New Conversation", {"__x": 1}),
    ],
)
async def test_a_title_of_ones_own_is_marked_as_such(
    ada: httpx.AsyncClient, body: dict[str, Any], title: str, metadata: dict[str, Any]
) -> None:
    created = await new_conversation(ada, **body)

    assert (created["title"], created["metadata"]) == (title, metadata)
    assert await get_conversation(ada, created["id"]) == created


class TestReading:
    """One conversation, and the latest message in it."""

    @pytest.mark.parametrize(
        ("types", "expected"),
        [
            (None, "chat"),
            ("note", "note"),
            (["chat", "note"], "note"),
            (["chat", "log"], "chat"),
            ("log", None),
        ],
    )
    async def test_the_latest_message_is_of_the_types_asked_for(
        self, ada: httpx.AsyncClient, types: Any, expected: str | None
    ) -> None:
        cid = (await new_conversation(ada))["id"]
        for kind in ("note", "chat", "note"):
            await post_message(ada, cid, kind, message_type=kind)
        query = {} if types is None else {"latest_message_type": types}

        latest = (await get_conversation(ada, cid, **query))["latest_message"]
        (listed,) = answer_of(await ada.get("/conversations", params=query))["conversations"]

        assert (latest and latest["content"]) == expected
        assert listed["latest_message"] == latest

    async def test_an_assistant_sees_the_conversation_too(
        self, ada: httpx.AsyncClient, service: RecordingService
    ) -> None:
        cid = (await new_conversation(ada))["id"]
        assistant_id = (await new_assistant(ada, service))["id"]
        await add_assistant(ada, cid, assistant_id)

        async with service.workbench(assistant_id) as me:
            seen = await get_conversation(me, cid)
            assert await listed_ids(me) == [cid]

        assert seen == await get_conversation(ada, cid)
        assert [found["id"] for found in seen["participants"]] == [seen["owner_id"], assistant_id]

    async def test_everybody_sees_their_own_permission(
        self, ada: httpx.AsyncClient, person: Person, stack: Stack
    ) -> None:
        cid = (await new_conversation(ada))["id"]
        reader = person()
        await admit(stack, cid, reader, "read")

        assert (await get_conversation(reader, cid))["conversation_permission"] == "read"
        assert (await get_conversation(ada, cid))["conversation_permission"] == "read_write"


class TestListing:
    """Which conversations a caller gets."""

    async def test_the_newest_come_first_and_only_ones_own(
        self, ada: httpx.AsyncClient, person: Person
    ) -> None:
        await new_conversation(person())
        made = [(await new_conversation(ada))["id"] for _ in range(3)]

        assert await listed_ids(ada) == made[::-1]

    async def test_who_has_none_gets_an_empty_list(self, ada: httpx.AsyncClient) -> None:
        assert answer_of(await ada.get("/conversations")) == {"conversations": []}

    async def test_every_creation_is_in_the_next_listing(self, ada: httpx.AsyncClient) -> None:
        for _ in range(5):
            created = await new_conversation(ada)
            assert (await listed_ids(ada))[0] == created["id"]

    async def test_conversations_made_at_once_are_all_listed(self, ada: httpx.AsyncClient) -> None:
        made = await asyncio.gather(*(new_conversation(ada) for _ in range(8)))

        assert sorted(await listed_ids(ada)) == sorted(each["id"] for each in made)

    async def test_one_that_the_owner_left_is_listed_only_on_demand(
        self, ada: httpx.AsyncClient
    ) -> None:
        cid = (await new_conversation(ada))["id"]
        await leave(ada, cid)

        assert await listed_ids(ada) == []
        assert await listed_ids(ada, include_inactive="false") == []
        assert await listed_ids(ada, include_inactive="true") == [cid]

    async def test_one_that_another_participant_left_is_never_listed(
        self, ada: httpx.AsyncClient, person: Person, stack: Stack
    ) -> None:
        cid = (await new_conversation(ada))["id"]
        bert = person()
        await admit(stack, cid, bert)
        assert await listed_ids(bert) == [cid]

        await leave(bert, cid)

        assert await listed_ids(bert, include_inactive="true") == []
        assert await listed_ids(ada) == [cid]


class TestChanging:
    """PATCH of title and metadata."""

    async def test_a_new_title_is_marked_and_announced(self, ada: httpx.AsyncClient) -> None:
        cid = (await new_conversation(ada))["id"]
        response = await ada.patch(f"/conversations/{cid}", json={"title": "T"})
        patched = answer_of(response)

        assert (patched["title"], patched["metadata"]) == ("T", {MARK: True})
        assert await get_conversation(ada, cid) == patched
        (event,) = await events_of(ada, cid)
        assert (event["event"], event["sequence"]) == ("conversation.updated", 1)
        assert event["data"] == {"conversation": patched}
        assert event["correlation_id"] == response.headers["x-request-id"]

    @pytest.mark.parametrize("body", [{"title": "New Conversation"}, {"metadata": {}}, {}])
    async def test_without_a_new_title_nothing_is_marked(
        self, ada: httpx.AsyncClient, body: dict[str, Any]
    ) -> None:
        created = await new_conversation(ada)
        patched = answer_of(await ada.patch(f"/conversations/{created['id']}", json=body))

        assert patched == created

    async def test_metadata_is_merged_but_system_entries_stay(self, ada: httpx.AsyncClient) -> None:
        before = {"a": 1, "b": {"c": 1}, "__s": "kept"}
        cid = (await new_conversation(ada, metadata=before))["id"]
        update = {"b": {"d": 2}, "__s": "changed", "__n": 1}
        patched = answer_of(await ada.patch(f"/conversations/{cid}", json={"metadata": update}))

        assert patched["metadata"] == {"a": 1, "b": {"d": 2}, "__s": "kept", "__n": 1}

    async def test_the_latest_message_is_never_in_the_answer(self, ada: httpx.AsyncClient) -> None:
        cid = (await new_conversation(ada))["id"]
        await post_message(ada, cid)
        patched = answer_of(await ada.patch(f"/conversations/{cid}", json={"title": "T"}))

        assert patched["latest_message"] is None

    async def test_of_many_changes_at_once_none_is_lost(self, ada: httpx.AsyncClient) -> None:
        cid = (await new_conversation(ada))["id"]
        names = [f"key{number}" for number in range(8)]
        patches = [
            ada.patch(f"/conversations/{cid}", json={"metadata": {name: 1}}) for name in names
        ]
        for response in await asyncio.gather(*patches):
            assert response.status_code == 200, response.text

        assert sorted((await get_conversation(ada, cid))["metadata"]) == names
        assert [event["sequence"] for event in await events_of(ada, cid)] == list(range(1, 9))

    @pytest.mark.parametrize("body", [{"title": None}, {"metadata": None}, {"title": 5}])
    async def test_wrong_values_are_refused_and_nothing_changes(
        self, ada: httpx.AsyncClient, body: dict[str, Any]
    ) -> None:
        created = await new_conversation(ada)
        response = await ada.patch(f"/conversations/{created['id']}", json=body)

        assert response.status_code == 422
        assert response.json()["detail"][0]["loc"] == ["body", next(iter(body))]
        assert await get_conversation(ada, created["id"]) == created
        assert await events_of(ada, created["id"]) == []

    async def test_metadata_grows_only_so_far(self, ada: httpx.AsyncClient) -> None:
        half = "x" * 150_000
        before = await new_conversation(ada, metadata={"a": half})
        cid = before["id"]

        refused = await ada.patch(f"/conversations/{cid}", json={"metadata": {"b": half}})

        assert refused.status_code == 413, refused.text
        assert await get_conversation(ada, cid) == before
        assert await events_of(ada, cid) == []

    async def test_nothing_is_created_with_too_much_metadata(self, ada: httpx.AsyncClient) -> None:
        refused = await ada.post("/conversations", json={"metadata": {"a": "x" * 300_000}})

        assert refused.status_code == 413
        assert await listed_ids(ada, include_inactive="true") == []


class TestStartedByAnAssistant:
    """POST /conversations/{owner_id}."""

    @pytest.fixture
    async def assistant_id(self, ada: httpx.AsyncClient, service: RecordingService) -> str:
        """An assistant of Ada's."""
        return (await new_assistant(ada, service))["id"]

    async def test_it_belongs_to_the_person_and_the_assistant_takes_part(
        self, ada: httpx.AsyncClient, service: RecordingService, assistant_id: str
    ) -> None:
        owner_id = await user_id_of(ada)
        async with service.workbench(assistant_id) as me:
            body = {"title": "By assistant", "metadata": {"a": 1}}
            created = answer_of(await me.post(f"/conversations/{owner_id}", json=body))
            cid = created["id"]
            assert await listed_ids(me) == [cid]
            assert await get_conversation(me, cid) == created
            await post_message(me, cid)

        assert (created["owner_id"], created["title"]) == (owner_id, "By assistant")
        assert created["metadata"] == {"a": 1, MARK: True}
        assert [found["id"] for found in created["participants"]] == [assistant_id]
        told = [
            call for call in service.calls if call.path == f"/{assistant_id}/conversations/{cid}"
        ]
        assert [call.method for call in told] == ["PUT"]

    async def test_it_gets_the_events_from_the_first_on(
        self, ada: httpx.AsyncClient, service: RecordingService, assistant_id: str
    ) -> None:
        async with service.workbench(assistant_id) as me:
            path = f"/conversations/{await user_id_of(ada)}"
            cid = answer_of(await me.post(path, json={}))["id"]
            posted = await post_message(me, cid)

        event = await service.wait_for_event(cid, "message.created")
        assert (event["sequence"], event["data"]["message"]) == (1, posted)

    async def test_an_unknown_owner_is_refused(
        self, service: RecordingService, assistant_id: str
    ) -> None:
        async with service.workbench(assistant_id) as me:
            response = await me.post(f"/conversations/{uuid.uuid4()}", json={})

            assert response.status_code == 404
            assert await listed_ids(me) == []

    async def test_an_assistant_that_cannot_be_told_has_no_conversation(
        self, ada: httpx.AsyncClient, service: RecordingService, assistant_id: str
    ) -> None:
        owner_id = await user_id_of(ada)
        service.answer = lambda method, path: web.Response(status=500, text="boom")
        async with service.workbench(assistant_id) as me:
            response = await me.post(f"/conversations/{owner_id}", json={})

            assert response.status_code == 500
            assert response.json()["detail"] == "Assistant responded with error; response: boom"
            assert await listed_ids(me) == []
        assert await listed_ids(ada, include_inactive="true") == []

    async def test_an_unknown_assistant_is_refused(
        self, ada: httpx.AsyncClient, service: RecordingService
    ) -> None:
        path = f"/conversations/{await user_id_of(ada)}"
        async with service.workbench(str(uuid.uuid4())) as me:
            assert (await me.post(path, json={})).status_code == 404

"""New names and images: all conversations of a person or an assistant show them."""

import asyncio
import uuid
from typing import Any

import httpx
import pytest

from local.stack.stack import Stack
from shared import resources
from shared.services.renames import CHUNK, RenameRequest
from tests.api.builders import (
    answer_of,
    events_of,
    get_conversation,
    leave,
    negotiate,
    user_id_of,
)
from tests.api.conftest import Person, add_assistant, new_assistant, new_conversation
from tests.api.share_builders import new_share, share_with, shares_of
from tests.support import backends
from tests.support.assistant_service import RecordingService
from tests.support.eventually import eventually
from tests.support.subscriber import Subscriber


def named(stack: Stack, name: str, oid: str) -> httpx.AsyncClient:
    """A client of the person with an object id, whatever they are called now."""
    headers = {"Authorization": f"Bearer {stack.token(name, oid=oid)}"}
    return httpx.AsyncClient(base_url=stack.functions_url, headers=headers, timeout=30)


async def conversations_of(client: httpx.AsyncClient, count: int) -> list[str]:
    """The ids of new conversations of a client's."""
    return [(await new_conversation(client))["id"] for _ in range(count)]


async def shown(
    client: httpx.AsyncClient, conversation_id: str, participant_id: str = "me"
) -> dict[str, Any]:
    """A participant as a conversation shows them."""
    path = f"/conversations/{conversation_id}/participants/{participant_id}"
    return answer_of(await client.get(path))


async def name_events(client: httpx.AsyncClient, conversation_id: str) -> list[str]:
    """The names in the updates of participants, in order."""
    return [
        event["data"]["participant"]["name"]
        for event in await events_of(client, conversation_id)
        if event["event"] == "participant.updated"
    ]


async def test_the_message_is_sent_before_the_name_is_stored(
    ada: httpx.AsyncClient, stack: Stack
) -> None:
    # The first test here: later ones leave messages that are on their way out of the queue.
    before = answer_of(await ada.get("/users/me"))
    waiting = await messages_in(stack)
    await stack.cosmos_admin.add_fault(
        operation="replace", container=resources.USERS, status=503, times=20
    )
    try:
        response = await ada.put("/users/me", json={"image": "data:x"})
    finally:
        await stack.cosmos_admin.clear_faults()

    assert response.status_code == 503
    assert answer_of(await ada.get("/users/me")) == before
    assert await messages_in(stack) == waiting + 1


class TestPeople:
    """PUT /users/me, and tokens with another name."""

    async def test_the_next_reads_show_the_new_name_and_image(self, ada: httpx.AsyncClient) -> None:
        ids = await conversations_of(ada, 12)
        answer_of(await ada.put("/users/me", json={"name": "Countess", "image": "data:x"}))

        for conversation_id in ids:
            (me,) = (await get_conversation(ada, conversation_id))["participants"]
            assert (me["name"], me["image"]) == ("Countess", "data:x")
            assert (await shown(ada, conversation_id))["name"] == "Countess"
        listed = answer_of(await ada.get("/conversations"))["conversations"]
        assert {one["participants"][0]["name"] for one in listed} == {"Countess"}

    async def test_everybody_is_told(
        self, ada: httpx.AsyncClient, person: Person, service: RecordingService
    ) -> None:
        conversation_id = (await new_conversation(ada))["id"]
        assistant = await new_assistant(ada, service)
        await add_assistant(ada, conversation_id, assistant["id"])
        bert = person()
        await share_with(ada, conversation_id, bert)
        address = await negotiate(bert, "")
        async with Subscriber(address["url"]) as subscriber:
            await ada.put("/users/me", json={"name": "Countess"})
            told = await subscriber.next("participant.updated")

        assert told["conversation_id"] == conversation_id
        assert told["data"]["participant"]["name"] == "Countess"
        names = [one["name"] for one in told["data"]["participants"]]
        assert names[0] == "Countess"
        assert (await events_of(ada, conversation_id))[-1] == told
        await service.wait_for(lambda me: told in me.events(conversation_id))

    @pytest.mark.parametrize("path", ["/users/me", "/conversations"])
    async def test_a_new_name_in_the_token_shows_everywhere(
        self, stack: Stack, service: RecordingService, path: str
    ) -> None:
        oid = str(uuid.uuid4())
        async with named(stack, "Grace", oid) as grace:
            conversation_id = (await new_conversation(grace))["id"]
            assistant = await new_assistant(grace, service)
            await add_assistant(grace, conversation_id, assistant["id"])
        async with named(stack, "Grace Hopper", oid) as grace:
            method = "GET" if path == "/users/me" else "POST"
            answer_of(await grace.request(method, path, json={}))
            assert (await shown(grace, conversation_id))["name"] == "Grace Hopper"

    async def test_every_route_that_sees_a_new_name_can_rename(
        self, stack: Stack, service: RecordingService
    ) -> None:
        oid = str(uuid.uuid4())
        async with named(stack, "Name 0", oid) as grace:
            conversation_id = (await new_conversation(grace))["id"]
            assistant = await new_assistant(grace, service)
            await add_assistant(grace, conversation_id, assistant["id"])
            share = await new_share(grace, conversation_id)
        body: dict[str, Any] = {
            "assistant_service_id": service.service_id,
            "name": "New",
            "description": "D",
            "conversation_id": conversation_id,
            "label": "L",
            "conversation_permission": "read",
        }
        registration = body | {"assistant_service_id": f"own-{oid}.test"}
        for number, (path, sent) in enumerate(
            (
                ("/conversations", {}),
                ("/assistants", body),
                ("/assistant-service-registrations", registration),
                ("/conversation-shares", body),
                (f"/conversation-shares/{share['id']}/redemptions", {}),
            ),
            1,
        ):
            async with named(stack, f"Name {number}", oid) as grace:
                answer_of(await grace.post(path, json=sent))
                assert (await shown(grace, conversation_id))["name"] == f"Name {number}"

    async def test_an_import_can_rename_too(self, stack: Stack, service: RecordingService) -> None:
        oid = str(uuid.uuid4())
        async with named(stack, "Grace", oid) as grace:
            conversation_id, other = await conversations_of(grace, 2)
            assistant = await new_assistant(grace, service)
            await add_assistant(grace, conversation_id, assistant["id"])
            archive = await grace.get("/conversations/export", params={"id": other})
        async with named(stack, "Grace Hopper", oid) as grace:
            files = {"from_export": ("export.zip", archive.content)}
            answer_of(await grace.post("/conversations/import", files=files))
            assert (await shown(grace, conversation_id))["name"] == "Grace Hopper"

    async def test_nothing_new_tells_nobody(self, ada: httpx.AsyncClient) -> None:
        conversation_id = (await new_conversation(ada))["id"]
        me = answer_of(await ada.get("/users/me"))
        for body in ({}, {"name": me["name"]}, {"image": None}):
            answer_of(await ada.put("/users/me", json=body))

        assert await events_of(ada, conversation_id) == []

    async def test_who_has_left_is_renamed_too(
        self, ada: httpx.AsyncClient, person: Person
    ) -> None:
        conversation_id = (await new_conversation(ada))["id"]
        bert = person()
        await share_with(ada, conversation_id, bert)
        await leave(bert, conversation_id)
        bert_id = await user_id_of(bert)
        await bert.put("/users/me", json={"name": "Albert"})

        participant = await shown(ada, conversation_id, bert_id)
        assert (participant["name"], participant["active_participant"]) == ("Albert", False)

    async def test_shares_and_registrations_show_it(self, ada: httpx.AsyncClient) -> None:
        await new_share(ada, (await new_conversation(ada))["id"])
        service_id = f"own-{uuid.uuid4()}.test"
        body = {"assistant_service_id": service_id, "name": "N", "description": "D"}
        answer_of(await ada.post("/assistant-service-registrations", json=body))
        await ada.put("/users/me", json={"name": "Countess"})

        path = f"/assistant-service-registrations/{service_id}"
        assert answer_of(await ada.get(path))["created_by_user_name"] == "Countess"
        (share,) = await shares_of(ada)
        assert share["created_by_user"]["name"] == "Countess"

    async def test_a_new_conversation_has_the_new_name_and_stays_quiet(
        self, ada: httpx.AsyncClient
    ) -> None:
        # The image, because POST /conversations takes the name from the token again.
        await ada.put("/users/me", json={"image": "data:x"})
        conversation = await new_conversation(ada)

        assert conversation["participants"][0]["image"] == "data:x"
        assert await events_of(ada, conversation["id"]) == []


class TestAssistants:
    """PATCH /assistants/{id}."""

    async def test_all_conversations_show_it(
        self, ada: httpx.AsyncClient, person: Person, service: RecordingService
    ) -> None:
        assistant = await new_assistant(ada, service, "Old")
        ids = await conversations_of(ada, 3)
        for conversation_id in ids:
            await add_assistant(ada, conversation_id, assistant["id"])
        bert = person()
        await share_with(ada, ids[0], bert, "read")
        path = f"/assistants/{assistant['id']}"
        answer_of(await ada.patch(path, json={"name": "New", "image": "data:y"}))

        for conversation_id in ids:
            participant = await shown(ada, conversation_id, assistant["id"])
            assert (participant["name"], participant["image"]) == ("New", "data:y")
            assert await name_events(ada, conversation_id) == ["New"]
        assert (await shown(bert, ids[0], assistant["id"]))["name"] == "New"
        told = (await events_of(ada, ids[0]))[-1]
        await service.wait_for(lambda me: told in me.events(ids[0]))

    async def test_metadata_alone_tells_nobody(
        self, ada: httpx.AsyncClient, service: RecordingService
    ) -> None:
        assistant = await new_assistant(ada, service)
        conversation_id = (await new_conversation(ada))["id"]
        await add_assistant(ada, conversation_id, assistant["id"])
        before = await events_of(ada, conversation_id)
        answer_of(await ada.patch(f"/assistants/{assistant['id']}", json={"metadata": {"a": 1}}))

        assert await events_of(ada, conversation_id) == before


class TestInTheBackground:
    """What the request could not finish: the message sent ahead finds it."""

    async def test_a_name_that_was_stored_before_a_crash_shows_at_last(
        self, ada: httpx.AsyncClient, stack: Stack
    ) -> None:
        ids = await conversations_of(ada, 120)
        user_id = await user_id_of(ada)
        await self._store(stack, user_id, "Stored", 5)
        request = RenameRequest(user_id=user_id, correlation_id=uuid.uuid4().hex)
        for _ in range(2):
            await send(stack, request)

        async def is_shown() -> bool:
            listed = answer_of(await ada.get("/conversations"))["conversations"]
            return {one["participants"][0]["name"] for one in listed} == {"Stored"}

        await eventually(is_shown)
        for conversation_id in (min(ids), max(ids)):
            assert await name_events(ada, conversation_id) == ["Stored"]

    async def test_more_conversations_than_a_request_can_wait_for(
        self, ada: httpx.AsyncClient, stack: Stack
    ) -> None:
        for _ in range(0, CHUNK + 20, 10):
            await asyncio.gather(*(new_conversation(ada) for _ in range(10)))
        batches = {"operation": "batch", "container": resources.CONVERSATIONS}
        # The first chunk takes long, and the second as long as it likes.
        await stack.cosmos_admin.add_fault(**batches, spare=CHUNK, hold=True)
        await stack.cosmos_admin.add_fault(**batches, latency_ms=400)
        try:
            answer_of(await ada.put("/users/me", json={"image": "data:x"}))
        finally:
            await stack.cosmos_admin.clear_faults()

        async def is_shown() -> bool:
            listed = answer_of(await ada.get("/conversations"))["conversations"]
            assert len(listed) == CHUNK + 20
            return {one["participants"][0]["image"] for one in listed} == {"data:x"}

        await eventually(is_shown)

    async def test_the_events_carry_the_correlation_id_of_the_request(
        self, ada: httpx.AsyncClient
    ) -> None:
        conversation_id = (await new_conversation(ada))["id"]
        correlation_id = uuid.uuid4().hex
        headers = {"X-Request-ID": correlation_id}
        answer_of(await ada.put("/users/me", json={"image": "data:x"}, headers=headers))

        (event,) = await events_of(ada, conversation_id)
        assert event["correlation_id"] == correlation_id

    async def test_a_database_that_fails_for_a_moment_does_not_fail_the_request(
        self, ada: httpx.AsyncClient, stack: Stack
    ) -> None:
        conversation_id = (await new_conversation(ada))["id"]
        await stack.cosmos_admin.add_fault(
            operation="batch", container="conversations", status=503, times=4
        )
        try:
            response = await ada.put("/users/me", json={"name": "Countess"})
        finally:
            await stack.cosmos_admin.clear_faults()

        assert answer_of(response)["name"] == "Countess"

        async def is_shown() -> bool:
            return (await shown(ada, conversation_id))["name"] == "Countess"

        await eventually(is_shown)

    async def _store(self, stack: Stack, user_id: str, name: str, version: int) -> None:
        """Store a name as a process would that died right after it."""
        async with backends.database(stack) as db:
            users = db.get_container_client(resources.USERS)
            profile = await users.read_item(user_id, partition_key=user_id)
            await users.replace_item(user_id, profile | {"name": name, "name_version": version})


async def send(stack: Stack, request: RenameRequest) -> None:
    """Put a message into the queue."""
    async with backends.queue(stack, resources.RENAMES_QUEUE) as queue:
        await queue.send_message(request.model_dump_json())


async def messages_in(stack: Stack) -> int:
    """How many messages are in the queue, those that are not visible yet included."""
    async with backends.queue(stack, resources.RENAMES_QUEUE) as queue:
        return (await queue.get_queue_properties()).approximate_message_count or 0

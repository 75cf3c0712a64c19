"""Duplicating a conversation, by people and by assistants."""

import uuid

import httpx
import pytest

from local.stack.stack import Stack
from tests.api.assistant_builders import answering, calls, form_parts, meet
from tests.api.builders import (
    admit,
    answer_of,
    contents_of,
    get_conversation,
    leave,
    post_message,
    user_id_of,
)
from tests.api.conftest import Person, new_conversation
from tests.support.assistant_service import RecordingService


async def duplicate(client: httpx.AsyncClient, cid: str, **body: object) -> str:
    """The id of a copy."""
    result = answer_of(await client.post(f"/conversations/{cid}", json=body))
    [copy] = result["conversation_ids"]
    return copy


async def test_a_copy_has_messages_debug_data_and_every_version_of_files(
    ada: httpx.AsyncClient,
) -> None:
    cid = (await new_conversation(ada, title="Original", metadata={"a": 1}))["id"]
    first = await post_message(ada, cid, "one", debug_data={"d": 1}, metadata={"m": 1})
    await post_message(ada, cid, "two", message_type="note")
    for content in (b"old", b"newer"):
        files = {"files": ("a/b.txt", content, "text/plain")}
        answer_of(await ada.put(f"/conversations/{cid}/files", files=files))

    copy = await duplicate(ada, cid, metadata={"b": 2})

    conversation = await get_conversation(ada, copy)
    assert conversation["title"] == "Original (Copy)"
    assert conversation["imported_from_conversation_id"] == cid
    assert conversation["metadata"]["_original_conversation_id"] == cid
    assert (conversation["metadata"]["a"], conversation["metadata"]["b"]) == (1, 2)
    assert conversation["latest_message"]["content"] == "one"
    types = ["chat", "note"]
    assert await contents_of(ada, copy, message_type=types) == ["one", "two"]
    url = f"/conversations/{copy}/messages"
    message = answer_of(await ada.get(url, params={"message_type": "chat"}))["messages"][0]
    assert message["id"] != first["id"]
    assert message["timestamp"] == first["timestamp"]
    debug = answer_of(await ada.get(f"{url}/{message['id']}/debug_data"))
    assert debug["debug_data"] == {"d": 1}
    versions = answer_of(await ada.get(f"/conversations/{copy}/files/a/b.txt/versions"))
    numbers = [version["version"] for version in versions["versions"]]
    assert len(numbers) == 2
    assert (await ada.delete(f"/conversations/{cid}/files/a/b.txt")).status_code == 204
    for number, content in zip(sorted(numbers), (b"old", b"newer"), strict=True):
        file = f"/conversations/{copy}/files/a/b.txt"
        assert (await ada.get(file, params={"version": number})).content == content


async def test_a_title_may_be_given(ada: httpx.AsyncClient) -> None:
    cid = (await new_conversation(ada, title="Original"))["id"]

    copy = await duplicate(ada, cid, title="Mine")

    assert (await get_conversation(ada, copy))["title"] == "Mine"


async def test_a_copy_has_the_active_participants_and_the_owner_of_the_original(
    ada: httpx.AsyncClient, person: Person, stack: Stack
) -> None:
    cid = (await new_conversation(ada))["id"]
    reader, writer, gone = person(), person(), person()
    await admit(stack, cid, reader, "read")
    await admit(stack, cid, writer)
    await admit(stack, cid, gone, active=False)

    copy = await duplicate(writer, cid)

    conversation = await get_conversation(ada, copy)
    assert conversation["owner_id"] == await user_id_of(ada)
    permissions = {
        found["id"]: found["conversation_permission"] for found in conversation["participants"]
    }
    assert permissions == {
        await user_id_of(ada): "read_write",
        await user_id_of(reader): "read",
        await user_id_of(writer): "read_write",
    }
    for client in (ada, reader, writer):
        listed = answer_of(await client.get("/conversations"))["conversations"]
        assert {found["id"] for found in listed} == {cid, copy}


async def test_only_who_may_write_may_duplicate(
    ada: httpx.AsyncClient, person: Person, stack: Stack
) -> None:
    cid = (await new_conversation(ada))["id"]
    reader = person()
    await admit(stack, cid, reader, "read")

    assert (await reader.post(f"/conversations/{cid}", json={})).status_code == 404
    assert (await person().post(f"/conversations/{cid}", json={})).status_code == 404
    assert (await ada.post(f"/conversations/{uuid.uuid4()}", json={})).status_code == 404
    assert (await ada.post("/conversations/no-uuid", json={})).status_code == 404
    await leave(ada, cid)
    assert (await ada.post(f"/conversations/{cid}", json={})).status_code == 404


async def test_assistants_get_what_they_knew_and_only_new_events(
    ada: httpx.AsyncClient, service: RecordingService
) -> None:
    meeting = await meet(ada, service, title="Original")
    await meeting.post("before")

    copy = await duplicate(ada, meeting.cid)

    assert calls(service, "GET", f"/{meeting.aid}/conversations/{meeting.cid}/export-data")
    [told] = calls(service, "PUT", f"/{meeting.aid}/conversations/{copy}")
    assert form_parts(told) == {
        "conversation": (None, f'{{"id":"{copy}","title":"Original (Copy)"}}'.encode()),
        "from_export": ("upload", b'{"id": "export-data"}'),
    }
    await post_message(ada, copy, "after")
    first = await service.wait_for_event(copy, "message.created")
    assert first["data"]["message"]["content"] == "after"


@pytest.mark.parametrize("method", ["GET", "PUT"])
async def test_an_assistant_that_fails_takes_part_in_the_copy_anyhow(
    ada: httpx.AsyncClient, service: RecordingService, method: str
) -> None:
    meeting = await meet(ada, service)
    service.answer = answering(500, "no", method=method)

    result = answer_of(await ada.post(f"/conversations/{meeting.cid}", json={}))

    assert result["assistant_ids"] == [meeting.aid]
    [copy] = result["conversation_ids"]
    participants = (await get_conversation(ada, copy))["participants"]
    assert meeting.aid in [found["id"] for found in participants if found["active_participant"]]


async def test_an_assistant_duplicates_where_it_is_active_and_else_starts_for_an_owner(
    ada: httpx.AsyncClient, service: RecordingService
) -> None:
    meeting = await meet(ada, service, title="Original")
    await meeting.post("hello")
    owner = await user_id_of(ada)

    async with service.workbench(meeting.aid) as me:
        copy = await duplicate(me, meeting.cid)
        started = answer_of(await me.post(f"/conversations/{owner}", json={"title": "Started"}))
        assert started["title"] == "Started"
        assert await contents_of(me, copy) == ["hello"]
        elsewhere = (await new_conversation(ada))["id"]
        response = await me.post(f"/conversations/{elsewhere}", json={})
        assert (response.status_code, response.json()) == (404, {"detail": "owner not found"})
        assert (await me.delete(f"/conversations/{copy}")).status_code == 204
    async with service.workbench() as nobody:
        response = await nobody.post(f"/conversations/{meeting.cid}", json={})
        assert response.status_code == 403

"""Exporting conversations and assistants in the original service's layout."""

import hashlib
import re
import uuid

import httpx

from local.stack.stack import Stack
from tests.api.archive_builders import Archive, export
from tests.api.assistant_builders import answering, meet
from tests.api.builders import admit, leave, post_message
from tests.api.conftest import Person, new_conversation
from tests.support.assistant_service import RecordingService

FIELDS = {
    "Assistant": "assistant_id owner_id assistant_service_id template_id created_datetime"
    " imported_from_assistant_id name image meta_data",
    "Conversation": "conversation_id created_datetime owner_id title meta_data"
    " imported_from_conversation_id",
    "ConversationMessage": "sequence message_id conversation_id created_datetime"
    " sender_participant_id sender_participant_role message_type content content_type meta_data"
    " filenames",
    "ConversationMessageDebug": "message_id data",
    "UserParticipant": "conversation_id user_id name image service_user joined_datetime status"
    " status_updated_datetime active_participant meta_data conversation_permission",
    "AssistantParticipant": "conversation_id assistant_id name image joined_datetime status"
    " status_updated_datetime active_participant meta_data",
    "File": "file_id conversation_id filename current_version created_datetime",
    "FileVersion": "file_id version participant_id participant_role created_datetime meta_data"
    " content_type file_size storage_filename",
}


async def upload(client: httpx.AsyncClient, cid: str, name: str, content: bytes) -> None:
    """A new version of a file."""
    response = await client.put(
        f"/conversations/{cid}/files", files={"files": (name, content, "text/plain")}
    )
    assert response.status_code == 200, response.text


async def test_an_archive_holds_every_record_with_the_original_s_fields(
    ada: httpx.AsyncClient, service: RecordingService
) -> None:
    meeting = await meet(ada, service, title="Archived", metadata={"a": 1})
    message = await post_message(
        ada, meeting.cid, "hello", debug_data={"x": 1}, metadata={"m": 2}, filenames=["a/b.txt"]
    )
    await upload(ada, meeting.cid, "a/b.txt", b"one")
    await upload(ada, meeting.cid, "a/b.txt", b"two!")

    archive = await export(ada, meeting.cid)

    assert {kind: set(rows[0]) for kind, rows in archive.rows.items()} == {
        kind: set(fields.split()) for kind, fields in FIELDS.items()
    }
    assert archive.types == sorted(archive.types, key=list(_order()).index)
    [conversation] = archive.rows["Conversation"]
    assert (conversation["title"], conversation["meta_data"]["a"]) == ("Archived", 1)
    [stored] = archive.rows["ConversationMessage"]
    assert (stored["message_id"], stored["content"]) == (message["id"], "hello")
    assert stored["created_datetime"] == message["timestamp"]
    assert archive.rows["ConversationMessageDebug"] == [
        {"message_id": message["id"], "data": {"x": 1}}
    ]
    [file], versions = archive.rows["File"], archive.rows["FileVersion"]
    assert (file["filename"], file["current_version"]) == ("a/b.txt", versions[-1]["version"])
    for version, content in zip(versions, (b"one", b"two!"), strict=True):
        stored_as = f"{uuid.UUID(file['file_id']).hex}_{version['version']}"
        assert version["storage_filename"] == stored_as
        assert version["file_size"] == len(content)
        digest = hashlib.sha256(stored_as.encode()).hexdigest()
        assert archive.entries[f"files/{meeting.cid}/{digest}"] == content
    base = f"assistants/{meeting.aid}"
    assert f"{base}/assistant_data.bin" in archive.entries
    assert f"{base}/conversations/{meeting.cid}/conversation_data.bin" in archive.entries
    assert len(archive.entries) == 5


def _order() -> list[str]:
    return [
        "Assistant",
        "Conversation",
        "ConversationMessage",
        "ConversationMessageDebug",
        "UserParticipant",
        "AssistantParticipant",
        "File",
        "FileVersion",
    ]


async def test_an_archive_of_conversations_has_a_name_and_a_type(ada: httpx.AsyncClient) -> None:
    cid = (await new_conversation(ada))["id"]

    response = await ada.get(f"/conversations/export?id={cid}")

    assert response.headers["content-type"] == "application/zip"
    name = r'attachment; filename="semantic_workbench_conversation_export_\d{14}\.zip"'
    assert re.fullmatch(name, response.headers["content-disposition"])


async def test_ids_are_repeated_or_joined_with_commas(ada: httpx.AsyncClient) -> None:
    ids = [(await new_conversation(ada))["id"] for _ in range(3)]

    response = await ada.get(f"/conversations/export?id={ids[0]},{ids[1]}&id={ids[2]}")

    rows = Archive(response.content).rows["Conversation"]
    assert [row["conversation_id"] for row in rows] == sorted(ids)
    for query in ("", "?id=", "?id=x", f"?id={ids[0]},"):
        assert (await ada.get(f"/conversations/export{query}")).status_code == 422


async def test_only_what_one_may_read_is_exported(
    ada: httpx.AsyncClient, person: Person, stack: Stack
) -> None:
    own, read, gone = [(await new_conversation(ada))["id"] for _ in range(3)]
    stranger, reader = person(), person()
    await admit(stack, read, reader, "read")
    await admit(stack, gone, reader, "read_write", active=False)
    await leave(ada, own)

    assert (await export(stranger, own, read)).rows == {}
    rows = (await export(reader, own, read, gone)).rows["Conversation"]
    assert [row["conversation_id"] for row in rows] == [read]
    assert len((await export(ada, own)).rows["Conversation"]) == 1


async def test_an_assistant_is_exported_by_its_owner_with_its_conversations(
    ada: httpx.AsyncClient, person: Person, service: RecordingService
) -> None:
    meeting = await meet(ada, service)
    await new_conversation(ada)

    response = await ada.get(f"/assistants/{meeting.aid}/export")

    assert response.status_code == 200
    name = r'attachment; filename="assistant_Recorder_\d{14}\.zip"'
    assert re.fullmatch(name, response.headers["content-disposition"])
    archive = Archive(response.content)
    assert [row["assistant_id"] for row in archive.rows["Assistant"]] == [meeting.aid]
    assert [row["conversation_id"] for row in archive.rows["Conversation"]] == [meeting.cid]
    assert (await person().get(f"/assistants/{meeting.aid}/export")).status_code == 404


async def test_an_assistant_service_that_is_down_fails_the_export(
    ada: httpx.AsyncClient, service: RecordingService
) -> None:
    meeting = await meet(ada, service)
    service.answer = answering(503, "busy", method="GET", ending="/export-data")
    response = await ada.get(f"/conversations/export?id={meeting.cid}")
    assert (response.status_code, response.json()) == (
        503,
        {"detail": "Assistant responded with error; response: busy"},
    )

    await service.__aexit__()

    response = await ada.get(f"/conversations/export?id={meeting.cid}")
    assert response.status_code == 424
    assert response.json()["detail"].startswith("Failed to connect to assistant at url")


async def test_an_assistant_that_left_and_forgot_is_left_out(
    ada: httpx.AsyncClient, service: RecordingService
) -> None:
    left, active = await meet(ada, service), await meet(ada, service)
    await ada.put(f"/conversations/{left.cid}/participants/{active.aid}", json={})
    await ada.put(
        f"/conversations/{left.cid}/participants/{active.aid}", json={"active_participant": False}
    )
    ending = f"/{active.aid}/conversations/{left.cid}/export-data"
    service.answer = answering(404, "", method="GET", ending=ending)

    archive = await export(ada, left.cid, active.cid)

    members = archive.rows["AssistantParticipant"]
    assert {(row["conversation_id"], row["assistant_id"]) for row in members} == {
        (left.cid, left.aid),
        (active.cid, active.aid),
    }

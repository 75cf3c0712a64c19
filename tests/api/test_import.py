"""Importing archives: those that we made, and those of the original service."""

import uuid
from typing import Any

import httpx
import pytest

from local.stack.stack import Stack
from tests.api.archive_builders import (
    conversation_record,
    export,
    import_archive,
    message_record,
    pack,
    pack_entries,
    send,
)
from tests.api.assistant_builders import answering, calls, form_parts, meet
from tests.api.builders import (
    admit,
    answer_of,
    contents_of,
    get_conversation,
    post_message,
    user_id_of,
)
from tests.api.conftest import Person
from tests.api.original_archive import SOMEBODY, THEN, original_archive
from tests.support.assistant_service import RecordingService


async def test_an_archive_of_the_original_service_is_imported_with_every_record(
    ada: httpx.AsyncClient, service: RecordingService
) -> None:
    ids, content = original_archive(service.service_id)

    result = await import_archive(ada, content)

    [cid], [aid] = result["conversation_ids"], result["assistant_ids"]
    assert cid != ids["cid"]
    assert aid != ids["assistant"]
    me = await user_id_of(ada)
    conversation = await get_conversation(ada, cid, latest_message_type=["chat", "notice"])
    assert conversation["title"] == "Old"
    assert conversation["owner_id"] == me
    assert conversation["imported_from_conversation_id"] == ids["cid"]
    assert conversation["metadata"] == {"k": [1]}
    assert conversation["latest_message"]["content"] == "noticed"
    people = {found["id"]: found for found in conversation["participants"]}
    assert set(people) == {me, SOMEBODY, aid}
    assert people[me]["active_participant"]
    assert people[me]["conversation_permission"] == "read_write"
    assert not people[SOMEBODY]["active_participant"]
    assert people[SOMEBODY]["name"] == "unknown imported user"
    assert people[SOMEBODY]["metadata"] == {"p": 1}
    assert people[aid]["active_participant"]
    assert people[aid]["name"] == "Old hand"
    assert people[aid]["online"] is True
    assert {found["status"] for found in people.values()} == {None}
    assistant = answer_of(await ada.get(f"/assistants/{aid}"))
    assert (assistant["name"], assistant["image"]) == ("Old hand", "data:x")
    assert assistant["metadata"] == {"a": 1}
    listed = answer_of(await ada.get("/conversations"))["conversations"]
    assert [found["id"] for found in listed] == [cid]


async def test_imported_messages_and_files_keep_dates_and_content(
    ada: httpx.AsyncClient, service: RecordingService
) -> None:
    ids, content = original_archive(service.service_id)

    result = await import_archive(ada, content)

    [cid], [aid] = result["conversation_ids"], result["assistant_ids"]
    url = f"/conversations/{cid}/messages"
    first, second = answer_of(await ada.get(url, params={"message_type": ["chat", "notice"]}))[
        "messages"
    ]
    assert first["id"] not in (ids["message"], ids["answer"])
    assert first["timestamp"] == f"{THEN}Z"
    assert (first["metadata"], first["filenames"]) == ({"m": 1}, ["a/ä.txt"])
    assert first["sender"] == {"participant_role": "user", "participant_id": SOMEBODY}
    assert second["sender"] == {"participant_role": "assistant", "participant_id": aid}
    assert (first["has_debug_data"], second["has_debug_data"]) == (False, True)
    debug = answer_of(await ada.get(f"{url}/{second['id']}/debug_data"))
    assert debug["debug_data"] == {"d": 1}
    page = answer_of(await ada.get(f"/conversations/{cid}/events"))
    assert page["last_sequence"] == 2
    for number, body in ((1, b"one"), (2, b"two!")):
        file = f"/conversations/{cid}/files/a/ä.txt"
        response = await ada.get(file, params={"version": number})
        assert response.content == body
    [listed] = answer_of(await ada.get(f"/conversations/{cid}/files"))["files"]
    assert (listed["current_version"], listed["file_size"]) == (2, 4)
    assert (listed["participant_id"], listed["metadata"]) == (aid, {"v": 2})
    assert listed["created_datetime"] == f"{THEN}Z"


async def test_assistants_get_back_what_they_exported_and_only_new_events(
    ada: httpx.AsyncClient, service: RecordingService
) -> None:
    _, content = original_archive(service.service_id)

    result = await import_archive(ada, content)

    [cid], [aid] = result["conversation_ids"], result["assistant_ids"]
    [made] = calls(service, "PUT", f"/{aid}")
    assert form_parts(made) == {
        "assistant": (None, b'{"assistant_name":"Old hand","template_id":"default"}'),
        "from_export": ("assistant_data.bin", b"assistant data"),
    }
    [told] = calls(service, "PUT", f"/{aid}/conversations/{cid}")
    assert form_parts(told) == {
        "conversation": (None, f'{{"id":"{cid}","title":"Old"}}'.encode()),
        "from_export": ("conversation_data.bin", b"conversation data"),
    }
    await post_message(ada, cid, "new")
    first = await service.wait_for_event(cid, "message.created")
    assert first["data"]["message"]["content"] == "new"
    assert first["sequence"] == 3


async def test_taken_titles_and_names_are_numbered_and_own_assistants_are_used_again(
    ada: httpx.AsyncClient, person: Person, service: RecordingService
) -> None:
    _, content = original_archive(service.service_id)

    first, second, third = [await import_archive(ada, content) for _ in range(3)]

    assert first["assistant_ids"] == second["assistant_ids"] == third["assistant_ids"]
    titles = [
        (await get_conversation(ada, result["conversation_ids"][0]))["title"]
        for result in (first, second, third)
    ]
    assert titles == ["Old", "Old (1)", "Old (2)"]
    assert len(calls(service, "PUT", f"/{first['assistant_ids'][0]}")) == 1
    other = await import_archive(person(), content)
    assert other["assistant_ids"] != first["assistant_ids"]


async def test_export_import_export_gives_the_same_records(
    ada: httpx.AsyncClient, person: Person, service: RecordingService, stack: Stack
) -> None:
    meeting = await meet(ada, service, title="Round trip", metadata={"a": {"b": 1}})
    await admit(stack, meeting.cid, person(), "read", active=False)
    for number in range(3):
        await post_message(
            ada, meeting.cid, f"message {number}", debug_data={"n": number}, metadata={"x": number}
        )
    for version in (b"one", b"two"):
        files = {"files": ("a/b ä%.txt", version, "text/plain")}
        answer_of(await ada.put(f"/conversations/{meeting.cid}/files", files=files))
    before = await export(ada, meeting.cid)
    content = (await ada.get("/conversations/export", params={"id": meeting.cid})).content

    result = await import_archive(ada, content)

    after = await export(ada, result["conversation_ids"][0])
    title = after.rows["Conversation"][0].pop("title")
    before.rows["Conversation"][0].pop("title")
    assert title == "Round trip (1)"
    assert after.types == before.types
    for kind, rows in before.rows.items():
        assert [_without_ids(row) for row in after.rows[kind]] == [
            _without_ids(row) for row in rows
        ]
    assert sorted(after.entries.values()) != []
    assert len(after.entries) == len(before.entries)


def _without_ids(row: dict[str, Any]) -> dict[str, Any]:
    """What an import must keep: ids, and the date of the conversation itself, are new."""
    new = ("sequence", "storage_filename")
    kept = {name: value for name, value in row.items() if not name.endswith("_id")}
    if "owner_id" in row:
        kept.pop("created_datetime")
    return {name: value for name, value in kept.items() if name not in new}


async def test_who_imports_becomes_active_again(
    ada: httpx.AsyncClient, person: Person, stack: Stack
) -> None:
    cid = answer_of(await ada.post("/conversations", json={}))["id"]
    reader = person()
    await admit(stack, cid, reader, "read")
    content = (await reader.get("/conversations/export", params={"id": cid})).content

    result = await import_archive(reader, content)

    conversation = await get_conversation(reader, result["conversation_ids"][0])
    active = {found["id"]: found["active_participant"] for found in conversation["participants"]}
    assert active == {await user_id_of(reader): True, await user_id_of(ada): False}
    assert conversation["conversation_permission"] == "read_write"


async def test_an_upload_is_imported_once_and_by_its_owner_only(
    ada: httpx.AsyncClient, person: Person
) -> None:
    content = pack([conversation_record(title="Uploaded")])
    upload = answer_of(await ada.post("/conversations/import/uploads"))
    async with httpx.AsyncClient() as browser:
        stored = await browser.put(upload["url"], content=content, headers=upload["headers"])
        assert stored.status_code == 201, stored.text
        assert (await browser.get(upload["url"])).status_code == 403
    body = {"upload": upload["upload"]}

    assert (await person().post("/conversations/import", json=body)).status_code == 404
    result = answer_of(await ada.post("/conversations/import", json=body))
    conversation = await get_conversation(ada, result["conversation_ids"][0])
    assert conversation["title"] == "Uploaded"
    assert (await ada.post("/conversations/import", json=body)).status_code == 404
    assert (await ada.post("/conversations/import", json={})).status_code == 422


async def test_a_form_without_an_archive_is_refused_as_before(ada: httpx.AsyncClient) -> None:
    response = await ada.post("/conversations/import", files={"other": ("a", b"b")})

    assert response.status_code == 422
    assert response.json()["detail"] == [
        {"type": "missing", "loc": ["body", "from_export"], "msg": "Field required", "input": None}
    ]


@pytest.mark.parametrize(("ending", "status"), [("assistant", 418), ("conversation", 500)])
async def test_a_service_that_fails_half_way_leaves_nothing(
    ada: httpx.AsyncClient, service: RecordingService, ending: str, status: int
) -> None:
    _, content = original_archive(service.service_id)
    if ending == "assistant":
        service.answer = answering(status, "no", method="PUT")
    else:
        service.answer = _failing_conversations(status)

    response = await send(ada, content)

    assert response.status_code == status
    assert response.json() == {"detail": "Assistant responded with error; response: no"}
    assert answer_of(await ada.get("/conversations?include_inactive=true"))["conversations"] == []
    assert answer_of(await ada.get("/assistants"))["assistants"] == []
    [made] = [call for call in service.calls if call.method == "PUT" and call.path.count("/") == 1]
    assert calls(service, "DELETE", made.path)


def _failing_conversations(status: int) -> Any:
    def answer(method: str, path: str) -> Any:
        failing = answering(status, "no", method="PUT")
        return failing(method, path) if "/conversations/" in path else None

    return answer


async def test_an_unknown_assistant_service_is_refused(ada: httpx.AsyncClient) -> None:
    _, content = original_archive("nobody.knows")

    response = await send(ada, content)

    assert response.status_code == 400
    assert response.json() == {"detail": "assistant service id nobody.knows is not valid"}
    assert answer_of(await ada.get("/conversations"))["conversations"] == []


NO_ZIP = {"files": {"from_export": ("a.zip", b"no zip")}}
UNSAFE = {"files": {"from_export": ("a.zip", pack_entries({"workbench.jsonl": b"", "../x": b"y"}))}}
FAULTY = {"files": {"from_export": ("a.zip", pack([conversation_record(), ("Share", {})]))}}
STRAY = {"files": {"from_export": ("a.zip", pack([message_record(str(uuid.uuid4()))]))}}
HUGE = {
    "files": {"from_export": ("a.zip", pack([conversation_record(meta_data={"x": "y" * 10**6})]))}
}
MALFORMED = {"content": b"--x", "headers": {"content-type": "multipart/form-data; boundary=y"}}


@pytest.mark.parametrize(
    ("request_of", "status"),
    [
        (NO_ZIP, 400),
        (UNSAFE, 400),
        (FAULTY, 400),
        (STRAY, 400),
        (HUGE, 413),
        (MALFORMED, 422),
        ({"data": {"from_export": "text"}}, 422),
        ({"content": b"x", "headers": {"content-type": "text/plain"}}, 422),
        ({"content": b"{", "headers": {"content-type": "application/json"}}, 422),
        ({}, 422),
    ],
)
async def test_what_can_not_be_imported_is_refused_and_leaves_nothing(
    ada: httpx.AsyncClient, request_of: dict[str, Any], status: int
) -> None:
    response = await ada.post("/conversations/import", **request_of)

    assert response.status_code == status, response.text
    assert response.json()["detail"]
    assert answer_of(await ada.get("/conversations"))["conversations"] == []


async def test_a_message_too_large_to_store_leaves_nothing(ada: httpx.AsyncClient) -> None:
    conversation = conversation_record()
    cid = conversation[1]["conversation_id"]
    rows = [conversation, message_record(cid), message_record(cid, content="x" * 2_000_000)]

    response = await send(ada, pack(rows))

    assert response.status_code == 413
    assert answer_of(await ada.get("/conversations"))["conversations"] == []


async def test_an_assistant_from_elsewhere_stays_an_inactive_participant(
    ada: httpx.AsyncClient, person: Person, service: RecordingService
) -> None:
    meeting = await meet(person(), service)
    conversation = conversation_record()
    row = {"conversation_id": conversation[1]["conversation_id"], "assistant_id": meeting.aid}

    result = await import_archive(ada, pack([conversation, ("AssistantParticipant", row)]))

    [cid] = result["conversation_ids"]
    participants = (await get_conversation(ada, cid))["participants"]
    active = {found["id"]: found["active_participant"] for found in participants}
    assert active[meeting.aid] is False
    async with service.workbench(meeting.aid) as me:
        assert (await me.get(f"/conversations/{cid}")).status_code == 404


async def test_text_of_any_alphabet_fits_as_well_as_english(ada: httpx.AsyncClient) -> None:
    """What is written in one transaction is measured as it is sent."""
    kind, row = conversation_record()
    text = "привет " * 20_000
    messages = [message_record(row["conversation_id"], content=text) for _ in range(8)]

    result = await import_archive(ada, pack([(kind, row), *messages]))

    [cid] = result["conversation_ids"]
    assert await contents_of(ada, cid) == [text] * 8

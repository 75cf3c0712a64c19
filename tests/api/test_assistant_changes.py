"""Assistants that are there: change, configure, delete them, and see where they take part."""

import json
from typing import Any

import httpx
import pytest

from local.stack.stack import Stack
from tests.api.assistant_builders import (
    NOT_FOUND,
    Meeting,
    another_service,
    answering,
    calls,
    create,
    form,
    listed,
    meet,
    new_service_id,
    outcome,
)
from tests.api.conftest import add_assistant, new_assistant, new_conversation
from tests.support.assistant_service import RecordingService


@pytest.mark.parametrize(
    "changes",
    [{"name": "New"}, {"image": "data:new"}, {"image": None}, {"metadata": {"only": 1}}, {}],
)
async def test_a_patch_changes_the_fields_that_are_present_and_metadata_as_a_whole(
    ada: httpx.AsyncClient, service: RecordingService, changes: dict[str, Any]
) -> None:
    made = (await create(ada, service, metadata={"a": 1}, image="data:old")).json()
    service.calls.clear()

    patched = await ada.patch(f"/assistants/{made['id']}", json=changes)

    assert outcome(patched) == (200, {**made, **changes})
    assert outcome(await ada.get(f"/assistants/{made['id']}")) == outcome(patched)
    [call] = service.calls
    name = changes.get("name", "A")
    assert form(call) == {"assistant": {"assistant_name": name, "template_id": "default"}}


async def test_a_name_cannot_become_null(ada: httpx.AsyncClient, service: RecordingService) -> None:
    made = await new_assistant(ada, service)

    response = await ada.patch(f"/assistants/{made['id']}", json={"name": None})

    assert response.status_code == 422
    assert response.json()["detail"][0]["loc"] == ["body", "name"]


async def test_a_patch_while_the_service_is_offline_changes_nothing(
    ada: httpx.AsyncClient, service: RecordingService
) -> None:
    made = await new_assistant(ada, service)
    await service.register(expires_in=0)

    response = await ada.patch(f"/assistants/{made['id']}", json={"name": "New"})

    assert outcome(response) == (
        400,
        {"detail": "assistant service 'Recorder' is currently offline"},
    )
    assert (await ada.get(f"/assistants/{made['id']}")).json()["name"] == made["name"]


async def test_a_patch_that_the_service_refuses_changes_nothing(
    ada: httpx.AsyncClient, service: RecordingService
) -> None:
    made = await new_assistant(ada, service)
    service.answer = answering(500, "boom")

    response = await ada.patch(f"/assistants/{made['id']}", json={"name": "New"})

    assert outcome(response) == (
        500,
        {"detail": "Assistant responded with error; response: boom"},
    )
    assert (await ada.get(f"/assistants/{made['id']}")).json() == made


async def test_a_deleted_assistant_leaves_its_conversations_and_its_service_is_told(
    ada: httpx.AsyncClient, service: RecordingService
) -> None:
    meeting = await meet(ada, service)
    other = (await new_conversation(ada))["id"]
    await add_assistant(ada, other, meeting.aid)
    service.calls.clear()

    response = await ada.delete(f"/assistants/{meeting.aid}")

    assert (response.status_code, response.content) == (204, b"")
    told = [call.path for call in calls(service, "DELETE")]
    left = {f"/{meeting.aid}/conversations/{cid}" for cid in (meeting.cid, other)}
    assert set(told) == {*left, f"/{meeting.aid}"}
    assert left <= set(told[: told.index(f"/{meeting.aid}")])
    assert await listed(ada) == []
    assert outcome(await ada.get(f"/assistants/{meeting.aid}")) == NOT_FOUND
    assert outcome(await ada.delete(f"/assistants/{meeting.aid}")) == NOT_FOUND
    assert (await meeting.participant())["active_participant"] is False
    events = (await ada.get(f"/conversations/{other}/events")).json()["events"]
    assert events[-1]["event"] == "participant.updated"
    assert events[-1]["data"]["participant"]["active_participant"] is False


@pytest.mark.parametrize("status", [404, 500])
async def test_an_assistant_is_deleted_whatever_its_service_says(
    ada: httpx.AsyncClient, service: RecordingService, status: int
) -> None:
    meeting = await meet(ada, service)
    service.answer = answering(status, "boom", method="DELETE")

    response = await ada.delete(f"/assistants/{meeting.aid}")

    assert response.status_code == 204
    told = {call.path for call in calls(service, "DELETE")}
    assert told == {f"/{meeting.aid}/conversations/{meeting.cid}", f"/{meeting.aid}"}
    assert await listed(ada) == []


async def test_an_assistant_is_deleted_though_its_service_is_gone(
    ada: httpx.AsyncClient, stack: Stack
) -> None:
    async with another_service(stack) as service:
        made = await new_assistant(ada, service)

    response = await ada.delete(f"/assistants/{made['id']}")

    assert response.status_code == 204
    assert await listed(ada) == []


async def test_an_assistant_is_deleted_though_its_service_is_no_longer_registered(
    ada: httpx.AsyncClient, stack: Stack
) -> None:
    service_id = new_service_id()
    registration = {"assistant_service_id": service_id, "name": "N", "description": "D"}
    answer = await ada.post("/assistant-service-registrations", json=registration)
    async with RecordingService(stack.functions_url, service_id) as service:
        service.take_key(answer.json())
        await service.register()
        made = await new_assistant(ada, service)
        await ada.delete(f"/assistant-service-registrations/{service_id}")

        [still_there] = await listed(ada)
        config = await ada.get(f"/assistants/{made['id']}/config")
        patched = await ada.patch(f"/assistants/{made['id']}", json={"name": "New"})
        deleted = await ada.delete(f"/assistants/{made['id']}")

    assert still_there["assistant_service_online"] is False
    assert [config.status_code, patched.status_code, deleted.status_code] == [424, 424, 204]


async def test_a_configuration_is_read_and_changed_at_the_service(
    ada: httpx.AsyncClient, service: RecordingService
) -> None:
    made = await new_assistant(ada, service)
    path = f"/assistants/{made['id']}/config"
    config = {"config": {"a": 1}, "errors": [], "json_schema": {}, "ui_schema": {}}

    got = await ada.get(path)
    put = await ada.put(path, json={"config": {"b": {"c": None}}})

    assert [outcome(got), outcome(put)] == [(200, config)] * 2
    [call] = calls(service, "PUT", "/config")
    assert json.loads(call.body) == {"config": {"b": {"c": None}}}


async def test_a_configuration_is_answered_with_every_field(
    ada: httpx.AsyncClient, service: RecordingService
) -> None:
    made = await new_assistant(ada, service)
    body = '{"config": {}, "json_schema": null, "ui_schema": null, "more": 1}'
    service.answer = answering(200, body, ending="/config")

    response = await ada.get(f"/assistants/{made['id']}/config")

    assert response.json() == {
        "config": {},
        "errors": None,
        "json_schema": None,
        "ui_schema": None,
    }


@pytest.mark.parametrize("body", [{}, {"config": []}, {"config": None}])
async def test_a_configuration_must_be_an_object(
    ada: httpx.AsyncClient, service: RecordingService, body: dict[str, Any]
) -> None:
    made = await new_assistant(ada, service)

    response = await ada.put(f"/assistants/{made['id']}/config", json=body)

    assert response.status_code == 422
    assert response.json()["detail"][0]["loc"] == ["body", "config"]
    assert calls(service, "PUT", "/config") == []


async def test_the_conversations_of_an_assistant_are_those_where_it_is_active(
    ada: httpx.AsyncClient, service: RecordingService
) -> None:
    meeting = await meet(ada, service)
    newer, left = [(await new_conversation(ada))["id"] for _ in range(2)]
    for cid in (newer, left):
        await add_assistant(ada, cid, meeting.aid)
    await Meeting(ada, service, left, meeting.aid).remove()
    await meeting.post("hello")

    response = await ada.get(f"/assistants/{meeting.aid}/conversations")

    assert response.status_code == 200
    found = response.json()["conversations"]
    assert [one["id"] for one in found] == [newer, meeting.cid]
    assert found[0]["latest_message"] is None
    assert found[1]["latest_message"]["content"] == "hello"
    notes = await ada.get(
        f"/assistants/{meeting.aid}/conversations", params={"latest_message_type": "note"}
    )
    assert notes.json()["conversations"][1]["latest_message"] is None

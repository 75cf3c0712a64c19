"""The calls to assistant services, to the byte: existing assistants depend on each of them."""

import json
import uuid
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.stack.stack import Stack
from tests.api.assistant_builders import (
    Meeting,
    another_service,
    answering,
    calls,
    listed,
    meet,
    new_service_id,
    outcome,
    stack_of_its_own,
)
from tests.api.conftest import new_assistant
from tests.support.assistant_service import Call, RecordingService

KEY = "a key/&+"
URLENCODED = "application/x-www-form-urlencoded"

# Requests of people that are answered with what the assistant service says.
PASSED_THROUGH = [
    ("GET", "/assistants/{aid}/config", None),
    ("PUT", "/assistants/{aid}/config", {"config": {}}),
    ("GET", "/assistants/{aid}/conversations/{cid}/states", None),
    ("GET", "/assistants/{aid}/conversations/{cid}/states/s", None),
    ("PUT", "/assistants/{aid}/conversations/{cid}/states/s", {"data": {}}),
    ("GET", "/assistant-services/{sid}", None),
]


@pytest.fixture
async def meeting(ada: httpx.AsyncClient, service: RecordingService) -> Meeting:
    """Ada and an assistant of hers."""
    return await meet(ada, service)


async def asked(
    meeting: Meeting, method: str, path: str, body: Any, **headers: str
) -> httpx.Response:
    """Ada's request, with the ids put into the path."""
    filled = path.format(aid=meeting.aid, cid=meeting.cid, sid=meeting.service.service_id)
    return await meeting.person.request(method, filled, json=body, headers=headers)


def called_path(meeting: Meeting, path: str) -> str:
    """The path that the service is called at for a request that is passed through."""
    if path.startswith("/assistant-services"):
        return "/"
    return path.removeprefix("/assistants").format(aid=meeting.aid, cid=meeting.cid)


def sent_headers(call: Call) -> dict[str, str]:
    """The headers that mean something, and not how the body travels."""
    travelling = {"host", "connection", "accept-encoding", "content-length", "user-agent"}
    return {name: value for name, value in call.headers.items() if name not in travelling}


async def test_creating_an_assistant_puts_a_urlencoded_form(
    ada: httpx.AsyncClient, service: RecordingService
) -> None:
    request_id = uuid.uuid4().hex
    body = {"assistant_service_id": service.service_id, "name": 'A "name" & ü', "image": "i"}

    made = await ada.post("/assistants", json=body, headers={"X-Request-ID": request_id})

    [call] = service.calls
    assert (call.method, call.target) == ("PUT", f"/{made.json()['id']}")
    assert call.body == (
        b"assistant=%7B%22assistant_name%22%3A%22A+%5C%22name%5C%22+%26+%C3%BC%22%2C"
        b"%22template_id%22%3A%22default%22%7D"
    )
    assert sent_headers(call) == {
        "accept": "*/*",
        "x-api-key": "",
        "x-request-id": request_id,
        "content-type": URLENCODED,
    }


async def test_joining_a_conversation_puts_a_urlencoded_form(
    ada: httpx.AsyncClient, service: RecordingService
) -> None:
    meeting = await meet(ada, service, title="Tea & cake")

    [call] = calls(service, "PUT", f"/conversations/{meeting.cid}")
    assert call.target == f"/{meeting.aid}/conversations/{meeting.cid}"
    assert call.body == (
        b"conversation=%7B%22id%22%3A%22" + meeting.cid.encode() + b"%22%2C"
        b"%22title%22%3A%22Tea+%26+cake%22%7D"
    )
    assert call.headers["content-type"] == URLENCODED


async def test_leaving_and_deleting_are_deletes_without_a_body(meeting: Meeting) -> None:
    await meeting.remove()
    await meeting.person.delete(f"/assistants/{meeting.aid}")

    deletes = calls(meeting.service, "DELETE")
    assert deletes[0].target == f"/{meeting.aid}/conversations/{meeting.cid}"
    assert deletes[-1].target == f"/{meeting.aid}"
    assert {call.body for call in deletes} == {b""}


async def test_an_event_is_posted_with_all_its_fields(meeting: Meeting) -> None:
    request_id = str(uuid.uuid4())
    message = {"content": "hé", "metadata": {"m": None}, "id": str(uuid.uuid4())}
    posted = await meeting.person.post(
        f"/conversations/{meeting.cid}/messages",
        json=message,
        headers={"X-Request-ID": request_id},
    )

    event = await meeting.service.wait_for_event(meeting.cid, "message.created")

    assert datetime.fromisoformat(event.pop("timestamp")).utcoffset() is not None
    assert len(bytes.fromhex(event.pop("id"))) == 16
    assert event == {
        "correlation_id": request_id,
        "conversation_id": meeting.cid,
        "event": "message.created",
        "sequence": 2,
        "data": {"message": posted.json()},
    }
    call = calls(meeting.service, "POST")[-1]
    assert call.target == f"/{meeting.aid}/conversations/{meeting.cid}/events"
    assert sent_headers(call) == {
        "accept": "*/*",
        "x-api-key": "",
        "x-request-id": request_id,
        "content-type": "application/json",
    }


async def test_a_participant_event_carries_all_participants(meeting: Meeting) -> None:
    event = await meeting.service.wait_for_event(meeting.cid, "participant.created")
    participants = await meeting.person.get(f"/conversations/{meeting.cid}/participants")

    assert event["data"]["participants"] == participants.json()["participants"]
    assert event["data"]["participant"] == await meeting.participant()


@pytest.mark.parametrize(("method", "path", "body"), PASSED_THROUGH)
async def test_a_request_is_passed_through(
    meeting: Meeting, method: str, path: str, body: dict[str, Any] | None
) -> None:
    request_id = uuid.uuid4().hex
    meeting.service.calls.clear()

    response = await asked(meeting, method, path, body, **{"X-Request-ID": request_id})

    assert response.status_code == 200, response.text
    [call] = meeting.service.calls
    assert (call.method, call.target) == (method, called_path(meeting, path))
    assert (json.loads(call.body) if call.body else None) == body
    assert (call.headers["x-api-key"], call.headers["x-request-id"]) == ("", request_id)
    assert "authorization" not in call.headers


async def test_a_state_id_is_quoted_in_the_path(meeting: Meeting) -> None:
    path = f"/assistants/{meeting.aid}/conversations/{meeting.cid}/states"

    await meeting.person.get(f"{path}/a%2Fb%20c%3Fd")

    call = meeting.service.calls[-1]
    assert call.target == (f"/{meeting.aid}/conversations/{meeting.cid}/states/a%2Fb%20c%3Fd")


@pytest.mark.parametrize(
    ("status", "body"),
    [(500, '{"detail":"boom"}'), (404, '{"detail":"Not Found"}'), (422, "x"), (302, "")],
)
@pytest.mark.parametrize(("method", "path", "content"), PASSED_THROUGH)
async def test_an_error_of_the_service_is_passed_back(
    meeting: Meeting, method: str, path: str, content: Any, status: int, body: str
) -> None:
    meeting.service.answer = answering(status, body)

    response = await asked(meeting, method, path, content)

    assert outcome(response) == (
        status,
        {"detail": f"Assistant responded with error; response: {body}"},
    )


@pytest.mark.parametrize("body", ["", "no JSON", "[]", '{"other": 1}'])
@pytest.mark.parametrize(("method", "path", "content"), PASSED_THROUGH)
async def test_nonsense_of_the_service_is_a_failed_dependency(
    meeting: Meeting, method: str, path: str, content: Any, body: str
) -> None:
    meeting.service.answer = answering(200, body)

    response = await asked(meeting, method, path, content)

    assert response.status_code == 424
    assert response.json()["detail"].startswith("Assistant responded with an invalid ")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [*PASSED_THROUGH, ("PATCH", "/assistants/{aid}", {"name": "N"})],
)
async def test_a_service_that_is_down_is_a_failed_dependency(
    ada: httpx.AsyncClient, stack: Stack, method: str, path: str, body: Any
) -> None:
    async with another_service(stack) as service:
        meeting = await meet(ada, service)
        url = service.url.rstrip("/")

    response = await asked(meeting, method, path, body)

    called = "/" + meeting.aid if method == "PATCH" else called_path(meeting, path)
    assert response.status_code == 424
    assert response.json()["detail"].startswith(
        f"Failed to connect to assistant at url {url}{called}; ConnectError: "
    )


async def test_a_service_that_is_down_makes_no_assistant(
    ada: httpx.AsyncClient, stack: Stack
) -> None:
    async with another_service(stack) as service:
        pass

    response = await ada.post(
        "/assistants", json={"assistant_service_id": service.service_id, "name": "A"}
    )

    assert response.status_code == 424
    assert await listed(ada) == []


async def test_a_service_lives_at_any_path_of_its_url(
    ada: httpx.AsyncClient, service: RecordingService
) -> None:
    service.url = f"{service.url}base/path/"
    await service.register()

    made = await new_assistant(ada, service)

    assert [call.target for call in calls(service, "PUT")] == [f"/base/path/{made['id']}"]


@pytest.fixture
async def stack_with_a_key(tmp_path: Path) -> AsyncIterator[Stack]:
    """A stack of its own, in which all services have a key."""
    settings = {"WORKBENCH__SERVICE__ASSISTANT_API_KEY__FIXED_KEY": KEY}
    async with stack_of_its_own(tmp_path, **settings) as running:
        yield running


async def test_a_key_is_asked_for_shown_masked_and_sent_quoted(stack_with_a_key: Stack) -> None:
    service_id, url = new_service_id(), stack_with_a_key.functions_url
    path = f"/assistant-service-registrations/{service_id}"
    async with (
        RecordingService(url, service_id, api_key=KEY) as service,
        stack_with_a_key.api("Ada") as ada,
    ):
        registered = await service.register()
        without = await RecordingService(url, service_id).register()
        shown, reset = await ada.get(path), await ada.post(f"{path}/api-key")
        await new_assistant(ada, service)

    assert [registered.status_code, without.status_code] == [200, 401]
    assert shown.json()["api_key"] == "a ke" + "*" * 4
    assert reset.json()["api_key"] == KEY
    assert {call.headers["x-api-key"] for call in service.calls} == {"a%20key/%26%2B"}

"""States of assistants: read and changed by people, announced by the assistants."""

import json
import uuid
from typing import Any

import httpx
import pytest

from local.stack.stack import Stack
from tests.api.assistant_builders import NOT_FOUND, Meeting, another_service, calls, meet, outcome
from tests.api.conftest import Person, add_assistant, new_conversation
from tests.support.assistant_service import RecordingService
from tests.support.subscriber import Subscriber

STATE = {"id": "s", "data": {"x": 1}, "json_schema": None, "ui_schema": None}
KINDS = ["created", "updated", "deleted", "focus"]


@pytest.fixture
async def meeting(ada: httpx.AsyncClient, service: RecordingService) -> Meeting:
    """Ada and an assistant of hers."""
    return await meet(ada, service)


def states_of(meeting: Meeting, aid: str | None = None, cid: str | None = None) -> str:
    return f"/assistants/{aid or meeting.aid}/conversations/{cid or meeting.cid}/states"


async def announce(
    meeting: Meeting, *, assistant: str | None = None, kind: str = "updated", **query: str
) -> httpx.Response:
    """The assistant announces its state `s`, at the address of `assistant` if given."""
    async with meeting.service.workbench(meeting.aid) as me:
        return await me.post(
            f"/assistants/{assistant or meeting.aid}/states/events",
            params=query,
            json={"state_id": "s", "event": kind, "state": None},
        )


def announced(meeting: Meeting, cid: str) -> list[dict[str, Any]]:
    """The state events that the service got of a conversation."""
    found = meeting.service.events(cid)
    return [event for event in found if event["event"].startswith("assistant.state.")]


async def test_states_are_listed_as_the_service_offers_them(meeting: Meeting) -> None:
    response = await meeting.person.get(states_of(meeting))

    assert response.status_code == 200
    assert response.json() == {
        "states": [{"id": "s", "display_name": "S", "description": "d", "enabled": True}]
    }


async def test_one_state_is_read(meeting: Meeting) -> None:
    response = await meeting.person.get(f"{states_of(meeting)}/s")

    assert (response.status_code, response.json()) == (200, STATE)


async def test_a_state_is_changed_at_the_service(meeting: Meeting) -> None:
    response = await meeting.person.put(f"{states_of(meeting)}/s", json={"data": {"y": [2]}})

    assert (response.status_code, response.json()) == (200, STATE)
    [call] = calls(meeting.service, "PUT", "/states/s")
    assert json.loads(call.body) == {"data": {"y": [2]}}


async def test_a_state_needs_an_object_of_data(meeting: Meeting) -> None:
    response = await meeting.person.put(f"{states_of(meeting)}/s", json={"data": "text"})

    assert response.status_code == 422
    assert response.json()["detail"][0]["loc"] == ["body", "data"]
    assert calls(meeting.service, "PUT", "/states/s") == []


@pytest.mark.parametrize(
    ("method", "suffix", "body"), [("GET", "", None), ("GET", "/s", None), ("PUT", "/s", {})]
)
async def test_states_are_for_participants_where_the_assistant_is_active(
    person: Person, meeting: Meeting, method: str, suffix: str, body: dict[str, Any] | None
) -> None:
    elsewhere = (await new_conversation(meeting.person))["id"]
    content = None if body is None else {"data": body}
    unknown = str(uuid.uuid4())

    answers = [
        await client.request(method, f"{path}{suffix}", json=content)
        for client, path in [
            (person(), states_of(meeting)),
            (meeting.person, states_of(meeting, cid=elsewhere)),
            (meeting.person, states_of(meeting, cid=unknown)),
            (meeting.person, states_of(meeting, aid=unknown)),
        ]
    ]
    await meeting.remove()
    answers.append(await meeting.person.request(method, states_of(meeting) + suffix, json=content))

    assert [outcome(answer) for answer in answers] == [NOT_FOUND] * 5
    assert [call for call in meeting.service.calls if "/states" in call.path] == []


async def test_states_are_not_for_assistants(meeting: Meeting) -> None:
    async with meeting.service.workbench(meeting.aid) as me:
        response = await me.get(states_of(meeting))

    assert (response.status_code, response.json()) == (403, {"detail": "Forbidden"})


@pytest.mark.parametrize("kind", KINDS)
async def test_a_state_is_announced_in_one_conversation_to_everybody(
    meeting: Meeting, kind: str
) -> None:
    negotiated = await meeting.person.post(f"/conversations/{meeting.cid}/events/negotiate")
    async with Subscriber(negotiated.json()["url"]) as subscriber:
        response = await announce(meeting, kind=kind, conversation_id=meeting.cid)
        seen = await subscriber.next(f"assistant.state.{kind}")
        got = await meeting.service.wait_for_event(meeting.cid, f"assistant.state.{kind}")

    assert (response.status_code, response.content) == (204, b"")
    assert got == seen
    assert seen["correlation_id"] == response.headers["x-request-id"]
    assert seen["data"] == {
        "assistant_id": meeting.aid,
        "state_id": "s",
        "conversation_id": meeting.cid,
    }


async def test_a_state_is_announced_in_all_conversations_where_the_assistant_is_active(
    meeting: Meeting,
) -> None:
    other, left = [(await new_conversation(meeting.person))["id"] for _ in range(2)]
    for cid in (other, left):
        await add_assistant(meeting.person, cid, meeting.aid)
    await Meeting(meeting.person, meeting.service, left, meeting.aid).remove()

    response = await announce(meeting)

    assert response.status_code == 204
    for cid in (meeting.cid, other):
        event = await meeting.service.wait_for_event(cid, "assistant.state.updated")
        assert event["data"]["conversation_id"] == cid
    replayed = (await meeting.person.get(f"/conversations/{left}/events")).json()["events"]
    assert "assistant.state.updated" not in {event["event"] for event in replayed}


async def test_a_state_of_another_assistant_may_not_be_announced(
    meeting: Meeting, stack: Stack
) -> None:
    neighbour = await meet(meeting.person, meeting.service)
    async with another_service(stack) as service:
        foreign = Meeting(meeting.person, service, meeting.cid, meeting.aid)

        of_neighbour = await announce(
            meeting, assistant=neighbour.aid, conversation_id=neighbour.cid
        )
        by_stranger = await announce(foreign, conversation_id=meeting.cid)
        unknown = await announce(meeting, assistant=str(uuid.uuid4()))

    answers = [of_neighbour, by_stranger, unknown]
    assert [outcome(answer) for answer in answers] == [NOT_FOUND] * 3
    assert announced(meeting, meeting.cid) + announced(meeting, neighbour.cid) == []


async def test_a_state_may_not_be_announced_where_the_assistant_is_not(meeting: Meeting) -> None:
    elsewhere = (await new_conversation(meeting.person))["id"]

    answers = [
        await announce(meeting, conversation_id=cid) for cid in (elsewhere, str(uuid.uuid4()))
    ]

    assert [outcome(answer) for answer in answers] == [NOT_FOUND] * 2


async def test_people_do_not_announce_states(meeting: Meeting) -> None:
    body = {"state_id": "s", "event": "updated", "state": None}
    path = f"/assistants/{meeting.aid}/states/events"
    as_person = await meeting.person.post(path, json=body)
    async with meeting.service.workbench() as client:
        as_service = await client.post(path, json=body)

    answers = [as_person, as_service]
    assert [answer.status_code for answer in answers] == [403, 403]


@pytest.mark.parametrize(
    ("body", "kind", "field"),
    [
        ({"state_id": "s", "event": "renamed", "state": None}, "literal_error", "event"),
        ({"state_id": "s", "event": "updated"}, "missing", "state"),
        ({"event": "updated", "state": None}, "missing", "state_id"),
    ],
)
async def test_an_announcement_of_the_wrong_form_is_refused(
    meeting: Meeting, body: dict[str, Any], kind: str, field: str
) -> None:
    async with meeting.service.workbench(meeting.aid) as me:
        response = await me.post(f"/assistants/{meeting.aid}/states/events", json=body)

    assert response.status_code == 422
    [fault] = response.json()["detail"]
    assert (fault["type"], fault["loc"]) == (kind, ["body", field])

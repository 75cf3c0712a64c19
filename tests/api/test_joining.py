"""Assistants join conversations, act in them, leave and come back."""

import asyncio
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
    meet,
    outcome,
)
from tests.api.builders import events_of, post_message
from tests.api.conftest import Person, add_assistant, new_assistant, new_conversation
from tests.support.assistant_service import ICON, RecordingService


async def assistants_in(client: httpx.AsyncClient, cid: str) -> list[dict[str, Any]]:
    """The assistants among the participants, those who left too."""
    response = await client.get(
        f"/conversations/{cid}/participants", params={"include_inactive": True}
    )
    participants = response.json()["participants"]
    return [found for found in participants if found["role"] == "assistant"]


async def apart(client: httpx.AsyncClient, service: RecordingService) -> Meeting:
    """A conversation, and an assistant that isn't in it."""
    conversation = await new_conversation(client)
    assistant = await new_assistant(client, service)
    return Meeting(client, service, conversation["id"], assistant["id"])


async def update(meeting: Meeting, who: str, **body: Any) -> httpx.Response:
    """The assistant changes a participant."""
    async with meeting.service.workbench(meeting.aid) as me:
        return await me.patch(f"/conversations/{meeting.cid}/participants/{who}", json=body)


async def test_an_assistant_that_joins_is_a_participant(
    ada: httpx.AsyncClient, service: RecordingService
) -> None:
    meeting = await apart(ada, service)

    joined = await add_assistant(ada, meeting.cid, meeting.aid)

    assert joined.pop("status_updated_timestamp")
    assert joined == {
        "role": "assistant",
        "id": meeting.aid,
        "conversation_id": meeting.cid,
        "name": "Recorder",
        "image": ICON,
        "status": None,
        "active_participant": True,
        "online": True,
        "conversation_permission": "read_write",
        "metadata": {},
    }
    assert [found["id"] for found in await assistants_in(ada, meeting.cid)] == [meeting.aid]


async def test_an_assistant_may_speak_while_it_is_being_told_of_the_conversation(
    ada: httpx.AsyncClient, service: RecordingService
) -> None:
    meeting = await apart(ada, service)
    service.hold = asyncio.Event()
    joining = asyncio.create_task(add_assistant(ada, meeting.cid, meeting.aid))
    await service.wait_for(lambda me: bool(calls(me, "PUT", f"/conversations/{meeting.cid}")))

    async with service.workbench(meeting.aid) as me:
        conversation = await me.get(f"/conversations/{meeting.cid}")
        welcome = await post_message(me, meeting.cid, "welcome")
        listed = await me.get("/conversations")
    seen_meanwhile = await assistants_in(ada, meeting.cid)
    service.hold.set()
    await joining
    await service.wait_for_event(meeting.cid, "participant.created")

    assert conversation.status_code == 200
    assert [found["id"] for found in listed.json()["conversations"]] == [meeting.cid]
    assert welcome["sender"] == {"participant_role": "assistant", "participant_id": meeting.aid}
    assert seen_meanwhile == []
    kinds = [event["event"] for event in service.events(meeting.cid)]
    assert kinds == ["message.created", "participant.created"]


async def test_an_assistant_joins_with_the_events_from_then_on(
    ada: httpx.AsyncClient, service: RecordingService
) -> None:
    meeting = await apart(ada, service)
    await meeting.post("before")

    await add_assistant(ada, meeting.cid, meeting.aid)
    await meeting.post("after")
    await meeting.hears("after")

    assert [event["sequence"] for event in service.events(meeting.cid)] == [2, 3]


@pytest.mark.parametrize("status", [302, 404, 422, 500])
async def test_an_assistant_that_cannot_be_told_does_not_join(
    ada: httpx.AsyncClient, service: RecordingService, status: int
) -> None:
    meeting = await apart(ada, service)
    service.answer = answering(status, "boom", method="PUT")

    response = await ada.put(f"/conversations/{meeting.cid}/participants/{meeting.aid}", json={})
    participant = await ada.get(f"/conversations/{meeting.cid}/participants/{meeting.aid}")
    async with service.workbench(meeting.aid) as me:
        as_assistant = await me.get(f"/conversations/{meeting.cid}")

    assert outcome(response) == (
        status,
        {"detail": "Assistant responded with error; response: boom"},
    )
    assert [outcome(participant), outcome(as_assistant)] == [NOT_FOUND] * 2
    assert await assistants_in(ada, meeting.cid) == []
    assert await events_of(ada, meeting.cid) == []


async def test_an_assistant_whose_service_is_down_does_not_join(
    ada: httpx.AsyncClient, stack: Stack
) -> None:
    async with another_service(stack) as service:
        meeting = await apart(ada, service)

    response = await ada.put(f"/conversations/{meeting.cid}/participants/{meeting.aid}", json={})

    assert response.status_code == 424
    assert await assistants_in(ada, meeting.cid) == []


async def test_an_assistant_can_join_after_it_failed_to(
    ada: httpx.AsyncClient, service: RecordingService
) -> None:
    meeting = await apart(ada, service)
    path = f"/conversations/{meeting.cid}/participants/{meeting.aid}"
    service.answer = answering(500, "boom", method="PUT")
    await ada.put(path, json={})
    service.answer = None

    await add_assistant(ada, meeting.cid, meeting.aid)

    await service.wait_for_event(meeting.cid, "participant.created")
    assert (await meeting.participant())["active_participant"] is True


async def test_only_the_owner_of_an_assistant_adds_it(
    person: Person, service: RecordingService
) -> None:
    owner, other = person(), person()
    assistant = await new_assistant(other, service)
    conversation = await new_conversation(owner)

    by_conversation_owner = await owner.put(
        f"/conversations/{conversation['id']}/participants/{assistant['id']}", json={}
    )
    by_assistant_owner = await other.put(
        f"/conversations/{conversation['id']}/participants/{assistant['id']}", json={}
    )

    assert [outcome(by_conversation_owner), outcome(by_assistant_owner)] == [NOT_FOUND] * 2
    assert calls(service, "PUT", f"/conversations/{conversation['id']}") == []


async def test_adding_an_assistant_that_is_there_does_not_tell_its_service_again(
    ada: httpx.AsyncClient, service: RecordingService
) -> None:
    meeting = await meet(ada, service)

    await add_assistant(ada, meeting.cid, meeting.aid)

    assert len(calls(service, "PUT", f"/conversations/{meeting.cid}")) == 1
    assert [event["event"] for event in await events_of(ada, meeting.cid)] == [
        "participant.created"
    ]


async def test_an_assistant_that_leaves_is_told_and_has_no_access(
    ada: httpx.AsyncClient, service: RecordingService
) -> None:
    meeting = await meet(ada, service)

    await meeting.remove()

    assert calls(service, "DELETE", f"/{meeting.aid}/conversations/{meeting.cid}")
    assert (await meeting.participant())["active_participant"] is False
    async with service.workbench(meeting.aid) as me:
        refused = [
            await me.get(f"/conversations/{meeting.cid}"),
            await me.post(f"/conversations/{meeting.cid}/messages", json={"content": "still?"}),
            await me.patch(f"/conversations/{meeting.cid}/participants/me", json={}),
        ]
    assert [outcome(response) for response in refused] == [NOT_FOUND] * 3


@pytest.mark.parametrize("status", [404, 500])
async def test_an_assistant_leaves_whatever_its_service_says(
    ada: httpx.AsyncClient, service: RecordingService, status: int
) -> None:
    meeting = await meet(ada, service)
    service.answer = answering(status, "boom", method="DELETE")

    await meeting.remove()

    assert (await meeting.participant())["active_participant"] is False


async def test_an_assistant_may_leave_by_itself(
    ada: httpx.AsyncClient, service: RecordingService
) -> None:
    meeting = await meet(ada, service)

    left = await update(meeting, "me", active_participant=False)

    assert (left.status_code, left.json()["active_participant"]) == (200, False)
    assert calls(service, "DELETE", f"/{meeting.aid}/conversations/{meeting.cid}")


async def test_an_assistant_that_comes_back_is_told_again_and_misses_what_was_said_meanwhile(
    ada: httpx.AsyncClient, service: RecordingService
) -> None:
    meeting = await meet(ada, service)
    await meeting.remove()
    await meeting.post("behind its back")

    again = await meeting.rejoin()
    await meeting.post("welcome back")
    await meeting.hears("welcome back")

    assert again["active_participant"] is True
    assert len(calls(service, "PUT", f"/conversations/{meeting.cid}")) == 2
    assert [event["event"] for event in await events_of(ada, meeting.cid)] == [
        "participant.created",
        "participant.updated",
        "message.created",
        "participant.updated",
        "message.created",
    ]


async def test_an_assistant_that_left_comes_back_only_when_told_to(
    ada: httpx.AsyncClient, service: RecordingService
) -> None:
    meeting = await meet(ada, service)
    await meeting.remove()

    updated = await meeting.put(metadata={"m": 1})

    assert updated.json()["active_participant"] is False
    assert len(calls(service, "PUT", f"/conversations/{meeting.cid}")) == 1


async def test_an_assistant_that_cannot_be_told_again_stays_away(
    ada: httpx.AsyncClient, service: RecordingService
) -> None:
    meeting = await meet(ada, service)
    await meeting.remove()
    service.answer = answering(500, "boom", method="PUT")

    response = await meeting.put(active_participant=True)

    assert response.status_code == 500
    [participant] = await assistants_in(ada, meeting.cid)
    assert participant["active_participant"] is False
    async with service.workbench(meeting.aid) as me:
        assert outcome(await me.get(f"/conversations/{meeting.cid}")) == NOT_FOUND


async def test_an_assistant_sets_its_own_status(
    ada: httpx.AsyncClient, service: RecordingService
) -> None:
    meeting = await meet(ada, service)

    thinking = await update(meeting, "me", status="thinking")
    by_id = await update(meeting, meeting.aid, status="typing", metadata={"a": {"b": 1}})
    cleared = await update(meeting, "me", metadata={"a": {"c": 2}})

    assert [one.json()["status"] for one in (thinking, by_id, cleared)] == [
        "thinking",
        "typing",
        None,
    ]
    assert (await meeting.participant())["metadata"] == {"a": {"b": 1, "c": 2}}
    last = (await events_of(ada, meeting.cid))[-1]
    assert last["event"] == "participant.updated"
    assert last["data"]["participant"] == await meeting.participant()


async def test_an_assistant_does_not_change_other_participants(
    ada: httpx.AsyncClient, service: RecordingService
) -> None:
    meeting = await meet(ada, service)
    neighbour = await new_assistant(ada, service)
    await add_assistant(ada, meeting.cid, neighbour["id"])
    ada_id = (await ada.get("/users/me")).json()["id"]

    answers = [await update(meeting, who, status="x") for who in (ada_id, neighbour["id"])]

    assert [outcome(answer) for answer in answers] == [(403, {"detail": "Forbidden"})] * 2


async def test_a_service_does_not_act_for_an_assistant_of_another(
    ada: httpx.AsyncClient, service: RecordingService, stack: Stack
) -> None:
    meeting = await meet(ada, service)
    async with another_service(stack) as other, other.workbench(meeting.aid) as forged:
        answers = [
            await forged.get(f"/conversations/{meeting.cid}"),
            await forged.post(f"/conversations/{meeting.cid}/messages", json={"content": "x"}),
            await forged.patch(f"/conversations/{meeting.cid}/participants/me", json={}),
        ]

    assert [outcome(answer) for answer in answers] == [NOT_FOUND] * 3


async def test_requests_that_add_an_assistant_at_the_same_time_add_it_once(
    ada: httpx.AsyncClient, service: RecordingService
) -> None:
    meeting = await apart(ada, service)

    await asyncio.gather(*(add_assistant(ada, meeting.cid, meeting.aid) for _ in range(4)))

    created = [event["event"] for event in await events_of(ada, meeting.cid)]
    assert created.count("participant.created") == 1
    assert len(await assistants_in(ada, meeting.cid)) == 1

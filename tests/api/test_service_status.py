"""Assistant services come and go: people are told once, and see it where they look."""

import httpx
import pytest

from local.stack.stack import Stack
from tests.api.assistant_builders import Meeting, another_service, listed, meet
from tests.api.builders import events_of, negotiate
from tests.api.conftest import add_assistant, new_assistant, new_conversation
from tests.api.registration_builders import PATH, registered
from tests.support.assistant_service import RecordingService
from tests.support.subscriber import Subscriber


@pytest.fixture
async def meeting(ada: httpx.AsyncClient, service: RecordingService) -> Meeting:
    """Ada and an assistant of hers."""
    return await meet(ada, service)


async def people_of(meeting: Meeting) -> Subscriber:
    """A person's WebSocket in the conversation."""
    return Subscriber((await negotiate(meeting.person, f"/conversations/{meeting.cid}"))["url"])


async def announcements(meeting: Meeting) -> list[bool]:
    """Whether the assistant was announced to be online, each time that it was."""
    return [
        event["data"]["participant"]["online"]
        for event in await events_of(meeting.person, meeting.cid)
        if event["event"] == "participant.updated"
    ]


async def test_a_service_that_expires_and_comes_back_is_announced_to_people(
    meeting: Meeting,
) -> None:
    async with await people_of(meeting) as people:
        await meeting.service.register(expires_in=0.2)
        gone = await people.next("participant.updated")
        await meeting.service.register()
        back = await people.next("participant.updated")

    for event, online in ((gone, False), (back, True)):
        participant = event["data"]["participant"]
        assert (participant["id"], participant["online"]) == (meeting.aid, online)
        assert participant in event["data"]["participants"]
        assert participant["active_participant"] is True
    assert back["sequence"] == gone["sequence"] + 1


async def test_an_expiry_is_announced_once_however_often_it_is_looked_for(
    meeting: Meeting, stack: Stack
) -> None:
    async with another_service(stack) as other, await people_of(meeting) as people:
        await meeting.service.register(expires_in=0)
        await people.next("participant.updated")
        # Another service's expiry is announced by a later run of the timer.
        assistant = await new_assistant(meeting.person, other)
        await add_assistant(meeting.person, meeting.cid, assistant["id"])
        await people.next("participant.created")
        await other.register(expires_in=0)
        later = await people.next("participant.updated")

    assert later["data"]["participant"]["id"] == assistant["id"]
    assert await announcements(meeting) == [False, False]


async def test_heartbeats_of_a_service_that_is_online_are_not_announced(meeting: Meeting) -> None:
    for _ in range(3):
        await meeting.service.register()
    async with await people_of(meeting) as people:
        await meeting.service.register(expires_in=0)
        await people.next("participant.updated")

    assert await announcements(meeting) == [False]


async def test_the_deletion_of_a_service_that_is_online_is_announced(
    ada: httpx.AsyncClient, stack: Stack
) -> None:
    registration = await registered(ada)
    service_id = registration["assistant_service_id"]
    async with RecordingService(stack.functions_url, service_id) as service:
        service.take_key(registration)
        assert (await service.register()).status_code == 200
        meeting = await meet(ada, service)
        async with await people_of(meeting) as people:
            assert (await ada.delete(f"{PATH}/{service_id}")).status_code == 204
            gone = await people.next("participant.updated")

    assert gone["data"]["participant"]["id"] == meeting.aid
    assert gone["data"]["participant"]["online"] is False
    assert await announcements(meeting) == [False]


async def test_all_conversations_of_all_assistants_of_a_service_are_told(
    meeting: Meeting,
) -> None:
    second_place = (await new_conversation(meeting.person))["id"]
    await add_assistant(meeting.person, second_place, meeting.aid)
    second = Meeting(meeting.person, meeting.service, second_place, meeting.aid)
    other = await meet(meeting.person, meeting.service)
    async with (
        await people_of(meeting) as here,
        await people_of(second) as there,
        await people_of(other) as elsewhere,
    ):
        await meeting.service.register(expires_in=0)
        told = [await people.next("participant.updated") for people in (here, there, elsewhere)]

    assert [event["conversation_id"] for event in told] == [meeting.cid, second.cid, other.cid]
    assert [event["data"]["participant"]["id"] for event in told] == [
        meeting.aid,
        meeting.aid,
        other.aid,
    ]


async def test_a_person_hears_of_it_on_their_own_stream(meeting: Meeting) -> None:
    async with Subscriber((await negotiate(meeting.person, ""))["url"]) as own:
        await meeting.service.register(expires_in=0)
        event = await own.next("participant.updated")

    assert event["conversation_id"] == meeting.cid
    assert event["data"]["participant"]["online"] is False


@pytest.mark.parametrize("expires_in", [0, 120])
async def test_whether_an_assistant_is_online_is_seen_wherever_it_is_shown(
    meeting: Meeting, expires_in: int
) -> None:
    client, cid = meeting.person, meeting.cid
    async with await people_of(meeting) as people:
        if not expires_in:
            await meeting.service.register(expires_in)
            await people.next("participant.updated")

    one = await meeting.participant()
    in_list = (await client.get(f"/conversations/{cid}/participants")).json()["participants"]
    in_conversation = (await client.get(f"/conversations/{cid}")).json()["participants"]
    in_conversations = (await client.get("/conversations")).json()["conversations"]

    online = bool(expires_in)
    people_first = [None, online]
    assert one["online"] is online
    assert [found["online"] for found in in_list] == people_first
    assert [found["online"] for found in in_conversation] == people_first
    assert [found["online"] for found in in_conversations[0]["participants"]] == people_first
    assert [found["assistant_service_online"] for found in await listed(client)] == [online]


async def test_an_assistant_that_has_left_is_shown_online_or_offline_like_any_other(
    meeting: Meeting,
) -> None:
    await meeting.remove()
    async with await people_of(meeting) as people:
        await meeting.service.register(expires_in=0)
        event = await people.next("participant.updated")

    assert event["data"]["participant"]["active_participant"] is False
    assert event["data"]["participant"]["online"] is False

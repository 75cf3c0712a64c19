"""Assistants that replay a conversation, and clients of the original that expect a stream."""

import httpx
import pytest

from tests.api.assistant_builders import Meeting, meet
from tests.api.builders import events_of, negotiate, sequences
from tests.support.assistant_service import RecordingService
from tests.support.subscriber import Subscriber


@pytest.fixture
async def meeting(ada: httpx.AsyncClient, service: RecordingService) -> Meeting:
    """Ada and an assistant of hers."""
    return await meet(ada, service)


async def test_an_assistant_replays_the_history_that_people_see_without_a_gap(
    meeting: Meeting,
) -> None:
    stream = await negotiate(meeting.person, f"/conversations/{meeting.cid}")
    async with Subscriber(stream["url"]) as people:
        await meeting.service.register(expires_in=0)
        await people.next("participant.updated")
        await meeting.service.register()
        await people.next("participant.updated")
    await meeting.post("hello")
    await meeting.hears("hello")

    async with meeting.service.workbench(meeting.aid) as me:
        replayed = await events_of(me, meeting.cid)

    assert sequences(replayed) == [1, 2, 3, 4]
    assert replayed == await events_of(meeting.person, meeting.cid)
    delivered = meeting.service.events(meeting.cid)
    assert sequences(delivered) == [1, 4]
    assert [replayed[0], replayed[3]] == delivered


async def test_a_client_that_wants_a_stream_is_told_where_events_are(meeting: Meeting) -> None:
    wanted = {"Accept": "text/event-stream", "Cache-Control": "no-store"}
    path = f"/conversations/{meeting.cid}/events"
    async with meeting.service.workbench(meeting.aid) as me:
        refused = await me.get(path, headers=wanted)

    assert refused.status_code == 406
    assert "/negotiate" in refused.json()["detail"]


@pytest.mark.parametrize("accept", ["*/*", "application/json", "text/event-stream, */*;q=0.1"])
async def test_a_client_that_takes_json_gets_it(meeting: Meeting, accept: str) -> None:
    path = f"/conversations/{meeting.cid}/events"
    answer = await meeting.person.get(path, headers={"Accept": accept})

    assert answer.status_code == 200
    assert sequences(answer.json()["events"]) == [1]

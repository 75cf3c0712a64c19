"""Events reach assistants: each of them, in order, and whatever happens to another assistant."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from aiohttp import web

from local.stack.stack import Stack
from tests.api.assistant_builders import (
    Answer,
    Meeting,
    another_service,
    calls,
    dead_letters,
    heard,
    meet,
    stack_of_its_own,
)
from tests.api.builders import events_of, negotiate, post_message
from tests.api.conftest import add_assistant, new_assistant, new_conversation
from tests.support.assistant_service import RecordingService
from tests.support.subscriber import Subscriber

MORE_THAN_THE_HOST_RUNS = 30
"""More deliveries than one Functions host runs side by side: see host.json."""

MESSAGES = [f"message {number}" for number in range(20)]


@pytest.fixture
async def meeting(ada: httpx.AsyncClient, service: RecordingService) -> Meeting:
    """Ada and an assistant of hers."""
    return await meet(ada, service)


@pytest.fixture
async def troubled(stack: Stack) -> AsyncIterator[RecordingService]:
    """A service that is to have difficulties."""
    async with another_service(stack) as service:
        yield service


async def join(meeting: Meeting, service: RecordingService) -> Meeting:
    """An assistant of another service joins the conversation."""
    assistant = await new_assistant(meeting.person, service)
    await add_assistant(meeting.person, meeting.cid, assistant["id"])
    await service.wait_for(lambda me: bool(me.events(meeting.cid)))
    return Meeting(meeting.person, service, meeting.cid, assistant["id"])


def answering_first(times: int, status: int) -> Answer:
    """A failure of the first so many events, and then the normal answers."""
    left = iter(range(times))

    def answer(method: str, _: str) -> web.Response | None:
        failing = method == "POST" and next(left, None) is not None
        return web.Response(status=status) if failing else None

    return answer


async def test_events_arrive_in_order_and_once_while_nothing_fails(meeting: Meeting) -> None:
    await meeting.post(*MESSAGES)

    await meeting.hears(*MESSAGES)
    sequences = [event["sequence"] for event in meeting.service.events(meeting.cid)]
    assert sequences == list(range(1, len(MESSAGES) + 2))


async def test_events_of_posts_at_the_same_time_arrive_in_the_order_of_their_numbers(
    meeting: Meeting,
) -> None:
    await asyncio.gather(*(post_message(meeting.person, meeting.cid, text) for text in MESSAGES))

    await meeting.service.wait_for(lambda _: len(meeting.heard()) == len(MESSAGES))
    replayed = await events_of(meeting.person, meeting.cid)
    assert meeting.service.events(meeting.cid) == replayed


async def test_an_assistant_gets_its_own_messages_too(meeting: Meeting) -> None:
    async with meeting.service.workbench(meeting.aid) as me:
        await post_message(me, meeting.cid, "mine")

    await meeting.hears("mine")


async def test_two_assistants_of_one_service_get_each_event(meeting: Meeting) -> None:
    neighbour = await join(meeting, meeting.service)

    await meeting.post("hello")

    await meeting.service.wait_for(lambda _: len(meeting.heard()) == 2)
    posted = {call.path for call in calls(meeting.service, "POST") if b"hello" in call.body}
    assert posted == {
        f"/{aid}/conversations/{meeting.cid}/events" for aid in (meeting.aid, neighbour.aid)
    }


async def test_a_hanging_assistant_delays_no_other_and_gets_everything_later(
    meeting: Meeting, troubled: RecordingService
) -> None:
    hanging = await join(meeting, troubled)
    troubled.hold = asyncio.Event()

    await meeting.post(*MESSAGES)
    await meeting.hears(*MESSAGES)
    assert len(hanging.heard()) == 1  # the one that it does not answer
    troubled.hold.set()

    await hanging.hears(*MESSAGES)


async def test_a_service_that_hangs_in_many_conversations_leaves_room_for_others(
    meeting: Meeting, troubled: RecordingService
) -> None:
    assistant = (await new_assistant(meeting.person, troubled))["id"]
    cids = [(await new_conversation(meeting.person))["id"] for _ in range(MORE_THAN_THE_HOST_RUNS)]
    await asyncio.gather(*(add_assistant(meeting.person, cid, assistant) for cid in cids))
    troubled.hold = asyncio.Event()
    await asyncio.gather(*(post_message(meeting.person, cid, "hello") for cid in cids))

    await meeting.post("hello")
    await meeting.hears("hello")
    troubled.hold.set()

    await troubled.wait_for(lambda me: all(heard(me, cid) == ["hello"] for cid in cids), 30)


async def test_a_failing_assistant_delays_no_other_and_gets_everything_in_order_later(
    meeting: Meeting, troubled: RecordingService
) -> None:
    failing = await join(meeting, troubled)
    troubled.answer = answering_first(1, 500)

    await meeting.post(*MESSAGES[:5])
    await meeting.hears(*MESSAGES[:5])

    await failing.hears(MESSAGES[0], *MESSAGES[:5])


@pytest.mark.parametrize("status", [401, 403, 408, 425, 429, 500, 503])
async def test_a_failure_that_may_pass_is_tried_again(meeting: Meeting, status: int) -> None:
    meeting.service.answer = answering_first(1, status)

    await meeting.post("first", "second")

    await meeting.hears("first", "first", "second")


async def test_an_event_of_before_is_the_same_event_when_tried_again(meeting: Meeting) -> None:
    meeting.service.answer = answering_first(1, 500)

    await meeting.post("hello")
    await meeting.hears("hello", "hello")

    first, second = meeting.service.events(meeting.cid)[-2:]
    assert first == second


async def test_an_event_that_is_refused_becomes_a_dead_letter_and_delivery_goes_on(
    meeting: Meeting, stack: Stack
) -> None:
    meeting.service.answer = answering_first(1, 422)

    await meeting.post("refused", "welcome")
    await meeting.hears("refused", "welcome")

    [letter] = await dead_letters(stack, meeting)
    event = meeting.service.events(meeting.cid)[1]
    assert letter["event_id"] == event["id"]
    assert letter["event_sequence"] == event["sequence"] == 2
    assert letter["assistant_id"] == meeting.aid
    assert letter["reason"] == "the assistant service refused it"


async def test_an_event_that_nobody_knows_what_to_do_with_is_skipped_silently(
    meeting: Meeting, stack: Stack
) -> None:
    meeting.service.answer = answering_first(1, 404)

    await meeting.post("unknown", "known")
    await meeting.hears("unknown", "known")

    assert await dead_letters(stack, meeting) == []


async def test_events_of_a_service_that_is_offline_are_held_until_it_is_back(
    meeting: Meeting,
) -> None:
    await meeting.service.register(expires_in=0)
    async with Subscriber(
        (await negotiate(meeting.person, f"/conversations/{meeting.cid}"))["url"]
    ) as people:
        await meeting.post(*MESSAGES)
        await people.next("participant.updated")
    assert meeting.heard() == []

    await meeting.service.register()

    await meeting.hears(*MESSAGES)


async def test_people_only_events_do_not_reach_assistants(meeting: Meeting) -> None:
    async with Subscriber(
        (await negotiate(meeting.person, f"/conversations/{meeting.cid}"))["url"]
    ) as people:
        await meeting.service.register(expires_in=0)
        await people.next("participant.updated")
        await meeting.service.register()
        await people.next("participant.updated")
    await meeting.post("hello")
    await meeting.hears("hello")

    kinds = [event["event"] for event in meeting.service.events(meeting.cid)]
    assert kinds == ["participant.created", "message.created"]


async def test_an_assistant_that_left_gets_nothing_more(
    meeting: Meeting, troubled: RecordingService
) -> None:
    left = await join(meeting, troubled)
    await left.remove()

    await meeting.post(*MESSAGES[:3])
    await meeting.hears(*MESSAGES[:3])
    await left.rejoin()
    await meeting.post("welcome back")

    await left.hears("welcome back")


async def test_an_assistant_that_left_while_it_hung_gets_nothing_that_came_after(
    meeting: Meeting, troubled: RecordingService
) -> None:
    hanging = await join(meeting, troubled)
    troubled.hold = asyncio.Event()
    await meeting.post("while it was here")
    await troubled.wait_for(lambda _: hanging.heard() == ["while it was here"])
    leaving = asyncio.create_task(hanging.remove())
    await troubled.wait_for(lambda me: bool(calls(me, "DELETE")))

    await meeting.post("not for it")
    troubled.hold.set()
    await leaving
    troubled.hold = None
    await hanging.rejoin()
    await meeting.post("welcome back")
    await troubled.wait_for(lambda _: "welcome back" in hanging.heard())

    assert hanging.heard() == ["while it was here", "welcome back"]


async def test_an_assistant_that_listens_gets_its_events_by_web_pubsub_and_not_by_http(
    meeting: Meeting,
) -> None:
    async with meeting.service.workbench(meeting.aid) as me:
        stream = await negotiate(me, f"/assistants/{meeting.aid}")
    async with Subscriber(stream["url"]) as listening:
        await meeting.post(*MESSAGES[:3])
        seen = [await listening.next("message.created") for _ in range(3)]
        assert [event["data"]["message"]["content"] for event in seen] == MESSAGES[:3]
        assert meeting.heard() == []

    await meeting.post("by HTTP again")

    await meeting.hears("by HTTP again")
    assert meeting.service.events(meeting.cid)[-1]["sequence"] == seen[-1]["sequence"] + 1


async def test_an_assistant_that_only_negotiated_gets_its_events_by_http(
    meeting: Meeting,
) -> None:
    async with meeting.service.workbench(meeting.aid) as me:
        await negotiate(me, f"/assistants/{meeting.aid}")

    await meeting.post("hello")

    await meeting.hears("hello")


@pytest.fixture
async def impatient(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """A stack of its own, which gives up soon."""
    folder = tmp_path_factory.mktemp("impatient")
    settings = {
        "WORKBENCH__EVENTS__DELIVERY_MAX_ATTEMPTS": "2",
    }
    async with stack_of_its_own(folder, **settings) as running:
        yield running


async def test_an_event_is_given_up_after_the_configured_attempts(impatient: Stack) -> None:
    async with another_service(impatient) as service, impatient.api("Ada") as ada:
        meeting = await meet(ada, service)
        service.answer = answering_first(2, 500)

        await meeting.post("lost", "found")
        await meeting.hears("lost", "lost", "found")

        [letter] = await dead_letters(impatient, meeting)
    assert (letter["reason"], letter["attempts"]) == ("the assistant service kept failing", 2)
    assert letter["event_sequence"] == 2


async def test_events_arrive_in_order_though_the_host_is_killed_while_it_delivers(
    tmp_path: Path,
) -> None:
    async with (
        stack_of_its_own(tmp_path) as stack,
        another_service(stack) as service,
        stack.api("Ada") as ada,
    ):
        one, several = await meet(ada, service), await meet(ada, service)
        service.hold = asyncio.Event()
        await one.post("alone")
        await several.post(*MESSAGES[:5])
        await service.wait_for(lambda _: bool(one.heard() and several.heard()))

        await stack.kill_functions_host()
        service.hold.set()
        await stack.restart_functions_host()
        await several.post("after")

        await one.hears("alone", "alone", seconds=35)
        await several.hears(MESSAGES[0], *MESSAGES[:5], "after", seconds=35)

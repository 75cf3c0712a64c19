"""Web PubSub has limits and bad days: changes are made all the same, and no event is lost."""

from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest

from local.stack.stack import Stack
from shared import resources
from tests.api.assistant_builders import Meeting, meet
from tests.api.builders import admit, events_of, leave, negotiate, post_message, user_id_of
from tests.api.conftest import Person, new_conversation
from tests.support.assistant_service import RecordingService
from tests.support.eventually import eventually
from tests.support.subscriber import Subscriber

LONG_IN_TRANSIT = "\u6f22" * 300_000
"""Below the limit in characters and in UTF-8, above it as Web PubSub gets it."""

SENT_BY_THE_SDK = 2
"""How often it sends a request that fails."""

LONGER_THAN_A_CLIENT_WAITS = 60_000

Fault = Callable[..., Awaitable[None]]


@pytest.fixture
async def fault(stack: Stack) -> AsyncIterator[Fault]:
    """Orders faults of the stack's Web PubSub, and takes them back after the test."""
    admin = stack.web_pubsub_admin
    yield admin.add_fault
    await admin.clear_faults()


@pytest.fixture
async def meeting(ada: httpx.AsyncClient, service: RecordingService) -> Meeting:
    """Ada and an assistant of hers."""
    return await meet(ada, service)


async def stream_of(meeting: Meeting) -> Subscriber:
    """The assistant's own stream."""
    async with meeting.service.workbench(meeting.aid) as me:
        return Subscriber((await negotiate(me, f"/assistants/{meeting.aid}"))["url"])


async def test_an_event_too_large_in_transit_says_so_and_is_replayed(
    ada: httpx.AsyncClient,
) -> None:
    cid = (await new_conversation(ada))["id"]
    async with Subscriber((await negotiate(ada, f"/conversations/{cid}"))["url"]) as people:
        posted = await post_message(ada, cid, LONG_IN_TRANSIT)
        event = await people.next()

    assert (event["event"], event["sequence"], event["data"]) == ("message.created", 1, None)
    assert await events_of(ada, cid) == [event | {"data": {"message": posted}}]


async def test_an_event_too_large_in_transit_does_not_stop_an_assistant_s_stream(
    meeting: Meeting,
) -> None:
    async with await stream_of(meeting) as stream:
        await meeting.post(LONG_IN_TRANSIT, "short")
        large, small = [await stream.next("message.created") for _ in range(2)]

    assert large["data"] is None
    assert small["data"]["message"]["content"] == "short"


@pytest.mark.parametrize("operation", ["exists", "send"])
async def test_an_assistant_that_can_not_be_reached_there_gets_its_events_by_http(
    meeting: Meeting, fault: Fault, operation: str
) -> None:
    async with await stream_of(meeting) as stream:
        await meeting.post("by Web PubSub")
        await stream.next("message.created")
        await fault(operation=operation, status=503)
        await meeting.post("by HTTP")

        await meeting.hears("by HTTP")


async def test_a_change_is_made_while_nothing_can_be_published(
    ada: httpx.AsyncClient, person: Person, stack: Stack, fault: Fault
) -> None:
    cid = (await new_conversation(ada))["id"]
    await admit(stack, cid, bert := person())
    await fault(operation="*", latency_ms=LONGER_THAN_A_CLIENT_WAITS)

    await post_message(ada, cid, "hello")
    await leave(bert, cid)

    assert [event["event"] for event in await events_of(ada, cid)] == [
        "message.created",
        "participant.updated",
    ]


async def test_who_could_not_be_sent_away_is_sent_away_as_soon_as_that_works(
    ada: httpx.AsyncClient, person: Person, stack: Stack, fault: Fault
) -> None:
    cid = (await new_conversation(ada))["id"]
    user_id = await admit(stack, cid, bert := person())
    connection = await negotiate(bert, f"/conversations/{cid}")
    async with Subscriber(connection["url"]):
        assert await groups_of(stack, user_id) == [f"conversation.{cid}"]
        await fault(operation="groups", status=503, times=SENT_BY_THE_SDK)
        await leave(bert, cid)

        await eventually(lambda: is_in_no_group(stack, user_id))


@pytest.mark.parametrize("failures", [0, SENT_BY_THE_SDK])
async def test_who_follows_a_conversation_hears_that_it_is_deleted_and_then_nothing_more(
    ada: httpx.AsyncClient, stack: Stack, fault: Fault, failures: int
) -> None:
    cid = (await new_conversation(ada))["id"]
    user_id = await user_id_of(ada)
    connection = await negotiate(ada, f"/conversations/{cid}")
    async with Subscriber(connection["url"]) as people:
        if failures:
            await fault(operation="groups", status=503, times=failures)
        assert (await ada.delete(f"/conversations/{cid}")).status_code == 204

        assert (await people.next())["event"] == "conversation.deleted"
        await eventually(lambda: is_in_no_group(stack, user_id))


async def groups_of(stack: Stack, user_id: str) -> list[str]:
    """The groups in which a person has a connection."""
    connections = await stack.web_pubsub_admin.connections(resources.WEB_PUBSUB_HUB)
    mine = [found for found in connections if found["userId"] == user_id]
    return [group for found in mine for group in found["groups"]]


async def is_in_no_group(stack: Stack, user_id: str) -> bool:
    """Whether a person follows nothing any more."""
    return await groups_of(stack, user_id) == []

"""A crash between a commit and its nudge: the message that was sent ahead finds the events."""

import asyncio
import contextlib
from pathlib import Path

import httpx
from azure.storage.queue.aio import QueueClient

from shared import resources
from tests.api.assistant_builders import another_service, stack_of_its_own
from tests.api.builders import events_of
from tests.api.conftest import add_assistant, new_assistant, new_conversation
from tests.support import backends
from tests.support.eventually import eventually

WRITE_AHEAD_SECONDS = 4


async def waiting(messages: QueueClient) -> int:
    """How many messages a queue has, those that are not visible yet among them."""
    return (await messages.get_queue_properties()).approximate_message_count or 0


async def announced(statuses: QueueClient) -> bool:
    """Whether all has been said of a service that came, but for the message sent ahead."""
    return await waiting(statuses) == 1


async def test_an_event_reaches_its_assistant_though_the_host_died_before_the_answer(
    tmp_path: Path,
) -> None:
    ahead = {"WORKBENCH__EVENTS__WRITE_AHEAD_SECONDS": str(WRITE_AHEAD_SECONDS)}
    async with (
        stack_of_its_own(tmp_path, **ahead) as stack,
        another_service(stack) as service,
        stack.api("Ada") as ada,
        backends.queue(stack, resources.DELIVERIES_QUEUE) as deliveries,
        backends.queue(stack, resources.SERVICE_STATUS_QUEUE) as statuses,
    ):
        await eventually(lambda: announced(statuses))
        cid = (await new_conversation(ada))["id"]
        assistant_id = (await new_assistant(ada, service))["id"]
        # The first change lets the assistant in, the second makes it a participant.
        await stack.cosmos_admin.add_fault(operation="batch", spare=1, hold=True)
        joining = asyncio.create_task(add_assistant(ada, cid, assistant_id))
        await eventually(stack.cosmos_admin.holds_an_answer)

        await stack.kill_functions_host()
        await stack.cosmos_admin.clear_faults()
        with contextlib.suppress(httpx.HTTPError):
            await joining
        # Nothing but the message sent ahead may lead to the assistant.
        await statuses.clear_messages()
        assert await waiting(deliveries) == 1
        assert service.events(cid) == []
        await stack.restart_functions_host()

        event = await service.wait_for_event(cid, "participant.created")
        assert [event] == await events_of(ada, cid)

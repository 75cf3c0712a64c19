"""What has not reached its assistant shows, and operators can send dead letters once more."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from aiohttp import web
from azure.storage.queue import TextBase64EncodePolicy
from azure.storage.queue.aio import QueueClient

from local.stack.stack import Stack
from shared import metrics, resources
from shared.metrics import Metric
from tests.api.assistant_builders import (
    Meeting,
    dead_letters,
    heard,
    meet,
)
from tests.operations.conftest import Telemetry
from tests.support import backends
from tests.support.assistant_service import RecordingService
from tests.support.eventually import eventually


@pytest.fixture
async def meeting(ada: httpx.AsyncClient, service: RecordingService) -> Meeting:
    """A person and an assistant of theirs."""
    return await meet(ada, service)


@pytest.fixture
async def anybody(traced: Stack) -> AsyncIterator[httpx.AsyncClient]:
    """A client without credentials, of the host's own routes too."""
    async with httpx.AsyncClient(base_url=traced.functions_url) as client:
        yield client


async def gauge(
    anybody: httpx.AsyncClient, exported: Telemetry, metric: Metric, **attributes: str
) -> Any:
    """The value of a gauge, for these attributes, after a fresh measurement."""
    seen = len(exported.spans())
    await anybody.post("/admin/functions/measure_backlog", json={"input": ""})

    async def measured() -> bool:
        return any(span["name"] == "measure_backlog" for span in exported.spans()[seen:])

    await eventually(measured)
    exports = len(exported.exports(metric.name))

    async def written() -> bool:  # the export after the next one was begun after the measurement
        return len(exported.exports(metric.name)) >= exports + 2

    await eventually(written)
    [point] = [p for p in exported.metric(metric.name) if p["attributes"] == attributes]
    return point["value"]


async def cursor_of(stack: Stack, meeting: Meeting) -> dict[str, Any]:
    async with backends.container(stack) as container:
        return await container.read_item(f"cursor-{meeting.aid}", partition_key=meeting.cid)


async def waiting_for(stack: Stack, meeting: Meeting, age: timedelta) -> None:
    """Wait until the delivery waits for a service that is offline, and make it so long ago."""

    async def waits() -> bool:
        return (await cursor_of(stack, meeting))["waiting_since"] is not None

    await eventually(waits)
    since = (datetime.now(UTC) - age).isoformat()
    async with backends.container(stack) as container:
        patch = [{"op": "set", "path": "/waiting_since", "value": since}]
        await container.patch_item(f"cursor-{meeting.aid}", meeting.cid, patch)


def queue_of(stack: Stack, name: str) -> QueueClient:
    connection = stack.addresses.environment["AzureWebJobsStorage"]
    return QueueClient.from_connection_string(
        connection, name, message_encode_policy=TextBase64EncodePolicy()
    )


async def ask_for_replay(stack: Stack, meeting: Meeting, sequence: int) -> None:
    """What an operator sends, as docs/operations.md has it."""
    queue = queue_of(stack, resources.DELIVERIES_QUEUE)
    text = (
        f'{{"conversation_id": "{meeting.cid}", "assistant_id": "{meeting.aid}",'
        f' "dead_letter": {sequence}}}'
    )
    async with queue:
        await queue.send_message(text)


async def refused_message(meeting: Meeting, stack: Stack) -> int:
    """Post a message that the service refuses; the sequence number of its dead letter."""
    refusals = iter([422])
    meeting.service.answer = lambda method, _: (
        web.Response(status=status) if method == "POST" and (status := next(refusals, 0)) else None
    )
    await meeting.post("refused", "welcome")
    await meeting.hears("refused", "welcome")
    [letter] = await dead_letters(stack, meeting)
    return letter["event_sequence"]


async def test_health_needs_no_credentials(anybody: httpx.AsyncClient) -> None:
    answer = await anybody.get("/health")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_health_asks_the_database_nothing(traced: Stack, anybody: httpx.AsyncClient) -> None:
    async with traced.cosmos_requests() as requests:
        for _ in range(3):
            await anybody.get("/health")

    assert requests.total == 0


async def test_deliveries_that_wait_too_long_are_counted_with_the_age_of_the_oldest(
    meeting: Meeting, traced: Stack, anybody: httpx.AsyncClient, exported: Telemetry
) -> None:
    await meeting.service.register(expires_in=0)
    await meeting.post("held")
    await waiting_for(traced, meeting, timedelta(minutes=4))
    assert await gauge(anybody, exported, metrics.BACKLOG_OVERDUE) == 0

    await waiting_for(traced, meeting, timedelta(minutes=20))
    assert await gauge(anybody, exported, metrics.BACKLOG_OVERDUE) == 1
    assert 1200 <= await gauge(anybody, exported, metrics.BACKLOG_OLDEST) < 1300

    await meeting.service.register()
    await meeting.hears("held")

    async def worked_off() -> bool:
        return (await cursor_of(traced, meeting))["waiting_since"] is None

    await eventually(worked_off)
    assert await gauge(anybody, exported, metrics.BACKLOG_OVERDUE) == 0


async def test_messages_in_poison_queues_are_counted_by_queue_until_they_are_gone(
    traced: Stack, anybody: httpx.AsyncClient, exported: Telemetry
) -> None:
    measured = (anybody, exported, metrics.BACKLOG_POISON_MESSAGES)
    name = "service-status-poison"
    async with queue_of(traced, name) as poison:
        await poison.send_message("{}")
        assert await gauge(*measured, queue=name) == 1
        assert exported.logged(r"\] backlog .* poison_messages=1$")
        counted = exported.metric(metrics.BACKLOG_POISON_MESSAGES.name)
        assert {point["attributes"]["queue"] for point in counted} == set(resources.POISON_QUEUES)
        await poison.clear_messages()
    assert await gauge(*measured, queue=name) == 0


async def test_a_poison_queue_that_was_removed_counts_as_empty(
    traced: Stack, anybody: httpx.AsyncClient, exported: Telemetry
) -> None:
    name = "file-cleanups-poison"
    async with queue_of(traced, name) as poison:
        await poison.delete_queue()
        count = await gauge(anybody, exported, metrics.BACKLOG_POISON_MESSAGES, queue=name)
        await poison.create_queue()
    assert count == 0


async def test_a_late_delivery_is_logged_once_for_a_page(
    meeting: Meeting, traced: Stack, exported: Telemetry
) -> None:
    await meeting.service.register(expires_in=0)
    await meeting.post("one", "two")
    await waiting_for(traced, meeting, timedelta(minutes=2))
    async with backends.container(traced) as container:
        query = "SELECT * FROM c WHERE c.type = 'message'"
        async for message in container.query_items(query, partition_key=meeting.cid):
            message["timestamp"] = (datetime.now(UTC) - timedelta(minutes=2)).isoformat()
            await container.replace_item(message["id"], message)

    await meeting.service.register()
    await meeting.hears("one", "two")

    async def logged() -> bool:
        return len(exported.logged(f"delivered_late .*conversation_id={meeting.cid}")) == 1

    await eventually(logged)


async def test_a_dead_letter_is_sent_once_more_when_an_operator_asks(
    meeting: Meeting, traced: Stack, anybody: httpx.AsyncClient, exported: Telemetry
) -> None:
    sequence = await refused_message(meeting, traced)
    assert await gauge(anybody, exported, metrics.BACKLOG_DEAD_LETTERS) >= 1

    await ask_for_replay(traced, meeting, sequence)
    await meeting.hears("refused", "welcome", "refused")

    async def gone() -> bool:
        return await dead_letters(traced, meeting) == []

    await eventually(gone)


async def test_a_dead_letter_stays_while_the_assistant_refuses_it(
    meeting: Meeting, traced: Stack, exported: Telemetry
) -> None:
    sequence = await refused_message(meeting, traced)
    meeting.service.answer = lambda method, _: (
        web.Response(status=422) if method == "POST" else None
    )

    await ask_for_replay(traced, meeting, sequence)
    await meeting.hears("refused", "welcome", "refused")

    async def logged() -> bool:
        return bool(exported.logged(f"dead_letter_replayed .*{meeting.cid}.* result=refused"))

    await eventually(logged)
    assert len(await dead_letters(traced, meeting)) == 1


async def test_a_dead_letter_that_is_not_there_is_not_sent(
    meeting: Meeting, traced: Stack, exported: Telemetry
) -> None:
    await meeting.post("hello")
    await meeting.hears("hello")

    await ask_for_replay(traced, meeting, 2)

    async def logged() -> bool:
        return bool(
            exported.logged(f"dead_letter_replayed .*{meeting.cid}.* result=no_such_dead_letter")
        )

    await eventually(logged)
    assert heard(meeting.service, meeting.cid) == ["hello"]

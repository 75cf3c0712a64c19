"""The metrics that dashboards and alerts are made of, as the host process exports them."""

import re
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from aiohttp import web

from shared import metrics
from shared.metrics import Metric
from tests.api.assistant_builders import Meeting, meet
from tests.architecture.source import ROOT
from tests.operations.conftest import Telemetry
from tests.support.assistant_service import RecordingService
from tests.support.eventually import eventually


def total(points: list[dict[str, Any]], wanted: Mapping[str, Any] | None = None) -> float:
    """The sum, or for histograms the count, over the data points with these attributes."""
    chosen = [p for p in points if (wanted or {}).items() <= p["attributes"].items()]
    return sum(point.get("count", point.get("value", 0)) for point in chosen)


async def reaches(exported: Telemetry, metric: Metric, least: float, **attributes: Any) -> None:
    async def enough() -> bool:
        return total(exported.metric(metric.name), attributes) >= least

    await eventually(enough)


@pytest.fixture
async def meeting(ada: httpx.AsyncClient, service: RecordingService) -> Meeting:
    return await meet(ada, service)


async def test_deliveries_and_their_lag_are_counted(meeting: Meeting, exported: Telemetry) -> None:
    before = total(exported.metric(metrics.EVENTS_DELIVERED.name))
    await meeting.post("one", "two")
    await meeting.hears("one", "two")

    await reaches(exported, metrics.EVENTS_DELIVERED, before + 2)
    await reaches(exported, metrics.DELIVERY_LAG, before + 2)
    [lag] = exported.metric(metrics.DELIVERY_LAG.name)
    assert 0 < lag["max"] < 60


async def test_retries_and_dead_letters_are_counted_by_their_reason(
    meeting: Meeting, exported: Telemetry
) -> None:
    statuses = iter([500, 422])
    meeting.service.answer = lambda method, _: (
        web.Response(status=status) if method == "POST" and (status := next(statuses, 0)) else None
    )
    await meeting.post("unlucky", "lucky")
    await meeting.hears("unlucky", "unlucky", "lucky")

    await reaches(exported, metrics.DELIVERY_RETRIES, 1, reason="failed")
    reason = "the assistant service refused it"
    await reaches(exported, metrics.DEAD_LETTERS, 1, reason=reason)


async def test_the_request_charge_is_measured_for_each_function(
    meeting: Meeting, exported: Telemetry
) -> None:
    await meeting.post("one")

    await reaches(exported, metrics.REQUEST_CHARGE, 1, function="messages_create")
    points = exported.metric(metrics.REQUEST_CHARGE.name)
    [posts] = [p for p in points if p["attributes"]["function"] == "messages_create"]
    assert posts["min"] > 0


async def test_refused_requests_are_counted_by_status(
    ada: httpx.AsyncClient, exported: Telemetry
) -> None:
    await ada.get("/conversations/00000000-0000-0000-0000-000000000000")

    await reaches(exported, metrics.REQUESTS_REFUSED, 1, function="conversations_get", status=404)


@pytest.mark.parametrize("metric", metrics.CATALOGUE, ids=lambda metric: metric.name)
def test_the_page_describes_every_metric(metric: Metric) -> None:
    page = (ROOT / "docs/operations.md").read_text(encoding="utf-8")

    assert re.search(rf"\| `{re.escape(metric.name)}` \| {metric.kind} \|", page)

"""The request units that docs/operations.md reckons with are those that the code takes."""

import httpx
import pytest

from shared import metrics
from tests.api.assistant_builders import meet
from tests.docs.pages import rows
from tests.operations.conftest import Telemetry
from tests.support.assistant_service import RecordingService
from tests.support.eventually import eventually

MESSAGES = 20
PAGE = "docs/operations.md"
WITHIN = 0.2

FUNCTIONS = (
    "messages_create",
    "deliver_events",
    "conversations_get",
    "messages_all",
    "registrations_heartbeat",
)
TABLE = {cells[0].strip("`"): cells[1] for cells in rows(PAGE)}
DOCUMENTED = {name: float(TABLE[name]) for name in FUNCTIONS}


def charges(exported: Telemetry) -> dict[str, tuple[int, float]]:
    """Invocations and request units by function, so far."""
    points = exported.metric(metrics.REQUEST_CHARGE.name)
    return {point["attributes"]["function"]: (point["count"], point["sum"]) for point in points}


async def test_the_page_has_the_request_units_of_the_operations_that_it_reckons_with(
    ada: httpx.AsyncClient, service: RecordingService, exported: Telemetry
) -> None:
    meeting = await meet(ada, service)
    for number in range(MESSAGES + 50):
        await meeting.post("x" * 500)
        await service.wait_for(lambda _, heard=number: len(meeting.heard()) > heard)
    for _ in range(MESSAGES):
        await ada.get(f"/conversations/{meeting.cid}")
        await ada.get(f"/conversations/{meeting.cid}/messages", params={"limit": 50})
    await service.register()

    async def complete() -> bool:
        return charges(exported).get("messages_all", (0, 0))[0] == MESSAGES

    await eventually(complete)
    found = charges(exported)
    measured = {name: found[name][1] / found[name][0] for name in DOCUMENTED}
    measured["deliver_events"] = found["deliver_events"][1] / (MESSAGES + 50)
    assert measured == pytest.approx(DOCUMENTED, rel=WITHIN, abs=0.05)

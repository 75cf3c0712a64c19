"""What docs/operations.md reckons the costs from is what the code takes, and it reckons right."""

import re
from collections.abc import Collection
from typing import Any

import httpx
import pytest

from shared import metrics
from tests.api.assistant_builders import meet
from tests.docs.pages import page, rows
from tests.operations.conftest import Telemetry
from tests.support.assistant_service import RecordingService
from tests.support.eventually import eventually

MESSAGES = 20
PAGE = "docs/operations.md"
WITHIN = 0.2
TIMES = "\u00d7"

FUNCTIONS = (
    "messages_create",
    "deliver_events",
    "conversations_get",
    "messages_all",
    "registrations_heartbeat",
)
READ_BY = ("messages_create", "deliver_events", "messages_all")
"""The functions that each message is reckoned with, once each."""

PRICED = [cells for cells in rows(PAGE) if len(cells) == 4 and " = " in cells[1]]
SPANS = float(re.findall(r"\*\*(\d+) spans\*\*", page(PAGE))[0])
TABLE = {cells[0].strip("`"): cells[1] for cells in rows(PAGE)}
DOCUMENTED = {name: float(TABLE[name]) for name in FUNCTIONS}


def reckoned(text: str) -> tuple[float, float]:
    """What a cell says it comes to, and what its arithmetic comes to."""
    result, _, arithmetic = text.replace(",", "").partition(" = ")
    value = 1.0
    for factor in re.sub(rf"(?<=\d) [A-Za-z].*?(?= {TIMES}|$)", "", arithmetic).split(f" {TIMES} "):
        value *= sum(float(term) for term in factor.strip("()").split(" + "))
    return float(result), value


def spans_below(spans: list[dict[str, Any]], functions: Collection[str]) -> int:
    """How many spans functions make: their own and all below them."""
    found = {s["context"]["span_id"] for s in spans if s["name"] in functions}
    size = 0
    while len(found) > size:
        size = len(found)
        found |= {s["context"]["span_id"] for s in spans if s["parent_id"] in found}
    return size


def charges(exported: Telemetry) -> dict[str, tuple[int, float]]:
    """Invocations and request units by function, so far."""
    points = exported.metric(metrics.REQUEST_CHARGE.name)
    return {point["attributes"]["function"]: (point["count"], point["sum"]) for point in points}


@pytest.mark.parametrize("cells", PRICED, ids=lambda cells: cells[0])
def test_the_page_reckons_right(cells: list[str]) -> None:
    amount, factors = reckoned(cells[1])
    assert amount == pytest.approx(factors, rel=0.01)
    assert float(cells[3]) == pytest.approx(amount * float(cells[2]), rel=0.05)


def test_the_page_reckons_with_what_was_measured() -> None:
    charged = " + ".join(TABLE[name] for name in READ_BY)
    [units] = [cells[1] for cells in PRICED if "request units" in cells[0]]
    assert units.endswith(f" = 1,000 {TIMES} ({charged})")
    kept, sampled = [cells[1] for cells in PRICED if "telemetry" in cells[0]]
    assert f"({SPANS:g} + 3 + 6)" in kept
    assert f"({(SPANS + 3) / 10:g} + 6)" in sampled


@pytest.mark.parametrize(("text", "right"), [("12 = 2 {} (1 + 5)", True), ("13 = 2 {} 6 s", False)])
def test_planted_arithmetic_is_seen_through(text: str, right: bool) -> None:
    amount, factors = reckoned(text.format(TIMES))
    assert (amount == factors) is right


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
    spans = exported.spans()
    posted = spans_below(spans, ("messages_create", "deliver_events")) / (MESSAGES + 50)
    read = spans_below(spans, ("messages_all",)) / MESSAGES
    assert posted + read == pytest.approx(SPANS, rel=WITHIN)
    assert measured == pytest.approx(DOCUMENTED, rel=WITHIN, abs=0.05)

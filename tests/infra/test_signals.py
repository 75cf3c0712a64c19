"""Alerts and workbook look for what the code measures and logs, and operators can read about it."""

import re

import pytest

from tests.docs.pages import page
from tests.infra import signals
from tests.infra.syntax import Sources
from tests.infra.test_templates import SOURCES, changed

ALERTS = "modules/log-alerts.bicep"
WORKBOOK = "workbook.json"
PAGE = "docs/operations.md"


def not_in_step(sources: Sources, text: str) -> set[str]:
    """Alerts without a section of the page, and sections about alerts that don't exist."""
    _, _, rest = text.partition("\n## Alerts, and what to do\n")
    part, _, _ = rest.partition("\n## ")
    return signals.alerts(sources) ^ set(re.findall(r"^### (.+)$", part, re.MULTILINE))


def test_there_are_queries() -> None:
    assert len(signals.queries(SOURCES)) > 20
    assert {"AppMetrics", "AppTraces", "AppRequests"} <= {
        query.table for query in signals.queries(SOURCES)
    }


def test_alerts_and_workbook_look_for_what_exists() -> None:
    assert signals.unknown(SOURCES) == []


def test_the_workbook_shows_every_metric() -> None:
    assert signals.not_shown(SOURCES) == []


def test_alerts_measure_and_split_by_what_their_query_has() -> None:
    assert signals.split_by_nothing(SOURCES) == []


def test_every_alert_has_its_section_in_the_page() -> None:
    assert not_in_step(SOURCES, page(PAGE)) == set()


def test_what_the_customer_asked_for_raises_an_alert() -> None:
    wanted = {"poison-queues", "failures", "delivery-lag", "cosmos-throttling"}
    assert wanted | {"backlog-overdue", "backlog-silent"} <= signals.alerts(SOURCES)


PLANTED = {
    "a metric in an alert": (ALERTS, "workbench.backlog.overdue", "workbench.backlog.late"),
    "a log line in an alert": (ALERTS, 'startswith "backlog "', 'startswith "backlogs "'),
    "the beginning of another line": (ALERTS, 'startswith "backlog "', 'startswith "back"'),
    "an attribute in an alert": (ALERTS, 'Properties["queue"]', 'Properties["queues"]'),
    "a metric in the workbook": (WORKBOOK, "workbench.delivery.lag", "workbench.delivery.delay"),
    "a field in the workbook": (WORKBOOK, "workbench.conversation_id", "workbench.conversation"),
    "an attribute of another metric": (
        WORKBOOK,
        'Properties[\\"status\\"]',
        'Properties[\\"queue\\"]',
    ),
    "a table that nobody fills": (WORKBOOK, "CDBPartitionKeyRUConsumption", "StorageQueueLogs"),
    "a category that is not kept": (
        "modules/cosmos.bicep",
        "'PartitionKeyRUConsumption'",
        "'DataPlaneRequests'",
    ),
}


@pytest.mark.parametrize("mistake", PLANTED)
def test_a_planted_name_is_found(mistake: str) -> None:
    assert signals.unknown(changed(*PLANTED[mistake])) != []


def test_a_planted_missing_chart_is_found() -> None:
    planted = changed(WORKBOOK, "workbench.events.delivered", "workbench.delivery.lag")
    assert signals.not_shown(planted) == ["workbench.events.delivered"]


@pytest.mark.parametrize(
    ("old", "new"), [("column: 'lag'", "column: 'delay'"), ("name: 'reason'", "name: 'cause'")]
)
def test_a_planted_column_is_found(old: str, new: str) -> None:
    assert len(signals.split_by_nothing(changed(ALERTS, old, new))) == 1


def test_a_planted_alert_without_a_section_is_found() -> None:
    planted = changed(ALERTS, "name: 'failures'", "name: 'faults'")
    assert not_in_step(planted, page(PAGE)) == {"failures", "faults"}

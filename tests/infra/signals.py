"""What alerts and the workbook look for, and what the code logs and measures."""

import ast
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from shared import metrics
from tests.architecture.source import modules
from tests.infra.syntax import Sources
from tests.infra.template import Resource, resources

LOG_ALERT = "Microsoft.Insights/scheduledQueryRules"
METRIC_ALERT = "Microsoft.Insights/metricAlerts"
DIAGNOSTICS = "Microsoft.Insights/diagnosticSettings"
WORKBOOK = "workbook.json"

_METRIC = re.compile(r'\bName == "([^"]+)"')
_EVENT = re.compile(r'\bMessage startswith "([^"]*)"')
_PROPERTY = re.compile(r'Properties\["([^"]+)"\]')
_TABLE = re.compile(r"^\w+")
_FIELD = f"{metrics.SCOPE}."

METRICS = {metric.name: metric for metric in metrics.CATALOGUE}
APPLICATION_TABLES = {"AppMetrics", "AppTraces", "AppRequests", "AppDependencies", "AppExceptions"}
"""Tables of a workspace-based Application Insights."""

CATEGORY_OF_TABLE = {
    "AzureMetrics": "metrics",
    "CDBPartitionKeyRUConsumption": "PartitionKeyRUConsumption",
    "CDBControlPlaneRequests": "ControlPlaneRequests",
}
"""Which diagnostic setting fills a table: a category of logs, or any metrics."""


@dataclass(frozen=True)
class Query:
    """A query in Kusto, and where it is asked."""

    where: str
    text: str

    @property
    def table(self) -> str:
        """The table that it begins with."""
        found = _TABLE.match(self.text)
        return found[0] if found else ""

    @property
    def metrics(self) -> set[str]:
        """The metrics of ours that it picks."""
        return set(_METRIC.findall(self.text)) if self.table == "AppMetrics" else set()

    @property
    def properties(self) -> set[str]:
        """The attributes of metrics, or fields of log lines, that it looks at."""
        return set(_PROPERTY.findall(self.text))


def queries(sources: Sources) -> list[Query]:
    """All of alerts and workbook."""
    return [*_of_alerts(resources(sources, LOG_ALERT)), *_of_workbook(sources[WORKBOOK])]


def unknown(sources: Sources) -> list[str]:
    """Tables that nobody fills; metrics, attributes, log lines and fields that don't exist."""
    filled = APPLICATION_TABLES | _filled_tables(resources(sources, DIAGNOSTICS))
    checks: tuple[Callable[[Query], Iterable[str]], ...] = (
        lambda query: {query.table} - filled,
        lambda query: query.metrics - METRICS.keys(),
        _unknown_events,
        _unknown_properties,
    )
    return [
        f"{query.where}: {name!r}"
        for query in queries(sources)
        for check in checks
        for name in sorted(check(query))
    ]


def not_shown(sources: Sources) -> list[str]:
    """Metrics of the catalogue that the workbook has no chart of."""
    shown = {name for query in _of_workbook(sources[WORKBOOK]) for name in query.metrics}
    return sorted(METRICS.keys() - shown)


def split_by_nothing(sources: Sources) -> list[str]:
    """Alerts with a measured column or a dimension that their query doesn't have."""
    known = {"Sum", "Max", "Min", "ItemCount", None}
    return [
        f"{alert.body['name']}: {name!r}"
        for alert in resources(sources, LOG_ALERT)
        for condition in alert.property_at("criteria.allOf")
        for name in (
            condition["metricMeasureColumn"],
            *(dimension["name"] for dimension in condition["dimensions"]),
        )
        if name not in known and not re.search(rf"\b{name} = ", condition["query"])
    ]


def alerts(sources: Sources) -> set[str]:
    """The names of all alerts."""
    made = resources(sources)
    return {found.body["name"] for found in made if found.type in (LOG_ALERT, METRIC_ALERT)}


@cache
def log_lines() -> dict[str, frozenset[str]]:
    """The events that the code logs, each with its fields."""
    found: dict[str, frozenset[str]] = {}
    for module in modules("shared"):
        for event, fields in _logged(module.tree):
            found[event] = found.get(event, frozenset()) | fields
    return found


def _logged(tree: ast.Module) -> Iterator[tuple[str, frozenset[str]]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "log" and len(node.args) > 2:
            event = node.args[2]
            if isinstance(event, ast.Constant):
                fields = {keyword.arg or "" for keyword in node.keywords}
                yield str(event.value), frozenset(fields | {"correlation_id"})


def _unknown_events(query: Query) -> list[str]:
    """Beginnings of log lines that aren't an event's name and a space."""
    names = {f"{event} " for event in log_lines()}
    return [text for text in _EVENT.findall(query.text) if text not in names]


def _unknown_properties(query: Query) -> set[str]:
    if query.table == "AppMetrics":
        picked = [METRICS[name] for name in query.metrics & METRICS.keys()]
        return query.properties - {name for metric in picked for name in metric.attributes}
    events = [text.strip() for text in _EVENT.findall(query.text)]
    fields = {field for event in events for field in log_lines().get(event, ())}
    return {name for name in query.properties if name.removeprefix(_FIELD) not in fields}


def _of_alerts(made: Iterable[Resource]) -> Iterator[Query]:
    for alert in made:
        for condition in alert.property_at("criteria.allOf"):
            yield Query(alert.body["name"], condition["query"])


def _of_workbook(text: str) -> Iterator[Query]:
    for item in json.loads(text)["items"]:
        if "query" in item["content"]:
            yield Query(item["name"], item["content"]["query"])


def _filled_tables(made: Iterable[Resource]) -> set[str]:
    kept = {name for setting in made for name in _categories(setting.body["properties"])}
    return {table for table, category in CATEGORY_OF_TABLE.items() if category in kept}


def _categories(properties: dict[str, Any]) -> Iterator[str]:
    if properties.get("metrics"):
        yield "metrics"
    for log in properties.get("logs", []):
        yield log.get("category", "")

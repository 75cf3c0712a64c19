"""What is counted and measured, for OpenTelemetry; nothing is sent while no SDK is configured.

`CATALOGUE` lists every metric by the name that dashboards and alerts use. Attributes have few
values each: names of functions, statuses, reasons. Ids never are attributes.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass

from opentelemetry import metrics
from opentelemetry.metrics import CallbackOptions, Observation

SCOPE = "workbench"
"""The instrumentation scope of all metrics and spans."""


@dataclass(frozen=True)
class Metric:
    """One metric: its kind is `counter`, `histogram` or `gauge`, its unit is UCUM's."""

    name: str
    kind: str
    unit: str
    description: str
    attributes: tuple[str, ...] = ()


EVENTS_DELIVERED = Metric(
    "workbench.events.delivered", "counter", "{event}", "Events that assistants took"
)
DELIVERY_LAG = Metric(
    "workbench.delivery.lag", "histogram", "s", "From an event to its delivery to an assistant"
)
DELIVERY_RETRIES = Metric(
    "workbench.delivery.retries",
    "counter",
    "{event}",
    "Events put off: the service failed, was busy or is offline",
    ("reason",),
)
DEAD_LETTERS = Metric(
    "workbench.dead_letters", "counter", "{event}", "Events given up", ("reason",)
)
REQUEST_CHARGE = Metric(
    "workbench.request_charge",
    "histogram",
    "{RU}",
    "Request units of Cosmos DB that one invocation took",
    ("function",),
)
REQUESTS_REFUSED = Metric(
    "workbench.requests.refused",
    "counter",
    "{request}",
    "Requests answered with an error on purpose",
    ("function", "status"),
)
BACKLOG_OVERDUE = Metric(
    "workbench.backlog.overdue",
    "gauge",
    "{delivery}",
    "Assistants in conversations whose next event has waited too long",
)
BACKLOG_OLDEST = Metric(
    "workbench.backlog.oldest", "gauge", "s", "Age of the event that has waited longest"
)
BACKLOG_DEAD_LETTERS = Metric(
    "workbench.backlog.dead_letters", "gauge", "{event}", "Dead letters that are kept"
)
BACKLOG_POISON_MESSAGES = Metric(
    "workbench.backlog.poison_messages",
    "gauge",
    "{message}",
    "Queue messages that failed too often and lie in poison queues",
    ("queue",),
)

CATALOGUE = (
    EVENTS_DELIVERED,
    DELIVERY_LAG,
    DELIVERY_RETRIES,
    DEAD_LETTERS,
    REQUEST_CHARGE,
    REQUESTS_REFUSED,
    BACKLOG_OVERDUE,
    BACKLOG_OLDEST,
    BACKLOG_DEAD_LETTERS,
    BACKLOG_POISON_MESSAGES,
)

FRESH_SECONDS = 330
"""For how long a measurement of the backlog counts: until soon after the next one is due."""

_LAG_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600)
_CHARGES = (1, 2, 5, 10, 20, 50, 100, 500, 1000, 5000)

_meter = metrics.get_meter(SCOPE)


def _counter(metric: Metric) -> metrics.Counter:
    return _meter.create_counter(metric.name, metric.unit, metric.description)


def _histogram(metric: Metric, boundaries: tuple[float, ...]) -> metrics.Histogram:
    return _meter.create_histogram(
        metric.name,
        metric.unit,
        metric.description,
        explicit_bucket_boundaries_advisory=boundaries,
    )


class RecentGauge:
    """A gauge that falls silent when nobody has measured for a while.

    Another instance may have taken over measuring: two that report would contradict each other.
    """

    def __init__(self, metric: Metric) -> None:
        self._values: dict[tuple[tuple[str, str], ...], float] = {}
        self._until = 0.0
        _meter.create_observable_gauge(
            metric.name, [self._observe], metric.unit, metric.description
        )

    def set(self, value: float, **attributes: str) -> None:
        """What was measured just now, for these attributes."""
        self._values[tuple(attributes.items())] = value
        self._until = time.monotonic() + FRESH_SECONDS

    def _observe(self, _: CallbackOptions) -> Iterable[Observation]:
        if time.monotonic() >= self._until:
            return []
        return [Observation(value, dict(of)) for of, value in self._values.items()]


events_delivered = _counter(EVENTS_DELIVERED)
delivery_lag = _histogram(DELIVERY_LAG, _LAG_SECONDS)
delivery_retries = _counter(DELIVERY_RETRIES)
dead_letters = _counter(DEAD_LETTERS)
request_charge = _histogram(REQUEST_CHARGE, _CHARGES)
requests_refused = _counter(REQUESTS_REFUSED)
backlog_overdue = RecentGauge(BACKLOG_OVERDUE)
backlog_oldest = RecentGauge(BACKLOG_OLDEST)
backlog_dead_letters = RecentGauge(BACKLOG_DEAD_LETTERS)
backlog_poison_messages = RecentGauge(BACKLOG_POISON_MESSAGES)

"""The backlog of deliveries, measured from time to time for operators."""

import logging
from datetime import timedelta

from shared import clock, metrics
from shared.adapters.cosmos.backlog import BacklogRepository
from shared.telemetry import get_logger, log

OVERDUE_SECONDS = 300
"""How old an event may be that an assistant lacks before its delivery counts as overdue."""

_logger = get_logger("backlog")


class Backlogs:
    """Counts what has not reached its assistant."""

    def __init__(self, backlog: BacklogRepository) -> None:
        self._backlog = backlog

    async def measure(self) -> None:
        """Record the metrics of the backlog, and one log line: a warning if anything is overdue."""
        now = clock.now()
        found = await self._backlog.measure(now - timedelta(seconds=OVERDUE_SECONDS))
        oldest = (now - found.oldest).total_seconds() if found.oldest else 0.0
        metrics.backlog_overdue.set(found.overdue)
        metrics.backlog_oldest.set(oldest)
        metrics.backlog_dead_letters.set(found.dead_letters)
        log(
            _logger,
            logging.WARNING if found.overdue else logging.INFO,
            "backlog",
            overdue=found.overdue,
            oldest_seconds=round(oldest),
            dead_letters=found.dead_letters,
        )

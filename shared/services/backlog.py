"""What is left undone, measured from time to time for operators."""

import asyncio
import logging
from datetime import timedelta

from shared import clock, metrics, resources
from shared.adapters.cosmos.backlog import BacklogRepository
from shared.adapters.queues import Queues
from shared.telemetry import get_logger, log

OVERDUE_SECONDS = 300
"""How old an event may be that an assistant lacks before its delivery counts as overdue."""

_logger = get_logger("backlog")


class Backlogs:
    """Counts what has not reached its assistant, and what the host gave up."""

    def __init__(self, backlog: BacklogRepository, queues: Queues) -> None:
        self._backlog = backlog
        self._queues = queues

    async def measure(self) -> None:
        """Record the metrics of the backlog, and one log line: a warning if anybody should look."""
        now = clock.now()
        found = await self._backlog.measure(now - timedelta(seconds=OVERDUE_SECONDS))
        oldest = (now - found.oldest).total_seconds() if found.oldest else 0.0
        metrics.backlog_overdue.set(found.overdue)
        metrics.backlog_oldest.set(oldest)
        metrics.backlog_dead_letters.set(found.dead_letters)
        poisoned = await self._count_poisoned()
        log(
            _logger,
            logging.WARNING if found.overdue or poisoned else logging.INFO,
            "backlog",
            overdue=found.overdue,
            oldest_seconds=round(oldest),
            dead_letters=found.dead_letters,
            poison_messages=poisoned,
        )

    async def _count_poisoned(self) -> int:
        """Messages in all poison queues, with the metric of each queue."""
        lengths = await asyncio.gather(*map(self._queues.length, resources.POISON_QUEUES))
        for queue, length in zip(resources.POISON_QUEUES, lengths, strict=True):
            metrics.backlog_poison_messages.set(length, queue=queue)
        return sum(lengths)

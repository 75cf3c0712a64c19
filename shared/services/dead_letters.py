"""When an event that could not be delivered waits, and when it is given up."""

import logging

from shared import clock, metrics
from shared.adapters.cosmos.cursors import Cursor, CursorRepository, DeadLetter
from shared.contracts.events import ConversationEvent
from shared.services.sending import Outcome
from shared.settings import EventSettings
from shared.telemetry import get_logger, log

FIRST_BACKOFF_SECONDS = 2.0
LONGEST_BACKOFF_SECONDS = 300.0
BUSY_SECONDS = 5.0
"""Until an event tries again that found no turn at its service; that is no failed attempt."""

_logger = get_logger("dead_letters")


class DeadLetters:
    """Decides by the configured age and attempts, and keeps what is given up for operators."""

    def __init__(self, cursors: CursorRepository, settings: EventSettings) -> None:
        self._cursors = cursors
        self._settings = settings

    async def wait_or_bury(
        self, outcome: Outcome, event: ConversationEvent, cursor: Cursor
    ) -> float | None:
        """Seconds to wait before the next attempt, or None if the event was given up."""
        age = (clock.now() - event.timestamp).total_seconds()
        match outcome:
            case Outcome.OFFLINE:
                wait = self._settings.offline_hold_seconds - age
                reason = "the assistant service stayed offline"
            case Outcome.BUSY:
                wait = 0.0 if self._is_too_old(age) else BUSY_SECONDS
                reason = "the assistant service was too busy"
            case Outcome.FAILED:
                cursor.attempts += 1
                wait = self._backoff(cursor.attempts, age)
                reason = "the assistant service kept failing"
            case _:
                wait = 0.0
                reason = "the assistant service refused it"
        if wait > 0:
            metrics.delivery_retries.add(1, {"reason": outcome.name.lower()})
            return wait
        await self._bury(event, cursor, reason)
        return None

    def _backoff(self, attempts: int, age: float) -> float:
        if attempts >= self._settings.delivery_max_attempts or self._is_too_old(age):
            return 0.0
        return min(LONGEST_BACKOFF_SECONDS, FIRST_BACKOFF_SECONDS * 2 ** (attempts - 1))

    def _is_too_old(self, age: float) -> bool:
        return age > self._settings.delivery_max_age_seconds

    async def _bury(self, event: ConversationEvent, cursor: Cursor, reason: str) -> None:
        letter = DeadLetter(
            conversation_id=cursor.conversation_id,
            assistant_id=cursor.assistant_id,
            sequence=event.sequence,
            event_id=event.id,
            reason=reason,
            attempts=cursor.attempts,
            at=clock.now(),
        )
        await self._cursors.bury(letter)
        metrics.dead_letters.add(1, {"reason": reason})
        log(
            _logger,
            logging.ERROR,
            "dead_letter",
            conversation_id=letter.conversation_id,
            assistant_id=letter.assistant_id,
            sequence=letter.sequence,
            reason=reason,
        )

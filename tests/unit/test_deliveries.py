"""Deliveries that must wait: somebody comes back when the time is there, whatever fails."""

from datetime import timedelta
from typing import Any

import pytest

from shared import clock
from shared.adapters.cosmos.cursors import Cursor
from shared.services.deliveries import Deliveries
from shared.services.nudges import Nudge
from tests.unit.builders import ECHO, conversation

WAIT_SECONDS = 300


class Cursors:
    """The cursor of an assistant whose next event must wait."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor

    async def get(self, *_: object) -> tuple[Cursor, str]:
        return self._cursor, "etag"


class Nudges:
    """Remembers what was asked for later."""

    def __init__(self) -> None:
        self.later_ones: list[tuple[Nudge, int]] = []

    async def later(self, nudge: Nudge, delay_seconds: int) -> None:
        self.later_ones.append((nudge, delay_seconds))


@pytest.fixture
def cursor() -> Cursor:
    """A cursor whose next event may not be sent yet."""
    waiting = Cursor(
        conversation_id=conversation().conversation_id,
        assistant_id=ECHO.assistant_id,
        position=1,
    )
    waiting.wait(clock.now() + timedelta(seconds=WAIT_SECONDS), clock.now())
    return waiting


def deliveries(cursor: Cursor, nudges: Any) -> Deliveries:
    """The queue function's part over the fakes."""
    nobody: Any = None
    cursors: Any = Cursors(cursor)
    return Deliveries(nobody, nobody, cursors, nobody, nobody, nobody, nudges, nobody)


async def test_who_comes_too_early_leaves_somebody_who_comes_in_time(cursor: Cursor) -> None:
    """The nudge that was to come may never have been sent, or another clock was ahead."""
    nudges = Nudges()
    nudge = Nudge(conversation_id=cursor.conversation_id, assistant_id=cursor.assistant_id)

    await deliveries(cursor, nudges).handle(nudge)

    [(reminder, delay)] = nudges.later_ones
    assert (reminder.conversation_id, reminder.assistant_id) == (
        cursor.conversation_id,
        cursor.assistant_id,
    )
    assert WAIT_SECONDS - 10 < delay <= WAIT_SECONDS + 1


async def test_one_who_comes_in_time_is_enough(cursor: Cursor) -> None:
    nudges = Nudges()
    nudge = Nudge(conversation_id=cursor.conversation_id, assistant_id=cursor.assistant_id)
    subject = deliveries(cursor, nudges)

    for _ in range(3):
        await subject.handle(nudge)

    assert len(nudges.later_ones) == 1

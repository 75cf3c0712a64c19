"""What belongs to one invocation of a function: its correlation id and its queue messages.

Queue messages collected here are written by the Functions host through an output binding when
the handler has returned, which wakes the queue listener of the same host at once.
"""

import uuid
from contextvars import ContextVar
from dataclasses import dataclass, field

from shared import clock


@dataclass
class Invocation:
    """State of the running invocation, found through the current context."""

    correlation_id: str = ""
    queue_messages: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    def enqueue(self, queue: str, text: str) -> None:
        """Have the host write a message once the handler has returned; repeats count once."""
        messages = self.queue_messages.setdefault(queue, [])
        if text not in messages:
            messages.append(text)


_current: ContextVar[Invocation | None] = ContextVar("invocation", default=None)


def begin(correlation_id: str | None) -> Invocation:
    """Start an invocation; an id that is no UUID version 4 is replaced by a new one."""
    invocation = Invocation(correlation_id=_valid(correlation_id) or clock.new_hex_id())
    _current.set(invocation)
    return invocation


def current() -> Invocation:
    """The running invocation; outside of one, an unbound one with an empty correlation id."""
    return _current.get() or Invocation()


def _valid(correlation_id: str | None) -> str | None:
    try:
        parsed = uuid.UUID(correlation_id or "")
    except ValueError:
        return None
    return correlation_id if parsed.version == 4 else None

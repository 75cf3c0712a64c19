"""What belongs to one invocation of a function: its correlation id and its queue messages.

Queue messages collected here are written by the Functions host through an output binding when
the handler has returned, which wakes the queue listener of the same host at once.
"""

import re
from contextvars import ContextVar
from dataclasses import dataclass, field

from shared import clock


@dataclass
class Invocation:
    """State of the running invocation, found through the current context.

    `trace_parent` is the W3C trace context that queue messages carry on, empty without a trace;
    `request_charge` counts the request units that Cosmos DB has charged so far.
    """

    correlation_id: str = ""
    trace_parent: str = ""
    request_charge: float = 0.0
    queue_messages: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    _enqueued: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]], repr=False)

    def enqueue(self, queue: str, text: str) -> None:
        """Have the host write a message once the handler has returned; repeats count once."""
        if (queue, text) not in self._enqueued:
            self._enqueued.add((queue, text))
            self.queue_messages.setdefault(queue, []).append(text)


_UUID4 = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
    r"|[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}",
    re.ASCII | re.IGNORECASE,
)

_current: ContextVar[Invocation | None] = ContextVar("invocation", default=None)


def begin(correlation_id: str | None) -> Invocation:
    """Start an invocation; an id that is no UUID version 4 is replaced by a new one.

    Only the two usual forms count, so that an id is safe in any header, log line and document.
    """
    valid = _UUID4.fullmatch(correlation_id or "")
    invocation = Invocation(correlation_id=valid.group() if valid else clock.new_hex_id())
    _current.set(invocation)
    return invocation


def current() -> Invocation:
    """The running invocation; outside of one, an unbound one with an empty correlation id."""
    return _current.get() or Invocation()

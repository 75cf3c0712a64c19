"""What the host knows about a function once it is loaded."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

HTTP_TRIGGER = "httpTrigger"
QUEUE_TRIGGER = "queueTrigger"
TIMER_TRIGGER = "timerTrigger"
HTTP_OUTPUT = "http"
QUEUE_OUTPUT = "queue"
RETURN = "$return"

TRIGGERS = frozenset({HTTP_TRIGGER, QUEUE_TRIGGER, TIMER_TRIGGER})
OUTPUTS = frozenset({HTTP_OUTPUT, QUEUE_OUTPUT})


@dataclass(frozen=True)
class OutputBinding:
    """An output of a function; `annotation` is its Python type where the code gives one."""

    name: str
    type: str
    queue_name: str = ""
    connection: str = field(default="", repr=False)
    annotation: Any = None


@dataclass(frozen=True)
class LoadedFunction:
    """A function with its trigger and outputs, as the worker and the host agreed on them.

    `trigger` is the raw binding with its %NAME% settings replaced, its `connection` and those of
    the outputs with the connection string they name.
    """

    name: str
    function_id: str
    directory: str
    handler: Callable[..., Any]
    is_async: bool
    wants_context: bool
    trigger: dict[str, Any] = field(repr=False)
    outputs: tuple[OutputBinding, ...] = ()
    raw_bindings: tuple[dict[str, Any], ...] = field(default=(), repr=False)

    @property
    def trigger_type(self) -> str:
        """`httpTrigger`, `queueTrigger` or `timerTrigger`."""
        return self.trigger["type"]

    @property
    def trigger_name(self) -> str:
        """The name of the parameter that takes the trigger's value."""
        return self.trigger["name"]


@dataclass(frozen=True)
class LoadedApp:
    """The functions that run, in the order of the host, and why others don't."""

    functions: tuple[LoadedFunction, ...]
    problems: dict[str, str]

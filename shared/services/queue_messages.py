"""The base of what travels in the application's own queues: references, never content."""

from pydantic import BaseModel, ConfigDict, Field

from shared import invocation


def _trace_parent() -> str:
    return invocation.current().trace_parent


class QueueMessage(BaseModel):
    """A message as JSON; its fields may not be called as the host's own metadata are.

    `trace_parent` is the W3C trace context of the invocation that sent it, so that what it leads
    to is part of the same trace.
    """

    # Validators are built at first use: cold start counts.
    model_config = ConfigDict(defer_build=True)

    trace_parent: str = Field(default_factory=_trace_parent)

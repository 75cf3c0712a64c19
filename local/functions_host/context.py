"""The `func.Context` and `func.Out` objects that handlers receive."""

import secrets
import threading
import uuid
from typing import Any

import azure.functions as func

_TRACE_PARENT_PARTS = 4


class TraceContext:
    """W3C trace context of an invocation: a child span of the caller's, or a new trace."""

    def __init__(self, trace_parent: str = "", trace_state: str = "") -> None:
        self._incoming = trace_parent
        self._own: str | None = None
        self.trace_state = trace_state
        self.attributes: dict[str, str] = {}

    @property
    def trace_parent(self) -> str:
        """The traceparent of this invocation's own span."""
        if self._own is None:
            parts = self._incoming.split("-")
            valid = len(parts) >= _TRACE_PARENT_PARTS
            trace_id, flags = (parts[1], parts[3]) if valid else (secrets.token_hex(16), "00")
            self._own = f"00-{trace_id}-{secrets.token_hex(8)}-{flags}"
        return self._own


class RetryContext:
    """Retry policies aren't supported, so every invocation is the first attempt."""

    retry_count = 0
    max_retry_count = 0
    exception = None


class InvocationContext(func.Context):
    """What one invocation knows about itself."""

    def __init__(
        self, function_name: str, function_directory: str, trace_context: TraceContext
    ) -> None:
        self._invocation_id = str(uuid.uuid4())
        self._function_name = function_name
        self._function_directory = function_directory
        self._trace_context = trace_context

    @property
    def invocation_id(self) -> str:
        """A fresh GUID per invocation."""
        return self._invocation_id

    @property
    def thread_local_storage(self) -> Any:
        """Per-thread storage, shared by all invocations as in the worker."""
        return _thread_local

    @property
    def function_name(self) -> str:
        """The function's name."""
        return self._function_name

    @property
    def function_directory(self) -> str:
        """The folder of the file that defines the function."""
        return self._function_directory

    @property
    def trace_context(self) -> Any:
        """The trace context of this invocation."""
        return self._trace_context

    @property
    def retry_context(self) -> Any:
        """Always the first attempt."""
        return _retry_context


class OutValue(func.Out[Any]):
    """Holds what the handler sets for an output; None means nothing."""

    def __init__(self) -> None:
        self._value: Any = None

    def set(self, val: Any) -> None:
        """Keep the value that is written once the handler has returned."""
        self._value = val

    def get(self) -> Any:
        """The value set last."""
        return self._value


_thread_local = threading.local()
_retry_context = RetryContext()

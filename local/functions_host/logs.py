"""Log output: host.json's levels per category, and one access line per invocation."""

import logging
import os
import sys
import time
from collections.abc import Mapping
from contextvars import ContextVar

from local.functions_host.errors import HostError

# Set for the length of an invocation, so that its records get the category of their function.
current_function: ContextVar[str | None] = ContextVar("current_function", default=None)

access_logger = logging.getLogger("functions_host.access")
_LEVELS = {
    "trace": logging.DEBUG,
    "debug": logging.DEBUG,
    "information": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "critical": logging.CRITICAL,
    "none": logging.CRITICAL + 1,
}
_OWN = "functions_host"


class CategoryFilter(logging.Filter):
    """Drops records below the level that host.json gives to their category.

    A record written inside an invocation belongs to `Function.<name>.User`, an access line to
    `Function.<name>`, the host's own to `Host`. The longest matching prefix decides.
    """

    def __init__(self, levels: Mapping[str, str]) -> None:
        super().__init__()
        self._levels = {name.lower(): _level(name, text) for name, text in levels.items()}
        self._default = self._levels.pop("default", logging.INFO)
        self._cache: dict[str, int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is written."""
        category = self._category(record)
        level = self._cache.get(category)
        if level is None:
            level = self._cache[category] = self.level_of(category)
        return record.levelno >= level

    def level_of(self, category: str) -> int:
        """The least level that is written for a category such as `Function.name.User`."""
        parts = category.lower().split(".")
        for length in range(len(parts), 0, -1):
            level = self._levels.get(".".join(parts[:length]))
            if level is not None:
                return level
        return self._default

    def _category(self, record: logging.LogRecord) -> str:
        function: str | None = getattr(record, "function", None) or current_function.get()
        if function is None:
            return "Host" if record.name.startswith(_OWN) else record.name
        if record.name.startswith(_OWN):
            return f"Function.{function}"
        return f"Function.{function}.User"


def configure(levels: Mapping[str, str]) -> None:
    """Send every record of the process to standard error, by host.json's logging.logLevel."""
    handler = logging.StreamHandler(sys.stderr)
    formatter = logging.Formatter("[%(asctime)s.%(msecs)03dZ] %(message)s", "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    handler.addFilter(CategoryFilter(levels))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    debug = os.environ.get("PYTHON_ENABLE_DEBUG_LOGGING") == "1"
    root.setLevel(logging.DEBUG if debug else logging.INFO)


def log_invocation(
    function: str,
    trigger: str,
    status: str | int,
    started: float,
    invocation_id: str,
    correlation_id: str | None = None,
) -> None:
    """Write the access line; `started` is the time.perf_counter() of the invocation's begin."""
    if not access_logger.isEnabledFor(logging.INFO):
        return
    access_logger.info(
        "Executed %s trigger=%s status=%s duration_ms=%.1f invocation_id=%s correlation_id=%s",
        function,
        trigger,
        status,
        (time.perf_counter() - started) * 1000,
        invocation_id,
        correlation_id or "-",
        extra={"function": function},
    )


def _level(category: str, text: str) -> int:
    level = _LEVELS.get(str(text).lower())
    if level is None:
        raise HostError(f"host.json: logging.logLevel.{category} {text!r} is no log level")
    return level

"""host.json: what it says about HTTP, queues, time-outs and logging, and what isn't supported."""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from local.functions_host.errors import HostError
from local.functions_host.settings import read_json_object

_TIME_SPAN = re.compile(r"(?:(\d+)\.)?(\d{1,2}):(\d{2}):(\d{2})(?:\.(\d{1,7}))?")
_DEVELOPMENT_POLLING_CAP = 2.0
_MAX_BATCH_SIZE = 32
# Sections that change nothing when everything runs in one local process.
_WITHOUT_EFFECT = {
    "version",
    "extensionBundle",
    "managedDependency",
    "watchDirectories",
    "watchFiles",
    "telemetryMode",
    "aggregator",
    "applicationInsights",
    "healthMonitor",
}


@dataclass(frozen=True)
class QueueOptions:
    """The extensions.queues section; durations in seconds."""

    batch_size: int = 16
    new_batch_threshold: int = 8
    max_polling_interval: float = _DEVELOPMENT_POLLING_CAP
    visibility_timeout: float = 0.0
    max_dequeue_count: int = 5
    message_encoding: Literal["base64", "none"] = "base64"


@dataclass(frozen=True)
class HostConfig:
    """The parts of host.json that this host acts on, and warnings for those that it doesn't."""

    route_prefix: str = "api"
    custom_headers: Mapping[str, str] = field(default_factory=dict)
    queues: QueueOptions = field(default_factory=QueueOptions)
    function_timeout: float | None = 1800.0
    log_levels: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def read_host_config(app_root: Path) -> HostConfig:
    """Read host.json of the application folder; HostError when it is missing or wrong."""
    path = app_root / "host.json"
    if not path.is_file():
        raise HostError(f"host.json is missing in {app_root.name or app_root}")
    document = read_json_object(path)
    if document.get("version") != "2.0":
        raise HostError('host.json must have "version": "2.0"')
    extensions = document.get("extensions", {})
    http = extensions.get("http", {})
    logging_section = document.get("logging", {})
    return HostConfig(
        route_prefix=str(http.get("routePrefix", "api")).strip("/"),
        custom_headers=dict(http.get("customHeaders", {})),
        queues=_queue_options(extensions.get("queues", {})),
        function_timeout=_function_timeout(document.get("functionTimeout", "00:30:00")),
        log_levels=dict(logging_section.get("logLevel", {})),
        warnings=tuple(_unsupported(document)),
    )


def parse_time_span(text: str) -> float:
    """Seconds of a .NET TimeSpan such as `00:01:30` or `1.02:00:00`; ValueError otherwise."""
    match = _TIME_SPAN.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} isn't a time span such as 00:01:30")
    days, hours, minutes, seconds, fraction = match.groups()
    whole = int(days or 0) * 86400 + int(hours) * 3600 + int(minutes) * 60 + int(seconds)
    return whole + float(f"0.{fraction or 0}")


def _function_timeout(text: str) -> float | None:
    if text == "-1":
        return None
    return _seconds("functionTimeout", text)


def _queue_options(section: Mapping[str, Any]) -> QueueOptions:
    batch_size = _number(section, "batchSize", 16, 1, _MAX_BATCH_SIZE)
    threshold = max(batch_size // 2, 1) * (os.cpu_count() or 1)
    encoding = str(section.get("messageEncoding", "base64")).lower()
    if encoding not in ("base64", "none"):
        raise HostError(f"host.json: extensions.queues.messageEncoding {encoding!r} is unknown")
    polling = _seconds("maxPollingInterval", section.get("maxPollingInterval", "00:01:00"))
    if os.environ.get("AZURE_FUNCTIONS_ENVIRONMENT") == "Development":
        polling = min(polling, _DEVELOPMENT_POLLING_CAP)
    if polling < 0.1:
        raise HostError("host.json: extensions.queues.maxPollingInterval must be at least 100 ms")
    return QueueOptions(
        batch_size=batch_size,
        new_batch_threshold=_number(section, "newBatchThreshold", threshold, 0),
        max_polling_interval=polling,
        visibility_timeout=_seconds(
            "visibilityTimeout", section.get("visibilityTimeout", "00:00:00")
        ),
        max_dequeue_count=_number(section, "maxDequeueCount", 5, 1),
        message_encoding="base64" if encoding == "base64" else "none",
    )


def _number(
    section: Mapping[str, Any], name: str, default: int, low: int, high: int | None = None
) -> int:
    value = section.get(name, default)
    if not isinstance(value, int) or value < low or (high is not None and value > high):
        raise HostError(f"host.json: extensions.queues.{name} can't be {value!r}")
    return value


def _seconds(name: str, text: Any) -> float:
    try:
        return parse_time_span(str(text))
    except ValueError as error:
        raise HostError(f"host.json: {name}: {error}") from error


def _unsupported(document: Mapping[str, Any]) -> Iterator[str]:
    known = _WITHOUT_EFFECT | {"extensions", "functionTimeout", "logging"}
    for name in sorted(set(document) - known):
        yield f"host.json: '{name}' isn't supported and is ignored"
    extensions = document.get("extensions", {})
    for name in sorted(set(extensions) - {"http", "queues"}):
        yield f"host.json: 'extensions.{name}' isn't supported and is ignored"
    yield from _unsupported_http(extensions.get("http", {}))
    known_queues = {"batchSize", "newBatchThreshold", "maxPollingInterval", "visibilityTimeout"}
    known_queues |= {"maxDequeueCount", "messageEncoding"}
    for name in sorted(set(extensions.get("queues", {})) - known_queues):
        yield f"host.json: 'extensions.queues.{name}' isn't supported and is ignored"
    # Application Insights and the console formats have no part here; levels do.
    known_logging = {"logLevel", "applicationInsights", "console", "fileLoggingMode"}
    for name in sorted(set(document.get("logging", {})) - known_logging):
        yield f"host.json: 'logging.{name}' isn't supported and is ignored"


def _unsupported_http(section: Mapping[str, Any]) -> Iterator[str]:
    harmless: dict[str, Any] = {
        "maxOutstandingRequests": -1,
        "maxConcurrentRequests": -1,
        "dynamicThrottlesEnabled": False,
    }
    for name in sorted(set(section) - {"routePrefix", "customHeaders"}):
        value = section[name]
        off = name in harmless and value == harmless[name]
        if name == "hsts":
            off = not value.get("isEnabled")
        if not off:
            yield f"host.json: 'extensions.http.{name}' isn't supported and is ignored"

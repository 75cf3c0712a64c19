"""The settings of the echo assistant, from environment variables."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class EchoSettings:
    """Where the workbench is, how this service is known to it and where it listens."""

    workbench_url: str = "http://127.0.0.1:7071"
    service_id: str = "echo-assistant.example"
    api_key: str = ""
    host: str = "127.0.0.1"
    port: int = 3100
    ping_interval_seconds: float = 30.0
    data_file: Path | None = None

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "EchoSettings":
        """Read the ECHO_ variables. Raises ValueError naming the one that is wrong."""
        data_file = environ.get("ECHO_DATA_FILE")
        return cls(
            workbench_url=environ.get("ECHO_WORKBENCH_URL", cls.workbench_url).rstrip("/"),
            service_id=environ.get("ECHO_SERVICE_ID", cls.service_id),
            api_key=environ.get("ECHO_API_KEY", cls.api_key),
            host=environ.get("ECHO_HOST", cls.host),
            port=int(_number(environ, "ECHO_PORT", cls.port, highest=65535)),
            ping_interval_seconds=_number(
                environ, "ECHO_PING_INTERVAL_SECONDS", cls.ping_interval_seconds, lowest=0.01
            ),
            data_file=Path(data_file) if data_file else None,
        )


def _number(
    environ: Mapping[str, str],
    name: str,
    default: float,
    *,
    lowest: float = 0,
    highest: float = math.inf,
) -> float:
    text = environ.get(name)
    if not text:
        return default
    try:
        value = float(text)
    except ValueError as error:
        raise ValueError(f"{name} must be a number, not {text!r}") from error
    if not lowest <= value <= highest:
        raise ValueError(f"{name} must be from {lowest:g} to {highest:g}, not {text}")
    return value

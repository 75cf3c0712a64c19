"""What can be set about the stand-in, with the service's own limits as defaults."""

import time
from collections.abc import Callable
from dataclasses import dataclass

# The key of Microsoft's own emulator, so that either can be behind the same connection string.
DEFAULT_ACCESS_KEY = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH"
_SHORTEST_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of one stand-in; raises ValueError for an access key of less than 32 bytes.

    `endpoints` are further base URLs (a reverse proxy, a container's name) that tokens may be
    made out to; the address that the request itself came to is always accepted. `clock` (seconds)
    is what the time to live of messages is measured with.
    """

    access_key: str = DEFAULT_ACCESS_KEY
    endpoints: tuple[str, ...] = ()
    keep_alive_seconds: float = 20.0
    recovery_seconds: float = 30.0
    max_message_bytes: int = 1024 * 1024
    # What one client may leave unacknowledged; sizes are counted in characters of frames.
    max_unacked_messages: int = 1_000
    max_unacked_size: int = 16 * 1024 * 1024
    clock: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        if len(self.access_key.encode()) < _SHORTEST_KEY_BYTES:
            raise ValueError(f"access key: at least {_SHORTEST_KEY_BYTES} bytes are needed")

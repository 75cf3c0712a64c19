"""The only place that reads the clock and makes up ids."""

import uuid
from datetime import UTC, datetime


def now() -> datetime:
    """The current time, in UTC."""
    return datetime.now(UTC)


def new_uuid() -> uuid.UUID:
    """A new random UUID (version 4)."""
    return uuid.uuid4()


def new_hex_id() -> str:
    """A new random id of 32 hexadecimal digits: the form of event and correlation ids."""
    return uuid.uuid4().hex

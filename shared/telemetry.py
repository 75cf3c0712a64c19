"""Structured log lines: an event name, its fields, and the correlation id of the invocation.

Message content, tokens and keys never go into a field.
"""

import logging

from shared import invocation

_CHATTY = ("azure", "httpx", "httpx2", "httpcore", "httpcore2", "msal", "openai")


def quieten_libraries() -> None:
    """Keep the SDKs from logging every request that they make."""
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)


def get_logger(name: str) -> logging.Logger:
    """A logger below `workbench`, so that host.json can set its level in one place."""
    return logging.getLogger(f"workbench.{name}")


def log(logger: logging.Logger, level: int, event: str, **fields: object) -> None:
    """Write one line: `event key=value …`; the fields also travel as `extra`."""
    if not logger.isEnabledFor(level):
        return
    fields = {"correlation_id": invocation.current().correlation_id, **fields}
    text = " ".join(f"{name}={_on_one_line(value)}" for name, value in fields.items())
    logger.log(level, "%s %s", event, text, extra={"fields": fields})


def _on_one_line(value: object) -> str:
    """A value as text without line breaks or other control characters: nobody forges a line."""
    text = str(value)
    return text if text.isprintable() else repr(text)

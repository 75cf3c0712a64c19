"""Ids as callers write them."""

from uuid import UUID


def uuid_or_none(text: str) -> UUID | None:
    """The UUID that a text stands for; None where it is no UUID."""
    try:
        return UUID(text)
    except ValueError:
        return None

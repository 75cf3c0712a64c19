"""Merging of JSON objects, as clients know it from the reference, and how large they may grow."""

import json
from typing import Any

from shared.errors import TooLarge


def deep_merge(base: dict[str, Any], update: dict[str, Any]) -> dict[str, Any]:
    """A new object: objects merge key by key, lists are joined, anything else is replaced."""
    merged = dict(base)
    for key, value in update.items():
        merged[key] = _merge_value(merged[key], value) if key in merged else value
    return merged


def bounded(metadata: dict[str, Any], limit: int) -> dict[str, Any]:
    """The metadata; raises TooLarge if its JSON has more characters than `limit`.

    What is kept in the aggregate is stored anew with every change and shown in many events: it
    must leave room for them in a transaction.
    """
    if len(json.dumps(metadata)) > limit:
        raise TooLarge(f"metadata may not exceed {limit // 1000} KB")
    return metadata


def _merge_value(base: Any, update: Any) -> Any:
    if isinstance(base, dict) and isinstance(update, dict):
        return deep_merge(base, update)
    if isinstance(base, list) and isinstance(update, list):
        return [*base, *update]
    return update

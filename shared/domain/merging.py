"""Deep merging of JSON objects, as clients know it from the reference."""

from typing import Any


def deep_merge(base: dict[str, Any], update: dict[str, Any]) -> dict[str, Any]:
    """A new object: objects merge key by key, lists are joined, anything else is replaced."""
    merged = dict(base)
    for key, value in update.items():
        merged[key] = _merge_value(merged[key], value) if key in merged else value
    return merged


def _merge_value(base: Any, update: Any) -> Any:
    if isinstance(base, dict) and isinstance(update, dict):
        return deep_merge(base, update)
    if isinstance(base, list) and isinstance(update, list):
        return [*base, *update]
    return update

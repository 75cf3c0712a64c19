"""The SQL functions that compiled queries call and SQLite does not have.

SQLite may evaluate a call whose arguments are constant even where a CASE would never reach it, so
each function takes values of any type and answers NULL where it has nothing to say.
"""

import json
import sqlite3
from collections.abc import Callable
from typing import Any


def register(connection: sqlite3.Connection) -> None:
    """Make the functions known to a connection."""
    for name, arguments, function in (
        ("cosmos_lower", 1, _lower),
        ("cosmos_upper", 1, _upper),
        ("cosmos_equal", 2, _equal_texts),
        ("cosmos_includes", 2, _includes_texts),
    ):
        connection.create_function(name, arguments, function, deterministic=True)


def _lower(text: Any) -> str | None:
    return text.lower() if isinstance(text, str) else None


def _upper(text: Any) -> str | None:
    return text.upper() if isinstance(text, str) else None


def _equal_texts(left: Any, right: Any) -> bool | None:
    return left == right or _compare_json(equal, left, right)


def _includes_texts(whole: Any, part: Any) -> bool | None:
    return _compare_json(_includes, whole, part)


def _compare_json(compare: Callable[[Any, Any], bool], left: Any, right: Any) -> bool | None:
    try:
        return compare(json.loads(left), json.loads(right))
    except (TypeError, ValueError):
        return None


def equal(left: Any, right: Any) -> bool:
    """Deep equality of JSON values, in which true is not 1."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(equal(left[k], right[k]) for k in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(equal, left, right))
    return isinstance(left, bool) == isinstance(right, bool) and left == right


def _includes(whole: Any, part: Any) -> bool:
    if isinstance(whole, dict) and isinstance(part, dict):
        return all(key in whole and equal(whole[key], part[key]) for key in part)
    return equal(whole, part)

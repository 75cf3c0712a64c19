"""The SQL functions that compiled queries call and SQLite does not have."""

import json
import sqlite3
from typing import Any


def register(connection: sqlite3.Connection) -> None:
    """Make the functions known to a connection."""
    for name, arguments, function in (
        ("cosmos_lower", 1, str.lower),
        ("cosmos_upper", 1, str.upper),
        ("cosmos_equal", 2, _equal_texts),
        ("cosmos_includes", 2, _includes_texts),
    ):
        connection.create_function(name, arguments, function, deterministic=True)


def _equal_texts(left: str, right: str) -> bool:
    return left == right or equal(json.loads(left), json.loads(right))


def _includes_texts(whole: str, part: str) -> bool:
    return _includes(json.loads(whole), json.loads(part))


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

"""How a JSON value inside an item looks in SQLite: its rank, its value and its JSON text.

Cosmos DB orders and compares by type first: undefined < null < booleans < numbers < strings <
arrays < objects. `rank` is that type as a number, `value` is what is compared within a type.
Neither is ever NULL, so the pair can be indexed, ordered by and continued from.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from local.cosmos.errors import not_supported

Step = str | int
Path = tuple[Step, ...]


class Rank(IntEnum):
    """The types in their order."""

    UNDEFINED = 0
    NULL = 1
    BOOLEAN = 2
    NUMBER = 3
    STRING = 4
    ARRAY = 5
    OBJECT = 6


ORDERED = (Rank.NULL, Rank.BOOLEAN, Rank.NUMBER, Rank.STRING)
"""The types whose values can be compared with < and >."""


@dataclass(frozen=True)
class Value:
    """SQL expressions for one scalar expression of a query.

    `rank` is a number as text where the type is known beforehand, `json` is NULL if undefined.
    """

    rank: str
    value: str
    json: str

    @property
    def known_rank(self) -> Rank | None:
        """The type, where it is the same for every item."""
        return Rank(int(self.rank)) if self.rank.isdigit() else None


def quoted(text: str) -> str:
    """A SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def json_path(path: Path) -> str:
    """The SQL literal of SQLite's form of a path; 501 for names that it cannot express."""
    parts = ["$"]
    for step in path:
        if isinstance(step, int):
            parts.append(f"[{step}]")
        elif '"' in step or "\\" in step:
            raise not_supported(f"quotes or backslashes in the property name {step!r}")
        else:
            parts.append(f'."{step}"')
    return quoted("".join(parts))


def rank_of_type(type_sql: str) -> str:
    """The rank that belongs to what SQLite's json_type() or json_each() calls a type."""
    return (
        f"CASE {type_sql} WHEN 'text' THEN 4 WHEN 'integer' THEN 3 WHEN 'real' THEN 3"
        " WHEN 'null' THEN 1 WHEN 'true' THEN 2 WHEN 'false' THEN 2"
        " WHEN 'array' THEN 5 WHEN 'object' THEN 6 ELSE 0 END"
    )


def at_path(path: Path) -> Value:
    """The value of an item at a path; `id` and `_ts` have columns of their own."""
    if path == ():
        return Value(str(int(Rank.OBJECT)), "doc", "doc")
    if path == ("id",):
        return Value(str(int(Rank.STRING)), "id", "json_quote(id)")
    if path == ("_ts",):
        return Value(str(int(Rank.NUMBER)), "ts", "ts")
    where = json_path(path)
    return Value(
        rank_of_type(f"json_type(doc, {where})"),
        f"IFNULL(json_extract(doc, {where}), 0)",
        f"doc -> {where}",
    )


def order_columns(path: Path) -> list[str]:
    """The columns that an index or an ORDER BY over the path consists of."""
    value = at_path(path)
    return [value.value] if value.known_rank is not None else [value.rank, value.value]


def json_of(rank: str, value: str) -> str:
    """JSON text made of a rank and a value."""
    return (
        f"CASE {rank} WHEN 1 THEN 'null' WHEN 2 THEN iif({value}, 'true', 'false')"
        f" WHEN 3 THEN json_quote({value}) WHEN 4 THEN json_quote({value})"
        f" WHEN 5 THEN {value} WHEN 6 THEN {value} END"
    )


def rank_of(value: Any) -> Rank:
    """The type of a Python value that came from JSON."""
    if value is None:
        return Rank.NULL
    if isinstance(value, bool):
        return Rank.BOOLEAN
    if isinstance(value, int | float):
        return Rank.NUMBER
    if isinstance(value, str):
        return Rank.STRING
    return Rank.ARRAY if isinstance(value, list) else Rank.OBJECT

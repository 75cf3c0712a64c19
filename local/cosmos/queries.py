"""Runs queries page by page, each page continuing after the last row of the one before."""

# ruff: noqa: S608 - the SQL is composed of names and expressions made here; values are bound

import base64
import binascii
import json
import sqlite3
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from local.cosmos import charges, jsontext
from local.cosmos.containers import Container
from local.cosmos.database import Database
from local.cosmos.errors import bad_request
from local.cosmos.sql.scope import signature
from local.cosmos.sql.statements import Aggregate, SortColumn, Statement, compile_query, row_limit
from local.cosmos.sql.syntax import Query, parse_query

DEFAULT_PAGE = 100
GREATEST_PAGE = 1000
_PAGE_BYTES = 4 * 1024 * 1024
_COMPILED_QUERIES = 500
_EVERYTHING = "SELECT * FROM c"


@dataclass(frozen=True)
class Question:
    """A query as it was sent; `partition` is None for all partitions, `page` is -1 for any size."""

    text: str = _EVERYTHING
    parameters: tuple[tuple[str, Any], ...] = ()
    partition: str | None = None
    page: int = DEFAULT_PAGE
    continuation: str = ""

    @property
    def fingerprint(self) -> int:
        """What a continuation token must have been issued for."""
        asked = json.dumps([self.text, self.parameters, self.partition])
        return zlib.crc32(asked.encode("utf-8"))


@dataclass(frozen=True)
class Page:
    """Some results as JSON texts, and the token that continues after them ("" at the end)."""

    results: list[bytes]
    continuation: str
    charge: float


@dataclass
class _Position:
    """Where a page starts: rows delivered before it, and the sort values of the last one."""

    delivered: int = 0
    after: list[Any] | None = None


class Queries:
    """Answers queries over one container at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def run(self, container: Container, question: Question) -> Page:
        """One page of results; 400 for a faulty query, 501 for an unsupported one."""
        query = parse_query(question.text)
        statement = self._compile(container, query, question)
        position = _parse_token(question)
        values = statement.bind(dict(question.parameters))
        where = _conditions(container, question, statement)
        values |= {"partition": question.partition, "now": self._database.now()}
        if statement.aggregates:
            return self._aggregate(container, statement, where, values)
        return self._rows(container, query, question, statement, where, values, position)

    def explain(self, container: Container, question: Question) -> list[str]:
        """SQLite's plan for the first page of a query that selects items."""
        statement = self._compile(container, parse_query(question.text), question)
        values = statement.bind(dict(question.parameters))
        values |= {"partition": question.partition, "now": 0, "limit": 1, "offset": 0}
        sql = _select(container, statement, _conditions(container, question, statement))
        rows = self._database.execute(f"EXPLAIN QUERY PLAN {sql}", values)
        return [row[3].decode("utf-8") for row in rows]

    def _compile(self, container: Container, query: Query, question: Question) -> Statement:
        parameters = dict(question.parameters)
        cache = container.state.compiled
        key = (question.text, signature(parameters))
        statement = cache.get(key)
        if statement is None:
            if len(cache) >= _COMPILED_QUERIES:
                cache.clear()
            statement = cache[key] = compile_query(query, container.source, parameters)
        return statement

    def _aggregate(
        self, container: Container, statement: Statement, where: list[str], values: dict[str, Any]
    ) -> Page:
        columns = [_aggregate_sql(container, one, where) for one in statement.aggregates]
        row = self._database.execute(f"SELECT {', '.join(columns)}", values).fetchone()
        cells = [None if cell is None else _text(cell) for cell in row]
        result = _assemble(statement.names, cells)
        results = [] if result is None else [result]
        return Page(results, "", charges.query(1, 0))

    def _rows(
        self,
        container: Container,
        query: Query,
        question: Question,
        statement: Statement,
        where: list[str],
        values: dict[str, Any],
        position: _Position,
    ) -> Page:
        offset, most = row_limit(query, dict(question.parameters))
        page = GREATEST_PAGE if question.page == -1 else min(question.page, GREATEST_PAGE)
        room = page if most is None else min(page, most - position.delivered)
        values["limit"] = room + 1
        values["offset"] = _offset(statement, offset, position)
        rows = self._fetch(container, statement, where, values, position)
        results, size, last, more = [], 0, None, False
        for row in rows:
            if len(results) == room or (results and size > _PAGE_BYTES):
                more = True
                break
            result = _assemble(statement.names, row[: len(statement.selected)])
            if result is not None:
                results.append(result)
                size += len(result)
                last = row
        delivered = position.delivered + len(results)
        token = ""
        if more and last is not None and (most is None or delivered < most):
            token = _make_token(question, statement, delivered, last)
        return Page(results, token, charges.query(len(results), size))

    def _fetch(
        self,
        container: Container,
        statement: Statement,
        where: list[str],
        values: dict[str, Any],
        position: _Position,
    ) -> Iterator[tuple[Any, ...]]:
        """Rows in order; the row limit is for the caller to keep (each part gets it anew)."""
        for part in _parts(statement, position):
            extra = {f"k{n}": value for n, value in enumerate(position.after or [])}
            sql = _select(container, statement, [*where, *part])
            cursor: sqlite3.Cursor = self._database.execute(sql, {**values, **extra})
            yield from cursor


def _conditions(container: Container, question: Question, statement: Statement) -> list[str]:
    conditions = [] if question.partition is None else ["partition = :partition"]
    conditions += statement.conditions
    if container.default_ttl is not None:
        conditions.append("+expires > :now")  # the plus keeps SQLite from choosing that index
    return conditions


def _where(conditions: list[str]) -> str:
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""


def _select(container: Container, statement: Statement, conditions: list[str]) -> str:
    selected = ", ".join(statement.selected)
    source = f"FROM {container.table}{_where(conditions)}"
    limit = "LIMIT :limit OFFSET :offset"
    if statement.distinct:
        named = [one for one in statement.order if one.sql != "number"]
        order = _order_by(named) if named else selected
        return f"SELECT {selected} {source} GROUP BY {selected} ORDER BY {order} {limit}"
    keys = ", ".join(column.sql for column in statement.order)
    return f"SELECT {selected}, {keys} {source} ORDER BY {_order_by(statement.order)} {limit}"


def _order_by(columns: tuple[SortColumn, ...] | list[SortColumn]) -> str:
    return ", ".join(one.sql + (" DESC" if one.descending else "") for one in columns)


def _aggregate_sql(container: Container, aggregate: Aggregate, where: list[str]) -> str:
    conditions = [*where, aggregate.condition] if aggregate.condition else where
    order = f" ORDER BY {aggregate.order} LIMIT 1" if aggregate.order else ""
    return f"(SELECT {aggregate.select} FROM {container.table}{_where(conditions)}{order})"


def _offset(statement: Statement, offset: int, position: _Position) -> int:
    if statement.distinct:
        return offset + position.delivered
    return 0 if position.after else offset


def _parts(statement: Statement, position: _Position) -> list[list[str]]:
    """The conditions of the selects that together give the rows after a position, in order.

    The first sort column is compared on its own, so that an index can be entered right there:
    first the rows that are equal in it, then those beyond.
    """
    if position.after is None or statement.distinct:
        return [[]]
    columns = statement.order
    first = columns[0]
    beyond = f"{first.sql} {'<' if first.descending else '>'} :k0"
    if len(columns) == 1:
        return [[beyond]]
    second = columns[1]
    bound = f"{second.sql} {'<=' if second.descending else '>='} :k1"
    return [[f"{first.sql} = :k0", bound, _after(columns, 1)], [beyond]]


def _after(columns: tuple[SortColumn, ...], start: int) -> str:
    """Rows behind the position in the order of the columns from `start` on."""
    column, key = columns[start], f":k{start}"
    beyond = f"{column.sql} {'<' if column.descending else '>'} {key}"
    if start == len(columns) - 1:
        return beyond
    return f"({beyond} OR ({column.sql} = {key} AND {_after(columns, start + 1)}))"


def _text(cell: Any) -> bytes:
    return cell if isinstance(cell, bytes) else jsontext.dump_bytes(cell)


def _assemble(names: tuple[str, ...] | None, cells: Any) -> bytes | None:
    """One result made of its columns' JSON texts; None for an undefined SELECT VALUE."""
    if names is None:
        return None if cells[0] is None else _text(cells[0])
    members = [
        jsontext.dump_bytes(name) + b":" + _text(cell)
        for name, cell in zip(names, cells, strict=True)
        if cell is not None
    ]
    return b"{" + b",".join(members) + b"}"


def _make_token(
    question: Question, statement: Statement, delivered: int, last: tuple[Any, ...]
) -> str:
    keys = [] if statement.distinct else last[len(statement.selected) :]
    after = [key.decode("utf-8") if isinstance(key, bytes) else key for key in keys]
    text = json.dumps([question.fingerprint, delivered, after], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode("ascii")).decode("ascii")


def _parse_token(question: Question) -> _Position:
    if not question.continuation:
        return _Position()
    try:
        decoded = base64.b64decode(question.continuation, b"-_", validate=True)
        fingerprint, delivered, after = json.loads(decoded)
    except (binascii.Error, ValueError, TypeError) as error:
        raise bad_request("The continuation token is malformed.") from error
    if fingerprint != question.fingerprint:
        raise bad_request("The continuation token belongs to another query.")
    return _Position(delivered, after)

"""Compiles a parsed query against one container into the parts of a SQLite SELECT."""

from dataclasses import dataclass
from typing import Any

from local.cosmos.errors import bad_request, not_supported
from local.cosmos.indexing import IndexingPolicy, OrderedPath
from local.cosmos.sql import expressions
from local.cosmos.sql.expressions import AGGREGATES
from local.cosmos.sql.scope import Binding, Parameters, Scope
from local.cosmos.sql.syntax import (
    Column,
    Constant,
    Expression,
    Operation,
    OrderKey,
    Parameter,
    Query,
    Reference,
)
from local.cosmos.sql.values import ORDERED, Path, Value, order_columns, rank_of

_TIE_BREAKER = "number"


@dataclass(frozen=True)
class SortColumn:
    """A column that rows are ordered by."""

    sql: str
    descending: bool


@dataclass(frozen=True)
class Aggregate:
    """An aggregate to select: what to compute over which of the matching rows, in which order."""

    select: str
    condition: str | None = None
    order: str | None = None


@dataclass(frozen=True)
class Statement:
    """A compiled query. `selected` is JSON text per column; `names` is None for SELECT VALUE.

    `order` ends with a column that is unique, so that a page can continue after any row.
    """

    selected: tuple[str, ...]
    names: tuple[str, ...] | None
    conditions: tuple[str, ...]
    order: tuple[SortColumn, ...]
    aggregates: tuple[Aggregate, ...]
    distinct: bool
    bindings: dict[str, Binding]

    def bind(self, parameters: Parameters) -> dict[str, Any]:
        """The SQLite parameters for one call."""
        return {name: one.resolve(parameters) for name, one in self.bindings.items()}


@dataclass(frozen=True)
class Source:
    """What a query needs to know of its container."""

    partition_path: Path
    policy: IndexingPolicy


def compile_query(query: Query, source: Source, parameters: Parameters) -> Statement:
    """Compile a query; only the types of the parameters matter. 400 and 501 as in Cosmos DB."""
    scope = Scope(query.alias, source.partition_path, parameters)
    conditions = [expressions.holds(query.where, scope)] if query.where is not None else []
    aggregates = _aggregates(query, scope)
    selected = [] if aggregates else [_select(c.expression, scope) for c in query.columns]
    if query.is_value and selected:
        conditions.append(f"{selected[0].rank} > 0")
    distinct = query.distinct and bool(selected)
    if distinct:
        _check_distinct_order(query)
    return Statement(
        selected=tuple(one.json for one in selected) or (() if aggregates else ("doc",)),
        names=_names(query),
        conditions=tuple(conditions),
        order=_order(query, scope, source.policy),
        aggregates=aggregates,
        distinct=distinct,
        bindings=scope.bindings,
    )


def compile_condition(query: Query, source: Source, parameters: Parameters) -> Statement:
    """Compile the condition of a patch: a statement that selects nothing but tests the item."""
    scope = Scope(query.alias, source.partition_path, parameters)
    condition = expressions.holds(query.where, scope) if query.where is not None else "1"
    return Statement(("1",), None, (condition,), (), (), distinct=False, bindings=scope.bindings)


def _select(expression: Expression, scope: Scope) -> Value:
    return expressions.value(expression, scope)


def _names(query: Query) -> tuple[str, ...] | None:
    if query.is_value or not query.columns:
        return None
    names: list[str] = []
    unnamed = 0
    for column in query.columns:
        name = column.name or _natural_name(column)
        if name is None:
            unnamed += 1
            name = f"${unnamed}"
        if name in names:
            raise bad_request(f"Cannot select the name '{name}' twice; use AS.")
        names.append(name)
    return tuple(names)


def _natural_name(column: Column) -> str | None:
    if not isinstance(column.expression, Reference):
        return None
    last = column.expression.path[-1] if column.expression.path else column.expression.alias
    return last if isinstance(last, str) else None


def _is_aggregate(expression: Expression) -> bool:
    return isinstance(expression, Operation) and expression.name in AGGREGATES


def _aggregates(query: Query, scope: Scope) -> tuple[Aggregate, ...]:
    found = [column for column in query.columns if _is_aggregate(column.expression)]
    if not found:
        return ()
    if len(found) < len(query.columns):
        raise bad_request("A query that aggregates without GROUP BY can select only aggregates.")
    if query.order or query.top is not None or query.limit is not None or query.distinct:
        raise not_supported("an aggregate together with ORDER BY, TOP, DISTINCT or OFFSET LIMIT")
    return tuple(_aggregate(column.expression, scope) for column in found)


def _aggregate(call: Expression, scope: Scope) -> Aggregate:
    if not isinstance(call, Operation) or len(call.operands) != 1:
        raise bad_request("An aggregate takes one argument.")
    operand = expressions.value(call.operands[0], scope)
    defined = None if operand.known_rank else f"{operand.rank} > 0"
    if call.name == "COUNT":
        return Aggregate("COUNT(*)", defined)
    if call.name in ("MIN", "MAX"):
        direction = " DESC" if call.name == "MAX" else ""
        columns = [operand.value] if operand.known_rank else [operand.rank, operand.value]
        order = ", ".join(column + direction for column in columns)
        return Aggregate(operand.json, defined, order)
    numbers = f"CASE WHEN {operand.rank} = 3 THEN {operand.value} END"
    total = f"IFNULL(SUM({numbers}), 0)" if call.name == "SUM" else f"AVG({numbers})"
    others = f"COUNT(CASE WHEN {operand.rank} NOT IN (0, 3) THEN 1 END)"
    return Aggregate(f"CASE WHEN {others} = 0 THEN {total} END")


def _check_distinct_order(query: Query) -> None:
    selected = [column.expression for column in query.columns]
    if any(key.reference not in selected for key in query.order):
        raise bad_request("With DISTINCT, ORDER BY can only name what is selected.")


def _order(query: Query, scope: Scope, policy: IndexingPolicy) -> tuple[SortColumn, ...]:
    compared = _compared_paths(query.where, scope)
    if not query.order:
        return (*_natural_order(compared, policy), SortColumn(_TIE_BREAKER, descending=False))
    keys = tuple(_ordered_path(key, scope) for key in query.order)
    backwards = _check_served(keys, policy)
    columns: list[SortColumn] = []
    for key in keys:
        operators = compared.get(key.path, set())
        needed = [] if "=" in operators else order_columns(key.path)
        columns += [SortColumn(sql, key.descending) for sql in needed[-1 if operators else 0 :]]
    return (*columns, SortColumn(_TIE_BREAKER, descending=backwards))


def _natural_order(
    compared: dict[Path, set[str]], policy: IndexingPolicy
) -> tuple[SortColumn, ...]:
    """The order of a query that asks for none: that of the index which serves its range."""
    for path, operators in compared.items():
        if "=" not in operators and policy.has_index(path):
            return (SortColumn(order_columns(path)[-1], descending=False),)
    return ()


def _ordered_path(key: OrderKey, scope: Scope) -> OrderedPath:
    return OrderedPath(scope.check(key.reference), key.descending)


def _check_served(keys: tuple[OrderedPath, ...], policy: IndexingPolicy) -> bool:
    """Whether an index is read backwards for this order; 400 if none serves it."""
    if len(keys) == 1:
        if not policy.is_indexed(keys[0].path):
            raise bad_request(
                "The index path corresponding to the specified order-by item is excluded."
            )
        return keys[0].descending
    backwards = policy.composite_for(keys)
    if backwards is None:
        raise bad_request(
            "The order by query does not have a corresponding composite index that it can be "
            "served from."
        )
    return backwards


def _compared_paths(where: Expression | None, scope: Scope) -> dict[Path, set[str]]:
    """The paths that every result compares with a scalar, and with which operators.

    The type of the value is then always the same, with = the value as well: SQLite need not order
    by them, and would not see on its own that an index serves the rest of the order.
    """
    if isinstance(where, Operation) and where.name == "AND":
        compared: dict[Path, set[str]] = {}
        for condition in where.operands:
            for path, operators in _compared_paths(condition, scope).items():
                compared.setdefault(path, set()).update(operators)
        return compared
    comparison = None if where is None else expressions.as_comparison(where)
    if comparison is None or not isinstance(comparison[1], Reference):
        return {}
    if rank_of(scope.literal(comparison[2])) not in ORDERED:
        return {}
    return {scope.check(comparison[1]): {comparison[0]}}


def row_limit(query: Query, parameters: Parameters) -> tuple[int, int | None]:
    """(offset, greatest number of rows or None) from TOP or OFFSET LIMIT; 400 if they are wrong."""
    if query.top is not None and query.limit is not None:
        raise bad_request("TOP can't be combined with OFFSET LIMIT.")
    scope = Scope(query.alias, (), parameters)
    offset = 0 if query.offset is None else _count(query.offset, scope)
    limit = query.top if query.top is not None else query.limit
    return offset, None if limit is None else _count(limit, scope)


def _count(expression: Expression, scope: Scope) -> int:
    if not isinstance(expression, Constant | Parameter):
        raise bad_request("TOP, OFFSET and LIMIT take a number.")
    count: Any = scope.literal(expression)
    if not isinstance(count, int) or isinstance(count, bool) or count < 0:
        raise bad_request(f"TOP, OFFSET and LIMIT take a whole number, not {count!r}.")
    return count

"""Compiles scalar expressions to SQLite, with the semantics that Cosmos DB gives to `undefined`.

A condition compiles in two ways. `truth` is exact: 1, 0, or NULL for undefined; SQL's own
three-valued AND, OR and NOT then do the rest. `holds` only has to be 1 when the condition is
true, which leaves comparisons that SQLite can answer from an index.
"""

# ruff: noqa: S608 - the SQL is composed of names and expressions made here; values are bound

from collections.abc import Callable

from local.cosmos.errors import bad_request, not_supported
from local.cosmos.sql.scope import Scope
from local.cosmos.sql.syntax import Constant, Expression, Operation, Parameter, Reference
from local.cosmos.sql.values import ORDERED, Rank, Value, at_path, json_of, rank_of, rank_of_type

_ORDERINGS = ("<", "<=", ">", ">=")
_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "="}
_TYPE_CHECKS = {
    "IS_NULL": Rank.NULL,
    "IS_BOOL": Rank.BOOLEAN,
    "IS_NUMBER": Rank.NUMBER,
    "IS_STRING": Rank.STRING,
    "IS_ARRAY": Rank.ARRAY,
    "IS_OBJECT": Rank.OBJECT,
}
_TEXT_TESTS = {
    "STARTSWITH": "substr({0}, 1, length({1})) = {1}",
    "ENDSWITH": "({1} = '' OR substr({0}, -length({1})) = {1})",
    "CONTAINS": "instr({0}, {1}) > 0",
}
_LAST_CHARACTER = "char(1114111)"
AGGREGATES = frozenset({"COUNT", "SUM", "AVG", "MIN", "MAX"})


def value(expression: Expression, scope: Scope) -> Value:
    """Any scalar expression as a typed value."""
    if isinstance(expression, Reference):
        return at_path(scope.check(expression))
    if isinstance(expression, Constant | Parameter):
        return scope.constant(expression)
    if expression.name == "??":
        return _coalesce([value(operand, scope) for operand in expression.operands])
    if expression.name in ("LOWER", "UPPER"):
        return _change_case(expression, scope)
    condition = truth(expression, scope)
    return _value(f"iif(({condition}) IS NULL, 0, 2)", f"IFNULL(({condition}), 0)")


def truth(expression: Expression, scope: Scope) -> str:
    """A condition, exactly: 1, 0 or NULL for undefined."""
    if isinstance(expression, Operation):
        compiler = _TRUTHS.get(expression.name)
        if compiler is not None:
            return compiler(expression, scope)
        if expression.name not in ("??", "LOWER", "UPPER"):
            raise _unknown(expression.name)
    result = value(expression, scope)
    return f"(CASE WHEN {result.rank} = 2 THEN {result.value} END)"


def holds(expression: Expression, scope: Scope) -> str:
    """A condition of which only 1 counts: 0 and NULL both mean that it does not hold."""
    if isinstance(expression, Operation):
        if expression.name in ("AND", "OR"):
            parts = [holds(operand, scope) for operand in expression.operands]
            return _join(parts, expression.name)
        compiler = _SHORTCUTS.get(expression.name)
        shortcut = compiler(expression, scope) if compiler else None
        if shortcut is not None:
            return shortcut
    return truth(expression, scope)


def as_comparison(
    expression: Expression,
) -> tuple[str, Expression, Constant | Parameter] | None:
    """(operator, operand, constant) of a comparison with a constant on either side."""
    if not isinstance(expression, Operation) or expression.name not in _FLIPPED:
        return None
    left, right = expression.operands
    if isinstance(right, Constant | Parameter):
        return expression.name, left, right
    if isinstance(left, Constant | Parameter):
        return _FLIPPED[expression.name], right, left
    return None


def _value(rank: str, sql: str) -> Value:
    return Value(rank, sql, json_of(rank, sql))


def _coalesce(options: list[Value]) -> Value:
    ranks = "".join(f" WHEN {one.rank} > 0 THEN {one.rank}" for one in options)
    values = "".join(f" WHEN {one.rank} > 0 THEN {one.value}" for one in options)
    return _value(f"(CASE{ranks} ELSE 0 END)", f"(CASE{values} ELSE 0 END)")


def _change_case(call: Operation, scope: Scope) -> Value:
    _expect(call, 1)
    text = value(call.operands[0], scope)
    changed = f"cosmos_{call.name.lower()}({text.value})"
    is_text = f"{text.rank} = 4"
    return _value(f"iif({is_text}, 4, 0)", f"(CASE WHEN {is_text} THEN {changed} ELSE 0 END)")


def _join(parts: list[str], operator: str) -> str:
    """All parts joined by AND or OR, as a balanced tree: SQLite limits the depth of expressions."""
    if len(parts) <= 2:
        return f"({f' {operator} '.join(parts)})"
    half = len(parts) // 2
    return f"({_join(parts[:half], operator)} {operator} {_join(parts[half:], operator)})"


def _logic(operation: Operation, scope: Scope) -> str:
    parts = [truth(operand, scope) for operand in operation.operands]
    return _join(parts, operation.name)


def _negation(operation: Operation, scope: Scope) -> str:
    return f"(NOT {truth(operation.operands[0], scope)})"


def _equality(operation: Operation, scope: Scope) -> str:
    left, right = (value(operand, scope) for operand in operation.operands)
    equal = (
        f"(CASE WHEN {left.rank} = 0 OR {right.rank} = 0 THEN NULL"
        f" WHEN {left.rank} <> {right.rank} THEN 0"
        f" WHEN {left.rank} >= 5 THEN cosmos_equal({left.value}, {right.value})"
        f" ELSE {left.value} = {right.value} END)"
    )
    return equal if operation.name == "=" else f"(NOT {equal})"


def _ordering(operation: Operation, scope: Scope) -> str:
    left, right = (value(operand, scope) for operand in operation.operands)
    return (
        f"(CASE WHEN {left.rank} = {right.rank} AND {left.rank} BETWEEN 1 AND 4"
        f" THEN {left.value} {operation.name} {right.value} END)"
    )


def _membership(operation: Operation, scope: Scope) -> str:
    first, *others = operation.operands
    tests = [_equality(Operation("=", (first, other)), scope) for other in others]
    return _join(tests, "OR")


def _is_defined(call: Operation, scope: Scope) -> str:
    _expect(call, 1)
    return f"({value(call.operands[0], scope).rank} > 0)"


def _has_type(call: Operation, scope: Scope) -> str:
    _expect(call, 1)
    return f"({value(call.operands[0], scope).rank} = {int(_TYPE_CHECKS[call.name])})"


def _text_test(call: Operation, scope: Scope) -> str:
    _expect(call, 2, 3)
    text, part = (value(operand, scope) for operand in call.operands[:2])
    operands = [text.value, part.value]
    if _flag(call, scope):
        operands = [f"cosmos_lower({one})" for one in operands]
    test = _TEXT_TESTS[call.name].format(*operands)
    return f"(CASE WHEN {text.rank} = 4 AND {part.rank} = 4 THEN {test} END)"


def _array_contains(call: Operation, scope: Scope) -> str:
    _expect(call, 2, 3)
    array, item = (value(operand, scope) for operand in call.operands[:2])
    deep = "cosmos_includes" if _flag(call, scope) else "cosmos_equal"
    # Renamed, because json_each() has an `id` of its own, which would hide that of the item.
    elements = f"SELECT type AS e_type, IFNULL(value, 0) AS e_value FROM json_each({array.value})"
    same = (
        f"CASE WHEN {item.rank} >= 5 THEN {deep}(e_value, {item.value})"
        f" ELSE e_value = {item.value} END"
    )
    same_type = f"{rank_of_type('e_type')} = {item.rank}"
    found = f"EXISTS (SELECT 1 FROM ({elements}) WHERE {same_type} AND {same})"
    return f"(CASE WHEN {array.rank} = 5 AND {item.rank} > 0 THEN {found} END)"


def _flag(call: Operation, scope: Scope) -> bool:
    """The optional third argument, which must be a literal true or false."""
    if len(call.operands) < 3:
        return False
    flag = call.operands[2]
    if not isinstance(flag, Constant):
        raise not_supported(f"{call.name} with a third argument that is no literal")
    if not isinstance(scope.literal(flag), bool):
        raise bad_request(f"The third argument of {call.name} must be true or false.")
    return bool(flag.value)


def _compare_with_constant(operation: Operation, scope: Scope) -> str | None:
    comparison = as_comparison(operation)
    if comparison is None:
        return None
    operator, operand, constant = comparison
    rank = rank_of(scope.literal(constant))
    if rank not in ORDERED:
        return "0" if operator in _ORDERINGS else None
    if operator == "=" and scope.is_partition_key(operand):
        return f"partition = {scope.bind(constant, 'partition')}"
    return _typed(value(operand, scope), rank, f"{operator} {scope.bind(constant)}")


def _typed(operand: Value, rank: Rank, test: str) -> str:
    """A test of the operand's value that only applies to one type."""
    if operand.known_rank is None:
        return f"({operand.rank} = {int(rank)} AND {operand.value} {test})"
    return f"({operand.value} {test})" if operand.known_rank == rank else "0"


def _in_constants(operation: Operation, scope: Scope) -> str | None:
    first, *others = operation.operands
    constants = [other for other in others if isinstance(other, Constant | Parameter)]
    ranks = {rank_of(scope.literal(constant)) for constant in constants}
    if len(constants) < len(others) or not ranks <= set(ORDERED):
        return None
    if scope.is_partition_key(first):
        keys = ", ".join(scope.bind(constant, "partition") for constant in constants)
        return f"partition IN ({keys})"
    operand = value(first, scope)
    tests = []
    for rank in sorted(ranks):
        same = [one for one in constants if rank_of(scope.literal(one)) == rank]
        listed = ", ".join(scope.bind(one) for one in same)
        tests.append(_typed(operand, rank, f"IN ({listed})"))
    return "(" + " OR ".join(tests) + ")"


def _contained_in_constant(call: Operation, scope: Scope) -> str | None:
    """ARRAY_CONTAINS(@values, c.path): the values of one type become an indexable IN."""
    array, item = call.operands if len(call.operands) == 2 else (None, None)
    if not isinstance(array, Constant | Parameter) or item is None:
        return None
    values = scope.literal(array)
    ranks = {rank_of(one) for one in values} if isinstance(values, list) else set()
    if len(ranks) != 1 or not ranks <= set(ORDERED):
        return None
    if scope.is_partition_key(item):
        listed = scope.bind(array, "partitions")
        return f"partition IN (SELECT value FROM json_each({listed}))"
    rank = ranks.pop()
    return _typed(
        value(item, scope),
        rank,
        f"IN (SELECT IFNULL(value, 0) FROM json_each({scope.bind(array)}))",
    )


def _starts_with_constant(call: Operation, scope: Scope) -> str | None:
    """A prefix is a range as well, which an index can serve."""
    text, prefix = call.operands if len(call.operands) == 2 else (None, None)
    if not isinstance(prefix, Constant | Parameter) or text is None:
        return None
    if rank_of(scope.literal(prefix)) is not Rank.STRING:
        return None
    start = scope.bind(prefix)
    low = _typed(value(text, scope), Rank.STRING, f">= {start}")
    high = _typed(value(text, scope), Rank.STRING, f"< {start} || {_LAST_CHARACTER}")
    return f"({low} AND {high} AND {_text_test(call, scope)})"


def _expect(call: Operation, least: int, most: int | None = None) -> None:
    if not least <= len(call.operands) <= (most or least):
        raise bad_request(f"The function {call.name} does not take {len(call.operands)} arguments.")


def _unknown(name: str) -> Exception:
    if name in AGGREGATES:
        return not_supported(f"the aggregate {name} inside an expression")
    return not_supported(f"the function {name}")


_Compiler = Callable[[Operation, Scope], str]
_TRUTHS: dict[str, _Compiler] = {
    "AND": _logic,
    "OR": _logic,
    "NOT": _negation,
    "=": _equality,
    "!=": _equality,
    "IN": _membership,
    "IS_DEFINED": _is_defined,
    "ARRAY_CONTAINS": _array_contains,
    **dict.fromkeys(_ORDERINGS, _ordering),
    **dict.fromkeys(_TYPE_CHECKS, _has_type),
    **dict.fromkeys(_TEXT_TESTS, _text_test),
}
_SHORTCUTS: dict[str, Callable[[Operation, Scope], str | None]] = {
    "=": _compare_with_constant,
    **dict.fromkeys(_ORDERINGS, _compare_with_constant),
    "IN": _in_constants,
    "ARRAY_CONTAINS": _contained_in_constant,
    "STARTSWITH": _starts_with_constant,
}

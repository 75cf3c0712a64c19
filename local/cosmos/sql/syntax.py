"""Parses the text of a query into a tree of its parts."""

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path as FilePath
from typing import Any

from lark import Lark, Token, Transformer, UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from local.cosmos.errors import CosmosError, bad_request, not_supported
from local.cosmos.sql.values import Path


@dataclass(frozen=True)
class Constant:
    """A literal."""

    value: Any


@dataclass(frozen=True)
class Parameter:
    """A parameter, by its name with the @."""

    name: str


@dataclass(frozen=True)
class Reference:
    """A path, with the alias that it starts from."""

    alias: str
    path: Path


@dataclass(frozen=True)
class Operation:
    """An operator or a function (upper-case name) with its operands."""

    name: str
    operands: tuple["Expression", ...]


Expression = Constant | Parameter | Reference | Operation


@dataclass(frozen=True)
class Column:
    """One selected expression and the name that it gets in the result."""

    expression: Expression
    name: str | None


@dataclass(frozen=True)
class OrderKey:
    """One key of an ORDER BY."""

    reference: Reference
    descending: bool


@dataclass(frozen=True)
class Query:
    """A SELECT. `columns` is empty for `*`; with `is_value` it holds one expression."""

    alias: str
    columns: tuple[Column, ...] = ()
    is_value: bool = False
    distinct: bool = False
    top: Expression | None = None
    where: Expression | None = None
    order: tuple[OrderKey, ...] = ()
    offset: Expression | None = None
    limit: Expression | None = None


_KEYWORDS = [
    "SELECT",
    "TOP",
    "VALUE",
    "AS",
    "FROM",
    "WHERE",
    "ORDER",
    "BY",
    "OFFSET",
    "LIMIT",
    "OR",
    "AND",
    "NOT",
    "BETWEEN",
    "IN",
    "DISTINCT",
    "ASC",
    "DESC",
    "TRUE",
    "FALSE",
    "NULL",
]
_KEPT = {"DISTINCT", "ASC", "DESC", "TRUE", "FALSE", "NULL"}
_RESERVED = {
    "ARRAY": "the ARRAY expression",
    "ESCAPE": "LIKE",
    "EXISTS": "EXISTS and subqueries",
    "GROUP": "GROUP BY",
    "JOIN": "JOIN",
    "LIKE": "LIKE",
    "UDF": "user-defined functions",
    "UNDEFINED": "the literal undefined",
}
_OPERATORS = "+-*/%|?:&^~{!"


def _classify(token: Token) -> Token:
    """Turn a name that is a keyword, in any case, into that keyword."""
    word = token.upper()
    if word in _RESERVED:
        token.type = "_RESERVED"
    elif word in _KEYWORDS:
        token.type = word if word in _KEPT else f"_{word}"
    return token


def _unquote(text: str) -> str:
    body = text[1:-1]
    if text[0] == "'":
        body = body.replace("\\'", "'").replace('"', '\\"')
    try:
        return json.loads(f'"{body}"', strict=False)
    except ValueError as error:
        raise bad_request(f"Syntax error: {text} is not a valid string.") from error


def _number(text: str) -> int | float:
    return int(text) if text.lstrip("-").isdigit() else float(text)


class _Builder(Transformer):
    """Turns the parse tree, bottom-up, into the dataclasses above; one method per grammar rule."""

    def start(self, children: list[Any]) -> Query:
        return children[0]

    def query(self, children: list[Any]) -> Query:
        distinct, top, columns, alias, where, order, offset = children
        is_value, selected = columns
        skip, limit = offset or (None, None)
        return Query(
            alias, selected, is_value, distinct is not None, top, where, order or (), skip, limit
        )

    def condition(self, children: list[Any]) -> Query:
        return Query(alias=children[0], where=children[1])

    def top(self, children: list[Any]) -> Expression:
        return children[0]

    def select_all(self, _: list[Any]) -> tuple[bool, tuple[Column, ...]]:
        return False, ()

    def select_value(self, children: list[Any]) -> tuple[bool, tuple[Column, ...]]:
        return True, (Column(children[0], None),)

    def select_columns(self, children: list[Any]) -> tuple[bool, tuple[Column, ...]]:
        return False, tuple(children)

    def column(self, children: list[Any]) -> Column:
        return Column(children[0], None if children[1] is None else str(children[1]))

    def source(self, children: list[Any]) -> str:
        return str(children[1] or children[0])

    def where(self, children: list[Any]) -> Expression:
        return children[0]

    def order(self, children: list[Any]) -> tuple[OrderKey, ...]:
        return tuple(children)

    def key(self, children: list[Any]) -> OrderKey:
        return OrderKey(children[0], children[1] is not None and children[1].type == "DESC")

    def offset(self, children: list[Any]) -> tuple[Expression, Expression]:
        return children[0], children[1]

    def count(self, children: list[Any]) -> Expression:
        token = children[0]
        return Parameter(str(token)) if token.type == "PARAMETER" else Constant(_number(token))

    def or_(self, children: list[Any]) -> Operation:
        return Operation("OR", tuple(children))

    def and_(self, children: list[Any]) -> Operation:
        return Operation("AND", tuple(children))

    def not_(self, children: list[Any]) -> Operation:
        return Operation("NOT", tuple(children))

    def compare(self, children: list[Any]) -> Operation:
        operator = "!=" if children[1] == "<>" else str(children[1])
        return Operation(operator, (children[0], children[2]))

    def between(self, children: list[Any]) -> Operation:
        value, low, high = children
        return Operation("AND", (Operation(">=", (value, low)), Operation("<=", (value, high))))

    def not_between(self, children: list[Any]) -> Operation:
        return Operation("NOT", (self.between(children),))

    def in_(self, children: list[Any]) -> Operation:
        return Operation("IN", tuple(children))

    def not_in(self, children: list[Any]) -> Operation:
        return Operation("NOT", (self.in_(children),))

    def coalesce(self, children: list[Any]) -> Operation:
        return Operation("??", tuple(children))

    def call(self, children: list[Any]) -> Operation:
        return Operation(children[0].upper(), tuple(c for c in children[1:] if c is not None))

    def array(self, children: list[Any]) -> Constant:
        items = [child for child in children if child is not None]
        if not all(isinstance(item, Constant) for item in items):
            raise not_supported("arrays of anything but literals in a query")
        return Constant([item.value for item in items])

    def path(self, children: list[Any]) -> Reference:
        return Reference(str(children[0]), tuple(children[1:]))

    def property(self, children: list[Any]) -> str:
        return str(children[0])

    def property_string(self, children: list[Any]) -> str:
        return _unquote(children[0])

    def element(self, children: list[Any]) -> int:
        index = _number(children[0])
        if not isinstance(index, int) or index < 0:
            raise bad_request(f"Syntax error: [{index}] is not an array index.")
        return index

    def string(self, children: list[Any]) -> Constant:
        return Constant(_unquote(children[0]))

    def number(self, children: list[Any]) -> Constant:
        return Constant(_number(children[0]))

    def true(self, _: list[Any]) -> Constant:
        return Constant(value=True)

    def false(self, _: list[Any]) -> Constant:
        return Constant(value=False)

    def null(self, _: list[Any]) -> Constant:
        return Constant(value=None)

    def parameter(self, children: list[Any]) -> Parameter:
        return Parameter(str(children[0]))


_PARSER = Lark(
    (FilePath(__file__).parent / "grammar.lark").read_text(encoding="utf-8"),
    parser="lalr",
    lexer="basic",
    start=["start", "condition"],
    lexer_callbacks={"NAME": _classify},
    transformer=_Builder(),
    maybe_placeholders=True,
)


def _explain(error: UnexpectedInput) -> CosmosError:
    if isinstance(error, UnexpectedCharacters) and error.char in _OPERATORS:
        return not_supported(f"the operator '{error.char}' in a query")
    if isinstance(error, UnexpectedToken):
        if error.token.type == "STAR":
            return not_supported("the operator '*' in a query")
        needs_name = error.expected == {"NAME"}  # after a dot, where no keyword is meant
        if error.token.type == "_RESERVED" and not needs_name:
            return not_supported(f"{_RESERVED[error.token.upper()]} in a query")
        if error.token.type in ("_SELECT", "_IN") and not needs_name:
            return not_supported("subqueries and FROM ... IN in a query")
        return bad_request(f"Syntax error, incorrect syntax near '{error.token}'.")
    return bad_request(f"Syntax error at column {error.column}.")


def _parse(text: str, start: str) -> Query:
    try:
        return _PARSER.parse(text, start=start)  # type: ignore[return-value]  # the transformer's
    except UnexpectedInput as error:
        raise _explain(error) from error


@lru_cache(maxsize=1024)
def parse_query(text: str) -> Query:
    """Parse a SELECT; 400 for a syntax error, 501 for what this server does not support."""
    return _parse(text, "start")


@lru_cache(maxsize=1024)
def parse_condition(text: str) -> Query:
    """Parse the condition of a patch, `FROM c WHERE ...`; errors as for a query."""
    return _parse(text, "condition")

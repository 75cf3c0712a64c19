"""Parses and evaluates the OData subset that selects the connections a message goes to."""

import functools
import operator
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Protocol

from local.web_pubsub.errors import bad_request

_MOST_CLAUSES = 100
_DEEPEST_NESTING = 32
_TOKEN = re.compile(
    r"\s*(?:(?P<string>'(?:[^']|'')*')|(?P<number>-?\d+)|(?P<name>[A-Za-z]+)|(?P<mark>[(),]))"
)


class Subject(Protocol):
    """What a filter looks at: a connection."""

    @property
    def connection_id(self) -> str:
        """The connection's id."""
        ...

    @property
    def user_id(self) -> str | None:
        """The user's id, None for an anonymous client."""
        ...

    @property
    def groups(self) -> Collection[str]:
        """The names of the groups that the connection is in."""
        ...


class Expression(Protocol):
    """A node of a parsed filter; `kind` is text, number, boolean, null or groups."""

    @property
    def kind(self) -> str:
        """The type of the value."""
        ...

    def value(self, subject: Subject) -> Any:
        """Evaluate for one connection."""
        ...


@dataclass(frozen=True, slots=True)
class _Literal:
    kind: str
    content: Any

    def value(self, subject: Subject) -> Any:  # noqa: ARG002 - one of several expressions
        return self.content


@dataclass(frozen=True, slots=True)
class _Property:
    kind: str
    read: Callable[[Subject], Any]

    def value(self, subject: Subject) -> Any:
        return self.read(subject)


@dataclass(frozen=True, slots=True)
class _Call:
    kind: str
    function: Callable[..., Any]
    arguments: tuple[Expression, ...]

    def value(self, subject: Subject) -> Any:
        values = [argument.value(subject) for argument in self.arguments]
        return None if None in values else self.function(*values)


@dataclass(frozen=True, slots=True)
class _Comparison:
    compare: Callable[[Any, Any], bool]
    left: Expression
    right: Expression
    kind: str = "boolean"

    def value(self, subject: Subject) -> bool:
        left, right = self.left.value(subject), self.right.value(subject)
        if self.compare in (operator.eq, operator.ne):
            return self.compare(left, right)
        return left is not None and right is not None and self.compare(left, right)


@dataclass(frozen=True, slots=True)
class _Membership:
    item: Expression
    groups: Expression
    kind: str = "boolean"

    def value(self, subject: Subject) -> bool:
        return self.item.value(subject) in self.groups.value(subject)


@dataclass(frozen=True, slots=True)
class _Logical:
    combine: Callable[..., bool]
    operands: tuple[Expression, ...]
    kind: str = "boolean"

    def value(self, subject: Subject) -> bool:
        return self.combine(operand.value(subject) for operand in self.operands)


@dataclass(frozen=True, slots=True)
class _Not:
    operand: Expression
    kind: str = "boolean"

    def value(self, subject: Subject) -> bool:
        return not self.operand.value(subject)


def _substring(text: str, start: int, length: int | None = None) -> str:
    start = max(start, 0)
    return text[start:] if length is None else text[start : start + max(length, 0)]


_PROPERTIES: dict[str, Expression] = {
    "userId": _Property("text", operator.attrgetter("user_id")),
    "connectionId": _Property("text", operator.attrgetter("connection_id")),
    "groups": _Property("groups", operator.attrgetter("groups")),
    "null": _Literal("null", None),
    "true": _Literal("boolean", True),
    "false": _Literal("boolean", False),
}
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}
# Name: kind of the result, the function, the kinds of arguments that it may be called with.
_FUNCTIONS: dict[str, tuple[str, Callable[..., Any], tuple[tuple[str, ...], ...]]] = {
    "tolower": ("text", str.lower, (("text",),)),
    "toupper": ("text", str.upper, (("text",),)),
    "trim": ("text", str.strip, (("text",),)),
    "substring": (
        "text",
        _substring,
        (("text", "number"), ("text", "number", "number")),
    ),
    "endswith": ("boolean", str.endswith, (("text", "text"),)),
    "startswith": ("boolean", str.startswith, (("text", "text"),)),
    "indexof": ("number", str.find, (("text", "text"),)),
    "length": ("number", len, (("text",),)),
    "concat": ("text", operator.add, (("text", "text"),)),
    "contains": ("boolean", operator.contains, (("text", "text"),)),
}


@functools.lru_cache(maxsize=1024)
def parse_filter(text: str) -> Expression:
    """Parse a filter; a 400 with the reason for one that is wrong or not supported."""
    return _Parser(text).parse()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(self._split(text))
        self._next = 0
        self._clauses = 0
        self._depth = 0

    def parse(self) -> Expression:
        expression = self._either()
        if self._peek() is not None:
            raise self._error(f"unexpected {self._peek()!r}")
        self._require(expression, "boolean")
        return expression

    def _split(self, text: str) -> list[tuple[str, str]]:
        tokens, position = [], 0
        end = len(text.rstrip())
        while position < end:
            match = _TOKEN.match(text, position)
            if match is None:
                raise self._error(f"unexpected {text[position:].strip()[:20]!r}")
            tokens.append((match.lastgroup or "", match.group(match.lastgroup or 0)))
            position = match.end()
        return tokens

    def _either(self) -> Expression:
        return self._chain("or", any, self._both)

    def _both(self) -> Expression:
        return self._chain("and", all, self._negation)

    def _chain(
        self, word: str, combine: Callable[..., bool], operand: Callable[[], Expression]
    ) -> Expression:
        operands = [operand()]
        while self._accept(word):
            operands.append(operand())
        if len(operands) == 1:
            return operands[0]
        for expression in operands:
            self._require(expression, "boolean")
        return _Logical(combine, tuple(operands))

    def _negation(self) -> Expression:
        if not self._accept("not"):
            return self._clause()
        self._enter()
        operand = self._negation()
        self._depth -= 1
        self._require(operand, "boolean")
        return _Not(operand)

    def _clause(self) -> Expression:
        self._clauses += 1
        if self._clauses > _MOST_CLAUSES:
            raise self._error(f"more than {_MOST_CLAUSES} clauses")
        left = self._operand()
        if self._accept("in"):
            groups = self._operand()
            self._require(left, "text")
            self._require(groups, "groups")
            return _Membership(left, groups)
        word = self._peek()
        if word not in _COMPARISONS:
            return left
        self._next += 1
        right = self._operand()
        if "groups" in (left.kind, right.kind) or (
            left.kind != right.kind and "null" not in (left.kind, right.kind)
        ):
            raise self._error(f"{word!r} cannot compare {left.kind} with {right.kind}")
        return _Comparison(_COMPARISONS[word], left, right)

    def _operand(self) -> Expression:
        if self._accept("("):
            self._enter()
            expression = self._either()
            self._depth -= 1
            self._expect(")")
            return expression
        if self._next == len(self._tokens):
            raise self._error("it ends too early")
        kind, text = self._tokens[self._next]
        self._next += 1
        if kind == "string":
            return _Literal("text", text[1:-1].replace("''", "'"))
        if kind == "number":
            return _Literal("number", int(text))
        if text in _FUNCTIONS and self._peek() == "(":
            return self._call(text)
        if text in _PROPERTIES:
            return _PROPERTIES[text]
        raise self._error(f"unknown {text!r}")

    def _call(self, name: str) -> Expression:
        self._expect("(")
        self._enter()
        arguments = [self._operand()]
        while self._accept(","):
            arguments.append(self._operand())
        self._depth -= 1
        self._expect(")")
        kind, function, signatures = _FUNCTIONS[name]
        if tuple(argument.kind for argument in arguments) not in signatures:
            raise self._error(f"wrong arguments for {name}()")
        return _Call(kind, function, tuple(arguments))

    def _enter(self) -> None:
        self._depth += 1
        if self._depth > _DEEPEST_NESTING:
            raise self._error(f"nested more than {_DEEPEST_NESTING} deep")

    def _peek(self) -> str | None:
        return self._tokens[self._next][1] if self._next < len(self._tokens) else None

    def _accept(self, text: str) -> bool:
        found = self._peek() == text
        self._next += found
        return found

    def _expect(self, text: str) -> None:
        if not self._accept(text):
            raise self._error(f"expected {text!r}")

    def _require(self, expression: Expression, kind: str) -> None:
        if expression.kind != kind:
            raise self._error(f"{kind} expected, not {expression.kind}")

    def _error(self, reason: str) -> Exception:
        return bad_request(f"filter {self._text!r}: {reason}")

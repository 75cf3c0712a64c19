"""Evaluates Bicep expressions as far as they can be without Azure."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tree_sitter import Node

from tests.infra.syntax import child, field, text_of
from tests.infra.values import (
    Reference,
    Unknown,
    Value,
    combine,
    compare,
    concat,
    empty,
    joined,
    one_of,
    options_of,
    union,
)

Names = Mapping[str, Value]

_FUNCTIONS: dict[str, Callable[..., Value]] = {"concat": concat, "union": union, "empty": empty}


class Evaluator:
    """Evaluates nodes with the variables, parameters and symbols in reach."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._by_type: dict[str, Callable[[Node], Value]] = {
            "string": self._string,
            "number": _number,
            "boolean": _boolean,
            "null": _null,
            "object": self._object,
            "array": self._array,
            "identifier": self._identifier,
            "parenthesized_expression": self._parenthesized,
            "ternary_expression": self._ternary,
            "member_expression": self._member,
            "subscript_expression": self._subscript,
            "call_expression": self._call,
            "for_statement": self._loop,
            "binary_expression": self._binary,
            "unary_expression": self._unary,
        }

    def value(self, node: Node) -> Value:
        """What an expression comes to; Unknown where only the deployment can tell."""
        evaluate = self._by_type.get(node.type)
        return Unknown(text_of(node)) if evaluate is None else evaluate(node)

    def bodies(self, node: Node) -> list[dict[str, Value]]:
        """The objects that the body of a resource or module makes: one, or one for each turn."""
        if node.type == "if_statement":
            return self.bodies(_expression(node, after=")"))
        if node.type == "for_statement":
            return [value for value in self._loop(node) if isinstance(value, dict)]
        return [self._object(node)]

    def _string(self, node: Node) -> Value:
        parts = [
            self.value(part.named_children[0])
            if part.type == "interpolation"
            else text_of(part).replace("\\'", "'")
            for part in node.named_children
        ]
        return joined(parts)

    def _object(self, node: Node) -> dict[str, Value]:
        found: dict[str, Value] = {}
        for entry in node.named_children:
            if entry.type == "object_property":
                key, value = entry.named_children[0], entry.named_children[-1]
                name = self._string(key) if key.type == "string" else text_of(key)
                found[name if isinstance(name, str) else f"*{name.text}"] = self.value(value)
        return found

    def _array(self, node: Node) -> Value:
        return [self.value(item) for item in node.named_children if not _is_comment(item)]

    def _identifier(self, node: Node) -> Value:
        name = text_of(node)
        return self._names.get(name, Unknown(name))

    def _parenthesized(self, node: Node) -> Value:
        return self.value(node.named_children[0])

    def _ternary(self, node: Node) -> Value:
        conditions = options_of(self.value(field(node, "condition")))
        sides = {True: "consequence", False: "alternative"}
        wanted = [side for known, side in sides.items() if _possible(conditions, known)]
        return one_of(self.value(field(node, side)) for side in wanted)

    def _binary(self, node: Node) -> Value:
        left, right = (self.value(field(node, side)) for side in ("left", "right"))
        return combine(compare, text_of(field(node, "operator")), left, right)

    def _unary(self, node: Node) -> Value:
        return combine(_negated, self.value(field(node, "argument")))

    def _member(self, node: Node) -> Value:
        return combine(
            _member_of, self.value(field(node, "object")), text_of(field(node, "property"))
        )

    def _subscript(self, node: Node) -> Value:
        return Unknown(text_of(node))

    def _call(self, node: Node) -> Value:
        name = text_of(field(node, "function"))
        arguments = [
            self.value(argument)
            for argument in field(node, "arguments").named_children
            if not _is_comment(argument)
        ]
        if name in ("loadJsonContent", "loadTextContent"):
            return self._names.get(f"file:{arguments[0]}", Unknown(text_of(node)))
        function = _FUNCTIONS.get(name)
        return Unknown(text_of(node)) if function is None else combine(function, *arguments)

    def _loop(self, node: Node) -> Value:
        body = field(node, "body")
        return [inner.value(body) for inner in self._turns(node)]

    def _turns(self, node: Node) -> Iterator["Evaluator"]:
        name = text_of(field(node, "initializer"))
        for items in options_of(self.value(_expression(node, after="in"))):
            for item in items if isinstance(items, list) else [Unknown(name)]:
                yield Evaluator({**self._names, name: item})


def _possible(conditions: tuple[Value, ...], wanted: bool) -> bool:
    return any(not isinstance(found, bool) or found == wanted for found in conditions)


def _negated(value: Value) -> Value:
    return not value if isinstance(value, bool) else Unknown("!")


def _number(node: Node) -> int:
    return int(text_of(node))


def _boolean(node: Node) -> bool:
    return text_of(node) == "true"


def _null(node: Node) -> None:
    return None


def _member_of(value: Any, name: str) -> Value:
    if isinstance(value, dict):
        return value.get(name, Unknown(f"?.{name}"))
    if isinstance(value, Reference):
        return value.name if name == "name" else Unknown(f"{value.symbol}.{name}")
    return Unknown(f"{getattr(value, 'text', value)}.{name}")


def _expression(node: Node, after: str) -> Node:
    """The first expression after a keyword; comments and brackets aside."""
    texts = [text_of(found) if not found.is_named else "" for found in node.children]
    start = texts.index(after) + 1 if after in texts else 0
    if after == ")":
        condition = child(node, "parenthesized_expression")
        start = node.children.index(condition) + 1 if condition else 0
    return next(
        found for found in node.children[start:] if found.is_named and not _is_comment(found)
    )


def _is_comment(node: Node) -> bool:
    return node.type in ("comment", "diagnostic_comment")

"""Values of Bicep expressions, as far as they are known before a deployment."""

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

Value = Any
"""str, int, bool, None, list, dict, Reference, Unknown or OneOf."""


@dataclass(frozen=True)
class Unknown:
    """What only the deployment knows."""

    text: str


@dataclass(frozen=True)
class OneOf:
    """A value that depends on a parameter: one of these."""

    options: tuple[Value, ...]


@dataclass(frozen=True)
class Reference:
    """A resource or a module, by its symbol; `name` is the resource's, if it is known."""

    symbol: str
    name: Value


def one_of(options: Iterable[Value]) -> Value:
    """One value if there is but one, else the choice; choices within choices are opened."""
    found: list[Value] = []
    for option in options:
        for single in options_of(option):
            if single not in found:
                found.append(single)
    return found[0] if len(found) == 1 else OneOf(tuple(found))


def options_of(value: Value) -> tuple[Value, ...]:
    """What a value can be."""
    return value.options if isinstance(value, OneOf) else (value,)


def combine(operation: Callable[..., Value], *values: Value) -> Value:
    """An operation on each combination of what the values can be."""
    return one_of(operation(*picked) for picked in itertools.product(*map(options_of, values)))


def concat(*parts: Value) -> Value:
    """Arrays put together; what isn't known stays one unknown item."""
    return [
        item for part in parts for item in (part if isinstance(part, list) else [_unknown(part)])
    ]


def union(*parts: Value) -> Value:
    """Objects put together, the later one winning; unknown ones are left out."""
    return {name: value for part in parts if isinstance(part, dict) for name, value in part.items()}


def empty(value: Value) -> Value:
    """Whether a string, array or object has nothing in it, if that is known."""
    return Unknown("empty") if isinstance(value, Unknown) else not value


def compare(operator: str, left: Value, right: Value) -> Value:
    """The outcome of a comparison or of a logical operator, if it is known."""
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return Unknown(operator)
    outcomes = {
        "==": left == right,
        "!=": left != right,
        "&&": bool(left and right),
        "||": bool(left or right),
    }
    return outcomes.get(operator, Unknown(operator))


def joined(parts: list[Value]) -> Value:
    """The parts of an interpolated string."""
    if all(isinstance(part, str | int) for part in parts):
        return "".join(str(part) for part in parts)
    return Unknown("".join(part if isinstance(part, str) else "{}" for part in parts))


def _unknown(part: Value) -> Unknown:
    return part if isinstance(part, Unknown) else Unknown(repr(part))

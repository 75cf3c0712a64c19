"""Checks what the template says against Azure's resource types, as infra/schemas/ keeps them."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

from tests.infra.syntax import INFRA
from tests.infra.template import Resource
from tests.infra.values import OneOf, Reference, Unknown, Value

SCHEMAS = INFRA / "schemas"

_OF_BICEP = {"parent", "scope", "dependsOn", "name", "location", "tags"}
"""Properties of every resource: Bicep's own, and those that some sources leave out."""

_SCALARS: dict[str, type | tuple[type, ...]] = {"string": str, "int": int, "bool": bool}


def faults(resource: Resource) -> list[str]:
    """Properties that don't exist or are read-only, values of another kind, what is missing."""
    schema = _schema(resource.type)
    if schema is None:
        return [f"{resource.where}: infra/schemas has no {resource.type}: make infra-schemas"]
    known = schema["resource"].partition("@")[2]
    if resource.version != known:
        return [f"{resource.where}: API version {resource.version}, but the schema is of {known}"]
    body = {name: value for name, value in resource.body.items() if name not in _OF_BICEP}
    checker = _Checker(schema["types"], named=resource.body.get("name"))
    return [f"{resource.where}: {fault}" for fault in checker.object(body, "", resource.type)]


def not_used(resource_types: set[str]) -> list[str]:
    """Schemas of types that the template doesn't have (any more)."""
    kept = {path.stem for path in SCHEMAS.glob("*.json")}
    return sorted(kept - {name.replace("/", ".") for name in resource_types})


@cache
def _schema(resource_type: str) -> dict[str, Any] | None:
    path = SCHEMAS / f"{resource_type.replace('/', '.')}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


class _Checker:
    """Walks a value beside its type; the first type's own name is empty."""

    def __init__(self, types: dict[str, dict[str, Any]], named: Value) -> None:
        self._types = types
        self._named = named

    def object(self, value: dict[str, Value], kind: str, path: str) -> Iterator[str]:
        """Faults of an object of a named type."""
        found = self._variant(self._types[kind], value)
        if found is None:
            yield f"{path} is of no kind that is known"
            return
        properties, read_only = found.get("properties", {}), found.get("readOnly", [])
        for name, inner in value.items():
            expected = properties.get(name, found.get("additional"))
            if name in read_only or (expected is None and not name.startswith("*")):
                problem = "is read-only" if name in read_only else "doesn't exist"
                yield f"{path}.{name} {problem}"
            elif expected is not None:
                yield from self.value(inner, expected, f"{path}.{name}")
        for name in found.get("required", []):
            if name not in value and not (kind == "" and name in _OF_BICEP):
                yield f"{path}.{name} is missing"

    def value(self, value: Value, expected: str, path: str) -> Iterator[str]:
        """Faults of a value of any type."""
        if isinstance(value, OneOf):
            for option in value.options:
                yield from self.value(option, expected, path)
        elif value is None or isinstance(value, Unknown | Reference) or expected == "any":
            return
        elif expected.endswith("[]"):
            yield from self._array(value, expected, path)
        elif expected in self._types:
            yield from self._object_or_fault(value, expected, path)
        else:
            yield from self._scalar(value, expected, path)

    def _array(self, value: Value, expected: str, path: str) -> Iterator[str]:
        if not isinstance(value, list):
            yield f"{path} must be a list"
            return
        for index, item in enumerate(value):
            yield from self.value(item, expected.removesuffix("[]"), f"{path}[{index}]")

    def _object_or_fault(self, value: Value, expected: str, path: str) -> Iterator[str]:
        if isinstance(value, dict):
            yield from self.object(value, expected, path)
        else:
            yield f"{path} must be an object, not {value!r}"

    def _scalar(self, value: Value, expected: str, path: str) -> Iterator[str]:
        """A literal, a scalar, or one of the values that the type lists.

        Azure lets further values through where the list ends with `string`; here none are
        wanted: it would be a slip of the pen.
        """
        options = expected.split(" | ")
        literals = [option for option in options if option not in _SCALARS]
        if literals and isinstance(value, str):
            if value not in literals:
                yield f"{path} is {value!r}, not one of {', '.join(literals)}"
        elif not any(_is_of(value, option) for option in options):
            yield f"{path} must be {expected}, not {value!r}"

    def _variant(self, kind: dict[str, Any], value: dict[str, Value]) -> dict[str, Any] | None:
        variants = kind.get("variants")
        if variants is None:
            return kind
        discriminator = variants["discriminator"]
        tag = value.get(discriminator, self._named if discriminator == "name" else None)
        return variants["of"].get(tag) if isinstance(tag, str) else None


def _is_of(value: Value, scalar: str) -> bool:
    if isinstance(value, bool) and scalar != "bool":
        return False
    return scalar in _SCALARS and isinstance(value, _SCALARS[scalar])

"""Whether one OpenAPI document lets clients of another go on: what they send, what they get."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

JSON = "application/json"
_PARAMETER = re.compile(r"\{[^}]*\}")
_UPPER = ("maxLength", "maximum", "maxItems")
_LOWER = ("minLength", "minimum", "minItems")


@dataclass(frozen=True)
class Document:
    """An OpenAPI document; operations are known by method and path without parameters' names."""

    content: Json

    def operations(self) -> Iterator[tuple[str, str, Json]]:
        """Method, path and operation, one by one."""
        for path, operations in self.content["paths"].items():
            for method, operation in operations.items():
                yield method.upper(), path, operation

    def find(self, method: str, path: str) -> Json | None:
        """The operation at a path that may name its parameters otherwise."""
        for other_method, other_path, operation in self.operations():
            if other_method == method and _shape(other_path) == _shape(path):
                return operation
        return None

    def resolve(self, found: Json) -> Json:
        """What a reference refers to; anything else is itself."""
        while "$ref" in found:
            target: Any = self.content
            for step in found["$ref"].removeprefix("#/").split("/"):
                target = target[step]
            found = target
        return found


@dataclass(frozen=True)
class Side:
    """A schema in the document that it comes from."""

    document: Document
    schema: Json

    @staticmethod
    def of(document: Document, schema: Json) -> "Side":
        """A schema, its reference resolved."""
        return Side(document, document.resolve(schema))

    def child(self, schema: Json) -> "Side":
        """A schema within this one."""
        return Side.of(self.document, schema)

    @property
    def options(self) -> "list[Side]":
        """The alternatives; a schema without any is its own."""
        schemas = self.schema.get("anyOf") or self.schema.get("oneOf") or [self.schema]
        return [self.child(schema) for schema in schemas]

    @property
    def properties(self) -> Json:
        """The properties of an object."""
        return self.schema.get("properties", {})


def differences(theirs: Document, ours: Document) -> Iterator[tuple[str, str]]:
    """What a client of theirs can't rely on in ours: the operation, and what is different."""
    for method, path, operation in theirs.operations():
        found = ours.find(method, path)
        if found is None:
            yield f"{method} {path}", "missing"
            continue
        comparison = _Operations(theirs, ours, operation, found)
        for difference in dict.fromkeys(comparison.differences()):
            yield f"{method} {path}", difference


@dataclass(frozen=True)
class _Operations:
    theirs: Document
    ours: Document
    their: Json
    our: Json

    def differences(self) -> Iterator[str]:
        yield from self._parameters()
        yield from self._bodies()
        for status, answer in self.their["responses"].items():
            if status.startswith("2"):
                yield from self._answer(status, answer)

    def _parameters(self) -> Iterator[str]:
        our = _by_name(self.our)
        their = _by_name(self.their)
        for name, parameter in their.items():
            if name not in our:
                yield f"`{name}` is not taken"
                continue
            sent = Side.of(self.theirs, parameter["schema"])
            taken = Side.of(self.ours, our[name]["schema"])
            for option in sent.options:
                if option.schema.get("type") != "null":
                    yield from covers(taken, option, name)
        required = {name for name, parameter in our.items() if parameter.get("required")}
        for name in sorted(required):
            if not their.get(name, {}).get("required"):
                yield f"`{name}` is required"

    def _bodies(self) -> Iterator[str]:
        their, our = self.their.get("requestBody", {}), self.our.get("requestBody", {})
        if our.get("required") and not their.get("required"):
            yield "a body is required"
        for media, described in their.get("content", {}).items():
            if media not in our.get("content", {}):
                yield f"`{media}` is not taken"
                continue
            taken = Side.of(self.ours, our["content"][media]["schema"])
            sent = Side.of(self.theirs, described["schema"])
            yield from covers(taken, sent, "")
            yield from _missing(sent, taken, "is not taken")

    def _answer(self, status: str, their: Json) -> Iterator[str]:
        our = self.our["responses"].get(status)
        if our is None:
            yield f"{status} is not answered"
            return
        expected = their.get("content", {}).get(JSON, {}).get("schema")
        if not expected:
            return
        given = self.ours.resolve(our).get("content", {}).get(JSON, {}).get("schema")
        if given is None:
            yield f"{status} is no JSON"
            return
        wide, narrow = Side.of(self.theirs, expected), Side.of(self.ours, given)
        fitting = [option for option in narrow.options if not list(covers(wide, option, ""))]
        if fitting and len(fitting) < len(narrow.options):
            yield "the answer may be another one"
        else:
            yield from covers(wide, narrow, "")
        yield from _missing(wide, narrow, "is not given")


def covers(wide: Side, narrow: Side, name: str) -> Iterator[str]:
    """Why something that the narrow schema allows may not be allowed by the wide one."""
    for option in narrow.options:
        alike = [other for other in wide.options if _same_kind(other, option)] or wide.options
        reasons = [list(_covers_one(other, option, name)) for other in alike]
        if all(reasons):
            yield from min(reasons, key=len)


def _covers_one(wide: Side, narrow: Side, name: str) -> Iterator[str]:
    wanted, given = wide.schema.get("type"), narrow.schema.get("type")
    if wanted and wanted != given and (wanted, given) != ("number", "integer"):
        yield f"`{name}`: {wanted}, not {given}"
        return
    yield from _limits(wide.schema, narrow.schema, name)
    allowed, used = _values(wide.schema), _values(narrow.schema)
    if allowed and not (used and used <= allowed):
        yield f"`{name}`: only {', '.join(sorted(allowed))}"
    if "items" in wide.schema:
        item = narrow.child(narrow.schema.get("items", {}))
        yield from covers(wide.child(wide.schema["items"]), item, f"{name}[]")
    yield from _members(wide, narrow, name)


def _members(wide: Side, narrow: Side, name: str) -> Iterator[str]:
    prefix = f"{name}." if name else ""
    missing = set(wide.schema.get("required", [])) - set(narrow.schema.get("required", []))
    for member in sorted(missing):
        yield f"`{prefix}{member}` may be missing"
    for member, schema in wide.properties.items():
        if member in narrow.properties:
            inner = narrow.child(narrow.properties[member])
            yield from covers(wide.child(schema), inner, f"{prefix}{member}")


def _missing(theirs: Side, ours: Side, verb: str, name: str = "") -> Iterator[str]:
    """Members of theirs that ours knows nothing of, at any depth."""
    for option in theirs.options:
        known = [other for other in ours.options if _same_kind(other, option)]
        prefix = f"{name}." if name else ""
        for member, schema in option.properties.items():
            inner = [
                other.child(other.properties[member])
                for other in known
                if member in other.properties
            ]
            if not inner:
                yield f"`{prefix}{member}` {verb}"
            for other in inner[:1]:
                yield from _missing(option.child(schema), other, verb, f"{prefix}{member}")
        if "items" in option.schema:
            for other in known[:1]:
                items = other.child(other.schema.get("items", {}))
                yield from _missing(option.child(option.schema["items"]), items, verb, f"{name}[]")


def _same_kind(one: Side, other: Side) -> bool:
    return one.schema.get("type") == other.schema.get("type")


def _limits(wide: Json, narrow: Json, name: str) -> Iterator[str]:
    for key in _UPPER:
        if key in wide and not narrow.get(key, float("inf")) <= wide[key]:
            yield f"`{name}`: {key} {wide[key]}"
    for key in _LOWER:
        # Nothing in a path is empty.
        if name.startswith("{") and key == "minLength":
            continue
        if key in wide and not narrow.get(key, float("-inf")) >= wide[key]:
            yield f"`{name}`: {key} {wide[key]}"
    for key in ("format", "pattern"):
        if key in wide and narrow.get(key) != wide[key]:
            yield f"`{name}`: {key} {wide[key]}"


def _values(schema: Json) -> set[str]:
    values = [schema["const"]] if "const" in schema else schema.get("enum", [])
    return {str(value) for value in values}


def _by_name(operation: Json) -> dict[str, Json]:
    """Parameters by name; those of the path by their place, because their names are free."""
    found: dict[str, Json] = {}
    for parameter in operation.get("parameters", []):
        places = [name for name in found if name.startswith("{")]
        in_path = parameter["in"] == "path"
        found[f"{{{len(places)}}}" if in_path else parameter["name"]] = parameter
    return found


def _shape(path: str) -> str:
    return _PARAMETER.sub("{}", path)

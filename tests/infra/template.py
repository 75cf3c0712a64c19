"""The resources that main.bicep makes, its modules evaluated with the parameters that they get."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from posixpath import dirname, join, normpath
from typing import Any

from tree_sitter import Node

from tests.infra.evaluation import Evaluator
from tests.infra.syntax import Sources, child, parse, text_of
from tests.infra.values import Reference, Unknown, Value, one_of

MAIN = "main.bicep"
_DECLARATIONS = {
    "parameter_declaration",
    "variable_declaration",
    "resource_declaration",
    "module_declaration",
    "output_declaration",
}


@dataclass(frozen=True)
class Resource:
    """A resource as the template describes it; `comment` is what stands right above it."""

    file: str
    line: int
    symbol: str
    type: str
    version: str
    body: dict[str, Value]
    comment: str

    @property
    def where(self) -> str:
        """For messages."""
        return f"{self.file}:{self.line} ({self.symbol})"

    def property_at(self, path: str) -> Any:
        """A value within `properties`, by names with dots between them; KeyError if absent."""
        value: Any = self.body["properties"]
        for name in path.split("."):
            value = value[name]
        return value


def resources(sources: Sources, type_name: str | None = None) -> list[Resource]:
    """Everything that a deployment creates, or only what is of a type."""
    made = _File(sources, MAIN, {}).resources()
    return [found for found in made if type_name in (None, found.type)]


def declarations(sources: Sources, kind: str) -> Iterator[tuple[str, Node, str]]:
    """The declarations of a kind in all files: file, node, and the decorators above as text."""
    for name, text in sources.items():
        if name.endswith(".bicep"):
            above = ""
            for node in parse(name, text).named_children:
                if node.type == f"{kind}_declaration":
                    yield name, node, above
                above = text_of(node) if node.type == "decorators" else ""


class _File:
    """One file of a template, with the parameters that it was given."""

    def __init__(self, sources: Sources, name: str, given: dict[str, Value]) -> None:
        self._sources = sources
        self._name = name
        self._root = parse(name, sources[name])
        self._names: dict[str, Value] = self._loaded_files() | given
        self._given = set(given)

    def resources(self) -> list[Resource]:
        """The file's own resources and those of its modules; existing ones aren't made."""
        made: list[Resource] = []
        above = ""
        for node in self._root.named_children:
            symbol = self._symbol(node)
            evaluator = Evaluator(self._names)
            if node.type == "parameter_declaration":
                self._declare_parameter(node, symbol, above)
            elif node.type == "variable_declaration":
                self._names[symbol] = evaluator.value(node.named_children[-1])
            elif node.type == "module_declaration":
                made += self._module(node, evaluator)
                self._names[symbol] = Reference(symbol, Unknown(symbol))
            elif node.type == "resource_declaration":
                found = self._resource(node, symbol, evaluator, above)
                name = found[0].body.get("name") if len(found) == 1 else Unknown(symbol)
                self._names[symbol] = Reference(symbol, name)
                made += [] if child(node, "existing") else found
            above = "" if node.type in _DECLARATIONS else f"{above}{text_of(node)}\n"
        return made

    def _declare_parameter(self, node: Node, name: str, decorators: str) -> None:
        if name in self._given:
            return
        marker = "@allowed("
        if marker in decorators:
            listed = parse("", f"var x = {decorators.split(marker, 1)[1].split(')', 1)[0]}\n")
            options = Evaluator({}).value(listed.named_children[0].named_children[-1])
            self._names[name] = one_of(options)
        else:
            self._names[name] = Unknown(name)

    def _resource(
        self, node: Node, symbol: str, evaluator: Evaluator, above: str
    ) -> list[Resource]:
        type_name, _, version = _string_of(node).partition("@")
        return [
            Resource(
                file=self._name,
                line=node.start_point.row + 1,
                symbol=symbol,
                type=type_name,
                version=version,
                body=body,
                comment=above,
            )
            for body in evaluator.bodies(node.named_children[-1])
        ]

    def _module(self, node: Node, evaluator: Evaluator) -> list[Resource]:
        file = normpath(join(dirname(self._name), _string_of(node)))
        return [
            made
            for body in evaluator.bodies(node.named_children[-1])
            for made in _File(self._sources, file, body.get("params", {})).resources()
        ]

    def _symbol(self, node: Node) -> str:
        identifier = child(node, "identifier")
        return text_of(identifier) if identifier else ""

    def _loaded_files(self) -> dict[str, Value]:
        """What loadJsonContent and loadTextContent give, under `file:` and the path."""
        prefix = "../" * self._name.count("/")
        return {
            f"file:{prefix}{name}": json.loads(text) if name == "abbreviations.json" else text
            for name, text in self._sources.items()
            if name.endswith(".json")
        }


def _string_of(node: Node) -> str:
    """The type of a resource, or the path of a module."""
    text = child(node, "string")
    return text_of(text).strip("'") if text else ""

"""The syntax of Bicep files, by tree-sitter."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import tree_sitter_bicep
from tree_sitter import Language, Node, Parser

ROOT = Path(__file__).resolve().parents[2]
INFRA = ROOT / "infra"

Sources = dict[str, str]
"""The files of infra/ by their path below it; a test may change one before it is read."""

_VALUE_OF_PARAMETER = re.compile(r"^param (\w+) =", re.MULTILINE)


def sources() -> Sources:
    """The Bicep files as they are, with the JSON and text files that they load."""
    files = (*INFRA.rglob("*.bicep"), *INFRA.glob("*.bicepparam"), *INFRA.glob("*.json"))
    return {
        path.relative_to(INFRA).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(files)
        if "node_modules" not in path.parts
    }


def parse(name: str, text: str) -> Node:
    """The syntax tree of one file.

    The grammar knows no parameter files: there a type is put into `param name = value`.
    """
    if name.endswith(".bicepparam"):
        text = _VALUE_OF_PARAMETER.sub(r"param \1 object =", text)
    return _parsed(text)


def faults(name: str, text: str) -> list[str]:
    """Where a file is no Bicep: its name, line and what stands there."""
    return [
        f"{name}:{node.start_point.row + 1}: {text_of(node)[:60] or 'something is missing'}"
        for node in _all(parse(name, text))
        if node.is_error or node.is_missing
    ]


def text_of(node: Node) -> str:
    """The source text of a node."""
    return (node.text or b"").decode()


def child(node: Node, *types: str) -> Node | None:
    """The first child of one of the types."""
    return next((found for found in node.children if found.type in types), None)


def field(node: Node, name: str) -> Node:
    """A child by the name that the grammar gives it; the tree is that of a valid file."""
    found = node.child_by_field_name(name)
    if found is None:
        raise ValueError(f"{node.type} without {name}: {text_of(node)[:80]}")
    return found


@cache
def _parsed(text: str) -> Node:
    return Parser(Language(tree_sitter_bicep.language())).parse(text.encode()).root_node


def _all(node: Node) -> Iterator[Node]:
    yield node
    for inner in node.children:
        yield from _all(inner)

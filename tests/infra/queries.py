"""The Cosmos DB queries that the code makes, found in its source, and the indexes they need."""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from shared import resources
from tests.architecture.source import Module, modules

_PATH = r"c\.([a-z_.]+)"
_ORDER = re.compile(rf"{_PATH}(?: (ASC|DESC))?")
_FILTER = re.compile(
    rf"(?:{_PATH} (?:=|!=|<|>|<=|>=|IN|BETWEEN|\{{operator\}})|STARTSWITH\({_PATH},)"
)
_RESIDUAL = re.compile(r"ARRAY_CONTAINS\(")
_STARTS_QUERY = re.compile(r"^\s*SELECT\b")


@dataclass(frozen=True)
class Query:
    """One query of the code: where it is, its container, and its text with `{}` for the rest."""

    where: str
    container: str
    text: str

    @property
    def filters(self) -> set[str]:
        """Paths that it compares; what ARRAY_CONTAINS looks up is filtered from what they find."""
        _, _, conditions = self.text.partition(" WHERE ")
        conditions, _, _ = conditions.partition(" ORDER BY ")
        return {_path(first or second) for first, second in _FILTER.findall(conditions)}

    @property
    def order(self) -> list[tuple[str, str]]:
        """Paths that it sorts by, with the direction."""
        _, _, order = self.text.partition(" ORDER BY ")
        return [(_path(path), direction or "ASC") for path, direction in _ORDER.findall(order)]


AUTOMATIC = {"/id"}
"""Indexed by the service itself, whatever the policy says."""


def queries() -> list[Query]:
    """Every query of the adapters, by the function or the constant that has its text."""
    return [
        Query(f"{module.name}:{line}", container, text)
        for module in modules("shared/adapters/cosmos")
        for place in (*module.functions(), *_constant_statements(module))
        for line, text in _texts(place, module)
        for container in _asked(place, module)
    ]


def not_indexed(found: Iterable[Query], container: resources.CosmosContainer) -> list[str]:
    """What queries of a container compare or sort by without an index for it."""
    indexed = {path.removesuffix("/?") for path in container.indexed_paths} | AUTOMATIC
    composites = [_composite(list(index)) for index in container.composite_indexes]
    faults: list[str] = []
    for query in found:
        if query.container != container.name:
            continue
        paths = query.filters | {path for path, _ in query.order}
        faults += [f"{query.where}: {path} has no index" for path in sorted(paths - indexed)]
        if len(query.order) > 1 and not _served(query.order, composites):
            faults.append(f"{query.where}: no composite index for {query.order}")
    return faults


def not_used(found: Iterable[Query], container: resources.CosmosContainer) -> list[str]:
    """Paths and composite indexes that no query of the container needs."""
    own = [query for query in found if query.container == container.name]
    used = {path for query in own for path in (*query.filters, *(path for path, _ in query.order))}
    indexed = {path.removesuffix("/?") for path in container.indexed_paths}
    idle = [index for index in container.composite_indexes if not _serves(list(index), own)]
    return [
        *(f"{container.name}: no query uses {path}" for path in sorted(indexed - used)),
        *(f"{container.name}: no query uses {index}" for index in idle),
    ]


def _texts(function: ast.AST, module: Module) -> Iterator[tuple[int, str]]:
    """The queries in a function, with their lines; conditions made elsewhere are put in."""
    for node in ast.iter_child_nodes(function):
        if isinstance(node, ast.JoinedStr):
            text = "".join(_part(part, module) for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
        else:
            yield from _texts(node, module)
            continue
        if _STARTS_QUERY.match(text):
            yield getattr(node, "lineno", 0), text


def _part(part: ast.expr, module: Module) -> str:
    if isinstance(part, ast.Constant):
        return str(part.value)
    source = ast.unparse(part)
    if "conditions" in source:
        return " AND ".join(_conditions(module))
    return _constants(module).get(source.strip("f'\"{}"), "{}")


def _constants(module: Module) -> dict[str, str]:
    """The module's own constant texts, by name."""
    return {
        node.targets[0].id: node.value.value
        for node in _constant_statements(module)
        if isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    }


def _conditions(module: Module) -> list[str]:
    """Pieces of conditions that a module puts together: its texts that compare a path."""
    pieces = {
        ast.unparse(node).removeprefix("f").strip("'\"")
        if isinstance(node, ast.JoinedStr)
        else str(node.value)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.JoinedStr | ast.Constant)
    }
    return sorted(piece for piece in pieces if _FILTER.match(piece) or _RESIDUAL.match(piece))


def _constant_statements(module: Module) -> list[ast.Assign]:
    return [node for node in module.tree.body if isinstance(node, ast.Assign)]


def _asked(place: ast.AST, module: Module) -> list[str]:
    """The container that the place names as `resources.NAME`, or the module's first one.

    A module that names none makes queries for whichever container it is told.
    """
    named = _containers(place) or _containers(module.tree)
    return named[:1] or [container.name for container in resources.COSMOS_CONTAINERS]


def _containers(tree: ast.AST) -> list[str]:
    known = {container.name for container in resources.COSMOS_CONTAINERS}
    named = [
        str(getattr(resources, node.attr, ""))
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "resources"
    ]
    return [name for name in named if name in known]


def _path(dotted: str) -> str:
    return "/" + dotted.replace(".", "/")


def _composite(index: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(path, "ASC" if order == "ascending" else "DESC") for path, order in index]


def _served(order: list[tuple[str, str]], composites: list[list[tuple[str, str]]]) -> bool:
    """Whether an index has the order, or exactly the opposite one."""
    turned = [(path, "DESC" if direction == "ASC" else "ASC") for path, direction in order]
    return order in composites or turned in composites


def _serves(index: list[tuple[str, str]], found: list[Query]) -> bool:
    return any(_served(query.order, [_composite(index)]) for query in found if query.order)

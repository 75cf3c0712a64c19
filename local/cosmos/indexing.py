"""Indexing policies: which paths are indexed, and the SQLite indexes that stand for them."""

import re
from dataclasses import dataclass, field
from typing import Any

from local.cosmos.errors import bad_request, not_supported
from local.cosmos.sql.values import Path, order_columns

ALWAYS_INDEXED: frozenset[Path] = frozenset({("id",), ("_ts",)})
_STEP = re.compile(r'/(?:"((?:[^"\\]|\\.)*)"|([^/"]+))')

DEFAULT_POLICY: dict[str, Any] = {
    "indexingMode": "consistent",
    "automatic": True,
    "includedPaths": [{"path": "/*"}],
    "excludedPaths": [{"path": '/"_etag"/?'}],
}


def parse_path(text: Any) -> Path:
    """The steps of `/a/b/?`, `/a/*` or `/"a b"/[]/?`, wildcards included; 400 if malformed."""
    if not isinstance(text, str) or not text.startswith("/"):
        raise bad_request(f"The indexing path {text!r} must start with '/'.")
    steps, at = [], 0
    while at < len(text):
        match = _STEP.match(text, at)
        if match is None:
            raise bad_request(f"The indexing path '{text}' could not be parsed.")
        steps.append(match[1] if match[1] is not None else match[2])
        at = match.end()
    return tuple(steps)


@dataclass(frozen=True)
class OrderedPath:
    """One path of a composite index or of an ORDER BY, and its direction."""

    path: Path
    descending: bool = False

    @property
    def reversed(self) -> "OrderedPath":
        """The same path in the other direction."""
        return OrderedPath(self.path, not self.descending)


@dataclass(frozen=True)
class IndexingPolicy:
    """The parts of a policy that decide what is indexed."""

    enabled: bool
    included: tuple[Path, ...]
    excluded: tuple[Path, ...]
    composites: tuple[tuple[OrderedPath, ...], ...] = field(default=())

    @classmethod
    def parse(cls, policy: dict[str, Any]) -> "IndexingPolicy":
        """Read a policy of the REST API; 400 if malformed, 501 for kinds of index not built."""
        for unsupported in ("spatialIndexes", "vectorIndexes", "fullTextIndexes"):
            if policy.get(unsupported):
                raise not_supported(unsupported)
        mode = str(policy.get("indexingMode", "consistent")).lower()
        if mode not in ("consistent", "none"):
            raise not_supported(f"the indexing mode '{mode}'")
        included = _paths(policy.get("includedPaths", []))
        excluded = _paths(policy.get("excludedPaths", []))
        if mode == "consistent" and ("*",) not in included + excluded:
            raise bad_request("The indexing policy must include or exclude the root path '/*'.")
        composites = tuple(_composite(one) for one in policy.get("compositeIndexes", []))
        return cls(mode == "consistent", included, excluded, composites)

    def is_indexed(self, path: Path) -> bool:
        """Whether the value at `path` is indexed: the most specific rule wins."""
        if not self.enabled:
            return False
        if path in ALWAYS_INDEXED:
            return True
        included = max((_specificity(rule, path) for rule in self.included), default=0)
        excluded = max((_specificity(rule, path) for rule in self.excluded), default=0)
        return included > excluded

    def has_index(self, path: Path) -> bool:
        """Whether SQLite has an index over the path, not only a wildcard that covers it."""
        in_composite = any(path in [one.path for one in composite] for composite in self.composites)
        return self.enabled and (path == ("id",) or (*path, "?") in self.included or in_composite)

    def composite_for(self, order: tuple[OrderedPath, ...]) -> bool | None:
        """How a composite index serves this order: False forwards, True backwards, None not."""
        backwards = tuple(one.reversed for one in order)
        if not self.enabled or not {order, backwards} & set(self.composites):
            return None
        return order not in self.composites

    def index_definitions(self) -> list[str]:
        """The column lists of the SQLite indexes, each led by the partition."""
        if not self.enabled:
            return []
        singles = [(OrderedPath(rule[:-1]),) for rule in self.included if _is_scalar_rule(rule)]
        singles = [one for one in singles if one[0].path not in ALWAYS_INDEXED]
        return [_columns(one) for one in [*singles, *self.composites]]

    def indexed_values(self, item: dict[str, Any]) -> int:
        """Roughly how many index entries an item causes."""
        if not self.enabled:
            return 0
        if ("*",) in self.included:
            return len(item) + len(self.composites)
        return len(self.included) + len(self.composites)


def _paths(entries: Any) -> tuple[Path, ...]:
    if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
        raise bad_request("The paths of an indexing policy must be a list of objects.")
    rules = tuple(parse_path(one.get("path")) for one in entries)
    for rule in rules:
        if rule[-1] not in ("?", "*"):
            raise bad_request(
                f"The indexing path '/{'/'.join(map(str, rule))}' must end with /? or /*."
            )
    return rules


def _composite(entries: Any) -> tuple[OrderedPath, ...]:
    if not isinstance(entries, list) or len(entries) < 2:
        raise bad_request("A composite index needs at least two paths.")
    ordered = []
    for entry in entries:
        order = entry.get("order", "ascending")
        if order not in ("ascending", "descending"):
            raise bad_request(f"The order of a composite index can't be '{order}'.")
        path = parse_path(entry.get("path"))
        if path[-1] in ("?", "*"):
            raise bad_request("The paths of a composite index end without /? and /*.")
        ordered.append(OrderedPath(path, order == "descending"))
    return tuple(ordered)


def _specificity(rule: Path, path: Path) -> int:
    """0 if the rule does not cover the path, else higher for the more specific rule."""
    prefix, last = rule[:-1], rule[-1]
    if last == "?":
        return 2 * len(rule) + 1 if prefix == path else 0
    return 2 * len(rule) if path[: len(prefix)] == prefix else 0


def _is_scalar_rule(rule: Path) -> bool:
    return rule[-1] == "?" and "[]" not in rule


def _columns(order: tuple[OrderedPath, ...]) -> str:
    columns = ["partition"]
    for one in order:
        direction = " DESC" if one.descending else ""
        columns += [column + direction for column in order_columns(one.path)]
    return ", ".join(columns)

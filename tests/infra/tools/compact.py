"""The compact form of a resource type's schema, as infra/schemas/ keeps it.

`types` maps names to objects; the resource itself has the empty name. An object has `properties`
(name to type), `required`, `readOnly`, `additional` (the type of further properties) and, where
its shape depends on one property, `variants`. A type is a name, a literal, `A | B | string` (a
list of known values), or one of them with `[]`.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ObjectType = dict[str, Any]
Types = dict[str, ObjectType]

_NAME = re.compile(r"[\w./-]+")


def write(folder: Path, resource: str, source: str, types: Types) -> None:
    """Store the schema of `Type@version`, without what can't be reached or written."""
    reachable = {name: types[name] for name in sorted(_reachable(types))}
    document = {"resource": resource, "source": source, "types": reachable}
    text = json.dumps(document, indent=1, sort_keys=True)
    path = folder / f"{resource.partition('@')[0].replace('/', '.')}.json"
    path.write_text(f"{text}\n", encoding="utf-8")


def object_type(
    properties: dict[str, str],
    required: list[str],
    read_only: list[str],
    *,
    additional: str | None = None,
) -> ObjectType:
    """An object; what is empty is left out."""
    found: dict[str, Any] = {
        "properties": properties,
        "required": required,
        "readOnly": read_only,
        "additional": additional,
    }
    return {name: value for name, value in found.items() if value}


def _reachable(types: Types) -> set[str]:
    """The types that the resource itself leads to, by what can be written."""
    found: set[str] = set()
    waiting = [""]
    while waiting:
        name = waiting.pop()
        if name in types and name not in found:
            found.add(name)
            waiting += _mentioned(types[name])
    return found


def _mentioned(found: ObjectType) -> Iterator[str]:
    read_only = found.get("readOnly", [])
    written = [kind for name, kind in found.get("properties", {}).items() if name not in read_only]
    for kind in (*written, found.get("additional", "")):
        yield from _NAME.findall(kind)
    for variant in found.get("variants", {}).get("of", {}).values():
        yield from _mentioned(variant)

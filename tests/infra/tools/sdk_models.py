"""Schemas from the models of Microsoft's management libraries, for types that azmcp lacks.

The sources are read, not imported: `_attribute_map` has the names on the wire, `_validation` what
is required or read-only, and the docstrings name the enumeration of a property.
"""

import ast
import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from tests.infra.tools.compact import ObjectType, Types, object_type

_SCALARS = {
    "str": "string",
    "int": "int",
    "float": "int",
    "bool": "bool",
    "object": "any",
    "iso-8601": "string",
    "duration": "string",
    "rfc-1123": "string",
}
_ESCAPED_DOT = "\\."
"""A dot that is part of a name: others lead into an object."""

_ENUMERATION = re.compile(r":vartype (\w+): .*?models\.(\w+)")
_LISTED = re.compile(
    r":ivar (\w+): (?:(?!:vartype|:ivar).)*?: ((?:\"\w+\"(?:, and |, or | or | and |, )?){2,})"
)


class Models:
    """The models of one library in one API version."""

    def __init__(self, requirement: str, folder: str) -> None:
        """Download the wheel of `name==version` and read the modules of a folder in it."""
        with tempfile.TemporaryDirectory() as target:
            command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
            subprocess.run([*command, "--dest", target, requirement], check=True)
            archive = zipfile.ZipFile(next(Path(target).glob("*.whl")))
        modules = [name for name in archive.namelist() if name.startswith(f"{folder}/_")]
        self._classes = {
            node.name: node
            for name in modules
            for node in ast.parse(archive.read(name)).body
            if isinstance(node, ast.ClassDef)
        }

    def types(self, model: str) -> Types:
        """The types that a model leads to, the model itself under the empty name."""
        types: Types = {}
        for name in self._classes:
            if self._constant(name, "_attribute_map"):
                types |= self._unfolded(name)
        root = types[model]
        root["properties"] |= {"name": "string"}
        root["readOnly"] = [one for one in root.get("readOnly", []) if one != "name"]
        return types | {"": root}

    def _unfolded(self, name: str) -> Types:
        """A class as types: names like `properties.state` make an object of their own."""
        made: dict[str, dict[str, Any]] = {}
        attributes = self._constant(name, "_attribute_map")
        rules = self._inherited(name, "_validation")
        enumerations = self._enumerations(name)
        for attribute, entry in attributes.items():
            if entry["key"]:
                kind = enumerations.get(attribute) or _kind(entry["type"])
                _place(
                    made, name, entry["key"].replace(_ESCAPED_DOT, "\0"), kind, rules.get(attribute)
                )
        types = {
            key: object_type(found["properties"], found["required"], found["readOnly"])
            for key, found in made.items()
        }
        variants = self._variants(name)
        return types | {name: variants} if variants else types

    def _variants(self, name: str) -> ObjectType | None:
        """The subclasses of a class that says which property tells them apart."""
        subtypes = self._constant(name, "_subtype_map")
        if not subtypes:
            return None
        ((attribute, classes),) = subtypes.items()
        key = self._constant(name, "_attribute_map")[attribute]["key"].replace(_ESCAPED_DOT, ".")
        of = {tag: self._unfolded(found)[found] for tag, found in classes.items()}
        for tag, found in of.items():
            found["properties"][key] = tag
        return {"variants": {"discriminator": key, "of": of}}

    def _enumerations(self, name: str) -> dict[str, str]:
        """Attributes whose docstring names an enumeration, as a list of its values."""
        found: dict[str, str] = {}
        docstring = ast.get_docstring(self._classes[name]) or ""
        for attribute, enumeration in _ENUMERATION.findall(docstring):
            values = self._values(enumeration)
            if values:
                is_list = f":vartype {attribute}: list[" in docstring
                found[attribute] = f"{' | '.join(values)} | string{'[]' if is_list else ''}"
        for attribute, listed in _LISTED.findall(" ".join(docstring.split())):
            values = re.findall(r"\"(\w+)\"", listed)
            found.setdefault(attribute, f"{' | '.join(values)} | string")
        return found

    def _values(self, enumeration: str) -> list[str]:
        node = self._classes.get(enumeration)
        return [
            entry.value.value
            for entry in (node.body if node else [])
            if isinstance(entry, ast.Assign)
            and isinstance(entry.value, ast.Constant)
            and isinstance(entry.value.value, str)
        ]

    def _inherited(self, name: str, constant: str) -> dict[str, Any]:
        node = self._classes.get(name)
        bases = [base.id for base in node.bases if isinstance(base, ast.Name)] if node else []
        found: dict[str, Any] = {}
        for base in bases:
            found |= self._inherited(base, constant)
        return found | self._constant(name, constant)

    def _constant(self, name: str, constant: str) -> dict[str, Any]:
        """The value of a dictionary that a class holds, or an empty one."""
        for entry in self._classes[name].body if name in self._classes else []:
            if isinstance(entry, ast.Assign) and ast.unparse(entry.targets[0]) == constant:
                return ast.literal_eval(entry.value)
        return {}


def _place(
    made: dict[str, dict[str, Any]], owner: str, key: str, kind: str, rules: dict[str, Any] | None
) -> None:
    """Put a property into the object that its dotted name leads to, making those between."""
    *path, last = key.split(".")
    for step in path:
        inner = f"{owner}.{step}"
        _object_of(made, owner)["properties"].setdefault(step, inner)
        owner = inner
    found = _object_of(made, owner)
    last = last.replace("\0", ".")
    found["properties"][last] = kind
    if rules and rules.get("required"):
        found["required"].append(last)
    if rules and rules.get("readonly"):
        found["readOnly"].append(last)


def _object_of(made: dict[str, dict[str, Any]], name: str) -> dict[str, Any]:
    return made.setdefault(name, {"properties": {}, "required": [], "readOnly": []})


def _kind(kind: str) -> str:
    if kind.startswith("["):
        return f"{_kind(kind[1:-1])}[]"
    if kind.startswith("{"):
        return "any"
    return _SCALARS.get(kind, kind)

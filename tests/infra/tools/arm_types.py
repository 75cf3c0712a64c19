"""Schemas from `azmcp bicepschema get`, which has Microsoft's ARM types and needs no network."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from tests.infra.tools.compact import ObjectType, Types, object_type

PACKAGE = "@azure/mcp-linux-x64"
_PROGRAM = Path(__file__).parent / "node_modules" / PACKAGE / "dist" / "azmcp"
_ENVIRONMENT = {
    "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1",
    "AZURE_MCP_COLLECT_TELEMETRY": "false",
}


class NoSchemaError(Exception):
    """The program has no schema of the type."""


def read(resource_type: str) -> tuple[str, Types]:
    """`Type@version` and its types, of the version that the program has; raises NoSchemaError."""
    answer = subprocess.run(
        [_PROGRAM, "bicepschema", "get", "--resource-type", resource_type],
        env=os.environ | _ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
    document = json.loads(answer.stdout or "{}")
    listed = document.get("results", {}).get("BicepSchemaResult")
    if not isinstance(listed, list):
        raise NoSchemaError(resource_type)
    resource = next(found for found in listed if found["$type"] == "Resource")
    types = {found["name"]: _type(found) for found in listed if _is_object(found)}
    return resource["name"], types | {"": _type(resource["bodyType"])}


def _is_object(found: dict[str, Any]) -> bool:
    return found["$type"] in ("Object", "DiscriminatedObject")


def _type(found: dict[str, Any]) -> ObjectType:
    if found["$type"] != "DiscriminatedObject":
        return _object(found, found.get("properties", []))
    base = found["baseProperties"]
    discriminator = found["discriminator"]
    variants: dict[str, ObjectType] = {}
    for element in found["elements"]:
        properties = [*base, *element["properties"]]
        tag = next(entry["type"] for entry in properties if entry["name"] == discriminator)
        variants[tag] = _object(element, properties)
    return {"variants": {"discriminator": discriminator, "of": variants}}


def _object(found: dict[str, Any], properties: list[dict[str, Any]]) -> ObjectType:
    return object_type(
        {entry["name"]: entry["type"] for entry in properties},
        _flagged(properties, "Required"),
        _flagged(properties, "ReadOnly"),
        additional=found.get("additionalPropertiesType"),
    )


def _flagged(properties: list[dict[str, Any]], flag: str) -> list[str]:
    return [entry["name"] for entry in properties if flag in entry.get("flags", "")]

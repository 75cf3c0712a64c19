"""The OpenAPI document: every route, the models, and how to call."""

import re
import sys
from typing import Any

from shared.api.openapi import errors
from shared.api.openapi.operations import SECURITY_SCHEMES, further_operation, operation, tag
from shared.api.openapi.schemas import Schemas
from shared.api.routing import Route

VERSION = "0.1.0"
TITLE = "Semantic Workbench"
DESCRIPTION = """\
Conversations of people and AI assistants.

`X-Request-ID` is taken over if it is a UUID of version 4, else replaced; every answer has it.
Errors are `{"detail": …}`. Fields of JSON bodies that aren't described here are ignored.
"""

_ROOT = {
    "get": {
        "operationId": "root",
        "summary": "See whether the service is there",
        "tags": ["Service"],
        "parameters": [],
        "responses": {"200": {"description": "OK"}},
        "security": [],
    }
}
_PARAMETER = re.compile(r"\{\*?(\w+)(?::[^}]*)?\}")


def document(routes: tuple[Route, ...]) -> dict[str, Any]:
    """The document in OpenAPI 3.1 as JSON: of all routes but hidden ones."""
    routes = tuple(route for route in routes if not route.docs.hidden)
    schemas = Schemas(routes)
    paths = _Paths(routes)
    for route in routes:
        paths.add(_path(route), route.method, operation(route, schemas))
        for ending in route.docs.also:
            further = further_operation(route, ending, schemas)
            paths.add(_path(route) + ending, route.method, further)
    return {
        "openapi": "3.1.0",
        "info": {"title": TITLE, "version": VERSION, "description": DESCRIPTION},
        "servers": [{"url": "/"}],
        "tags": [*_tags(routes), {"name": "Service", "description": "The service itself."}],
        "paths": {"/": _ROOT} | paths.found,
        "components": {
            "schemas": schemas.components(routes) | errors.SCHEMAS,
            "responses": errors.components(routes),
            "securitySchemes": SECURITY_SCHEMES,
        },
    }


class _Paths:
    """Paths by template: two that differ in the names of parameters only are one.

    The names are those of the route that reads, as it is for one kind of thing only.
    """

    def __init__(self, routes: tuple[Route, ...]) -> None:
        self.found: dict[str, dict[str, Any]] = {}
        reading = (_path(route) for route in routes if route.method == "GET")
        self._names = {_PARAMETER.sub("{}", path): _PARAMETER.findall(path) for path in reading}

    def add(self, path: str, method: str, described: dict[str, Any]) -> None:
        shape = _PARAMETER.sub("{}", path)
        own = _PARAMETER.findall(path)
        names = self._names.setdefault(shape, own)
        for parameter in described["parameters"]:
            if parameter["in"] == "path":
                parameter["name"] = names[own.index(parameter["name"])]
        key = shape.replace("{}", "{{{}}}").format(*names)
        self.found.setdefault(key, {})[method.lower()] = described


def _path(route: Route) -> str:
    return "/" + _PARAMETER.sub(r"{\1}", route.path) + route.suffix


def _tags(routes: tuple[Route, ...]) -> list[dict[str, str]]:
    """The resources, each with what its module says of itself."""
    modules = {tag(route): sys.modules[route.handler.__module__].__doc__ or "" for route in routes}
    return [
        {"name": name, "description": text.strip().partition("\n")[0]}
        for name, text in sorted(modules.items())
    ]

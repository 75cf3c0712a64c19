"""The host's own checks of names and routes; a function that fails one isn't loaded."""

import os
import re

from local.functions_host.app_model import HTTP_TRIGGER, LoadedFunction
from local.functions_host.errors import FunctionError
from local.functions_host.route_template import RouteTemplate
from local.functions_host.router import Route

_FUNCTION_NAME = re.compile(r"[a-z][a-z0-9_\-]{0,127}", re.IGNORECASE)
_BINDING_NAME = re.compile(r"(?!.*__)([a-zA-Z_][a-zA-Z0-9_]{0,127}|\$return)")
_RESERVED = ("admin", "runtime")


class HostRules:
    """Admits functions one by one, in the order of the host, and remembers their routes."""

    def __init__(self, route_prefix: str) -> None:
        """`route_prefix` is host.json's, without slashes; it may be empty."""
        self._prefix = route_prefix
        self._admitted: list[tuple[str, str, frozenset[str] | None]] = []

    def admit(self, function: LoadedFunction) -> None:
        """Check a function; FunctionError with the host's message when it can't be loaded."""
        if not _FUNCTION_NAME.fullmatch(function.name) or function.name.lower() == "host":
            raise FunctionError(f"'{function.name}' is not a valid function name.")
        for binding in function.raw_bindings:
            if not _BINDING_NAME.fullmatch(binding["name"]):
                raise FunctionError(
                    f"The binding name {binding['name']} is invalid. "
                    "Please assign a valid name to the binding."
                )
        if _is_disabled(function.name):
            raise FunctionError("it is disabled by an application setting")
        if function.trigger_type == HTTP_TRIGGER:
            self._admit_route(function)

    def _admit_route(self, function: LoadedFunction) -> None:
        text = route_text(function).strip("/").lower()
        if text.startswith(_RESERVED):
            raise FunctionError("The specified route conflicts with one or more built in routes.")
        methods = methods_of(function)
        for other_name, other_text, other_methods in self._admitted:
            disjoint = methods and other_methods and not methods & other_methods
            if text == other_text and not disjoint:
                raise FunctionError(
                    "The route specified conflicts with the route defined by function "
                    f"'{other_name}'."
                )
        RouteTemplate(full_template(function, self._prefix))
        self._admitted.append((function.name, text, methods))


def build_route(function: LoadedFunction, route_prefix: str) -> Route:
    """The route of an admitted HTTP function."""
    template = RouteTemplate(full_template(function, route_prefix))
    return Route(function, template, methods_of(function))


def full_template(function: LoadedFunction, route_prefix: str) -> str:
    """The function's route template behind the prefix."""
    route = route_text(function)
    return f"{route_prefix}/{route}" if route_prefix else route


def route_text(function: LoadedFunction) -> str:
    """The route as written; an empty one is replaced by the function's name."""
    return function.trigger.get("route") or function.name


def methods_of(function: LoadedFunction) -> frozenset[str] | None:
    """The HTTP methods, upper case; None takes all."""
    methods = function.trigger.get("methods")
    return frozenset(method.upper() for method in methods) if methods else None


def _is_disabled(name: str) -> bool:
    keys = (f"AzureWebJobs.{name}.Disabled", f"AzureWebJobs__{name}__Disabled")
    return any(os.environ.get(key, "").lower() in ("true", "1") for key in keys)

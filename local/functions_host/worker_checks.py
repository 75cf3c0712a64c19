"""The Python worker's load-time checks: a handler's signature against its bindings.

One function that fails them makes the whole application fail to load, as in the real worker.
"""

import inspect
import typing
from collections.abc import Callable, Mapping
from typing import Any

import azure.functions as func

from local.functions_host.app_model import RETURN
from local.functions_host.errors import HostError

# Filled by azure-functions at import; its keys are the binding types.
_converters: Any = func.get_binding_registry()


class SignatureCheck:
    """Checks one handler; `run` says whether it takes a context, and what its outputs hold."""

    def __init__(
        self, name: str, handler: Callable[..., Any], bindings: list[dict[str, Any]]
    ) -> None:
        """`bindings` are the raw bindings of the function `name`."""
        self._name = name
        self._parameters = dict(inspect.signature(handler).parameters)
        self._hints = self._resolve(handler)
        self._returned = next((b for b in bindings if b["name"] == RETURN), None)
        self._bound = {b["name"]: b for b in bindings if b["name"] != RETURN}

    def run(self) -> tuple[bool, Mapping[str, Any]]:
        """(takes a context, output name → annotated type); HostError when a check fails."""
        wants_context = self._take_context()
        self._check_names()
        types = {name: self._check_parameter(name) for name in self._parameters}
        types[RETURN] = self._check_return()
        return wants_context, types

    def _resolve(self, handler: Callable[..., Any]) -> dict[str, Any]:
        try:
            return typing.get_type_hints(handler)
        except Exception as error:
            raise self._error(f"its annotations can't be resolved: {error}") from error

    def _error(self, message: str) -> HostError:
        return HostError(f"cannot load the {self._name} function: {message}")

    def _take_context(self) -> bool:
        if "context" not in self._parameters or "context" in self._bound:
            return False
        del self._parameters["context"]
        hint = self._hints.get("context", func.Context)
        if not isinstance(hint, type) or not issubclass(hint, func.Context):
            raise self._error(
                'the "context" parameter is expected to be of type azure.functions.Context, '
                f"got {hint!r}"
            )
        return True

    def _check_names(self) -> None:
        declared, bound = set(self._parameters), set(self._bound)
        if declared - bound:
            raise self._error(
                "the following parameters are declared in Python but not in the function "
                "definition (function.json or function decorators): "
                f"{sorted(declared - bound)!r}"
            )
        if bound - declared:
            raise self._error(
                "the following parameters are declared in the function definition (function.json "
                f"or function decorators) but not in Python: {sorted(bound - declared)!r}"
            )

    def _check_parameter(self, name: str) -> Any:
        if name not in self._hints:
            return None
        binding, hint = self._bound[name], self._hints[name]
        origin = typing.get_origin(hint) or hint
        is_out = isinstance(origin, type) and issubclass(origin, func.Out)
        declared_out = str(binding["direction"]).upper() == "OUT"
        if declared_out and not is_out:
            raise self._error(
                f'binding {name} is declared to have the "out" direction, but its annotation in '
                "Python is not a subclass of azure.functions.Out"
            )
        if is_out and not declared_out:
            raise self._error(
                f'binding {name} is declared to have the "in" direction in the function '
                "definition, but its annotation in Python is azure.functions.Out"
            )
        value_type = self._out_type(name, hint) if is_out else hint
        if not isinstance(typing.get_origin(value_type) or value_type, type):
            raise self._error(f"binding {name} has invalid non-type annotation {hint!r}")
        self._check_type(name, binding["type"], value_type, is_out)
        return value_type

    def _out_type(self, name: str, hint: Any) -> Any:
        arguments = typing.get_args(hint)
        if len(arguments) != 1:
            raise self._error(f"binding {name} has invalid Out annotation {hint!r}")
        return arguments[0]

    def _check_type(self, name: str, binding_type: str, value_type: Any, is_out: bool) -> None:
        converter = _converters.get(binding_type)
        check = "check_output_type_annotation" if is_out else "check_input_type_annotation"
        try:
            accepted = getattr(converter, check)(value_type)
        except TypeError:  # issubclass() of a generic alias
            accepted = False
        if not accepted:
            shown = getattr(value_type, "__name__", value_type)
            raise self._error(
                f'type of {name} binding in the function definition "{binding_type}" does not '
                f'match its Python annotation "{shown}"'
            )

    def _check_return(self) -> Any:
        if self._returned is None or "return" not in self._hints:
            return None
        hint = self._hints["return"]
        if typing.get_origin(hint) is func.Out or hint is func.Out:
            raise self._error("return annotation should not be azure.functions.Out")
        if not isinstance(hint, type):
            raise self._error(f"has invalid non-type return annotation {hint!r}")
        binding_type = self._returned["type"]
        if not _converters.get(binding_type).check_output_type_annotation(hint):
            raise self._error(
                f'Python return annotation "{hint.__name__}" does not match binding type '
                f'"{binding_type}"'
            )
        return hint

"""Finds and loads the functions of an application folder, as the Python worker and the host do."""

import importlib
import inspect
import json
import os
import sys
import uuid
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import azure.functions as func

from local.functions_host.app_model import (
    OUTPUTS,
    QUEUE_OUTPUT,
    QUEUE_TRIGGER,
    TRIGGERS,
    LoadedApp,
    LoadedFunction,
    OutputBinding,
)
from local.functions_host.errors import FunctionError, HostError
from local.functions_host.host_rules import HostRules
from local.functions_host.settings import storage_connection_string, substitute
from local.functions_host.worker_checks import SignatureCheck

_DIRECTIONS = {"IN", "OUT"}


def load_app(app_root: Path, route_prefix: str) -> LoadedApp:
    """Import the application and index it.

    Raises HostError for what makes the real worker load nothing at all, and for bindings that
    this host doesn't support; what costs only one function is in the result's `problems`.
    """
    app = _find_app(_import_module(app_root))
    try:
        functions = app.get_functions()
    except (ValueError, TypeError) as error:
        raise HostError(str(error)) from error
    loaded = [_check(function) for function in functions]
    loaded.sort(key=lambda function: function.name.upper())
    return _apply_host_rules(loaded, route_prefix)


def _import_module(app_root: Path) -> ModuleType:
    file_name = os.environ.get("PYTHON_SCRIPT_FILE_NAME", "function_app.py")
    if not (app_root / file_name).is_file():
        raise HostError(
            f"{file_name} is missing in {app_root}: function.json folders (the v1 model) aren't "
            "supported"
        )
    sys.path.insert(0, str(app_root))
    try:
        return importlib.import_module(Path(file_name).stem)
    except HostError:
        raise
    except Exception as error:
        raise HostError(f"{file_name} failed to import: {error!r}") from error


def _find_app(module: ModuleType) -> func.FunctionRegister:
    apps = [value for value in vars(module).values() if isinstance(value, func.FunctionRegister)]
    file_name = f"{module.__name__}.py"
    if not apps:
        raise HostError(f"Could not find top level function app instances in {file_name}.")
    if len(apps) > 1:
        raise HostError(
            f"More than one top level function app instances are defined in {file_name}."
        )
    return apps[0]


def _check(function: Any) -> LoadedFunction:
    name = function.get_function_name()
    handler = function.get_user_function()
    bindings = [json.loads(raw) for raw in function.get_raw_bindings()]
    for binding in bindings:
        _refuse_unsupported(name, binding)
    if function.get_settings_dict("retry_policy"):
        raise HostError(f"function '{name}': retry policies aren't supported by this host")
    wants_context, types = SignatureCheck(name, handler, bindings).run()
    # Decorators apply bottom-up, so an output may come before the trigger.
    triggers = [binding for binding in bindings if binding["type"] in TRIGGERS]
    return LoadedFunction(
        name=name,
        function_id=str(uuid.uuid5(uuid.NAMESPACE_OID, name)),
        directory=str(Path(inspect.getfile(handler)).parent),
        handler=handler,
        is_async=inspect.iscoroutinefunction(handler),
        wants_context=wants_context,
        trigger=triggers[0],
        outputs=tuple(
            OutputBinding(
                name=binding["name"],
                type=binding["type"],
                queue_name=binding.get("queueName", ""),
                connection=binding.get("connection", ""),
                annotation=types.get(binding["name"]),
            )
            for binding in bindings
            if binding["type"] not in TRIGGERS
        ),
        raw_bindings=tuple(bindings),
    )


def _refuse_unsupported(name: str, binding: dict[str, Any]) -> None:
    where = f"function '{name}', binding '{binding['name']}'"
    if binding["type"] not in TRIGGERS | OUTPUTS:
        raise HostError(f"{where}: the type '{binding['type']}' isn't supported by this host")
    if str(binding["direction"]).upper() not in _DIRECTIONS:
        raise HostError(f'{where}: the "inout" direction isn\'t supported')
    is_trigger = binding["type"] in TRIGGERS
    if is_trigger != (str(binding["direction"]).upper() == "IN"):
        raise HostError(f"{where}: the direction {binding['direction']} isn't supported")
    if str(binding.get("dataType", "UNDEFINED")).upper() != "UNDEFINED":
        raise HostError(f"{where}: dataType {binding['dataType']} isn't supported by this host")


def _apply_host_rules(candidates: list[LoadedFunction], route_prefix: str) -> LoadedApp:
    rules = HostRules(route_prefix)
    functions: list[LoadedFunction] = []
    problems: dict[str, str] = {}
    for candidate in candidates:
        try:
            resolved = _resolve_settings(candidate)
            rules.admit(resolved)
        except FunctionError as error:
            problems[candidate.name] = str(error)
        else:
            functions.append(resolved)
    return LoadedApp(tuple(functions), problems)


def _resolve_settings(function: LoadedFunction) -> LoadedFunction:
    trigger = {
        key: substitute(value) if isinstance(value, str) else value
        for key, value in function.trigger.items()
    }
    if trigger["type"] == QUEUE_TRIGGER:
        trigger["queueName"] = trigger["queueName"].lower()
        trigger["connection"] = storage_connection_string(trigger.get("connection"))
    outputs = tuple(_resolve_output(output) for output in function.outputs)
    return replace(function, trigger=trigger, outputs=outputs)


def _resolve_output(output: OutputBinding) -> OutputBinding:
    if output.type != QUEUE_OUTPUT:
        return output
    return replace(
        output,
        queue_name=substitute(output.queue_name).lower(),
        connection=storage_connection_string(substitute(output.connection)),
    )

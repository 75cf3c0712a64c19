"""What a request holds, checked: path parameters, query string and JSON body.

Faults look as FastAPI's do: clients of the reference know that form.
"""

import json
from collections.abc import Mapping
from typing import Any, TypeVar, get_origin
from urllib.parse import parse_qs, urlsplit

import azure.functions as func
import pydantic_core
from pydantic import BaseModel, TypeAdapter, ValidationError

from shared.api.routing import Route
from shared.errors import LengthRequired, NotFound, TooLarge, UnprocessableInput

MAX_BODY_BYTES = 8_000_000
"""What can be stored are 2 MB, but in a body escapes may take three times as much and more."""

ModelT = TypeVar("ModelT", bound=BaseModel)


def path_arguments(route: Route, request: func.HttpRequest) -> dict[str, Any]:
    """The path parameters; raises UnprocessableInput, NotFound where a suffix is missing."""
    arguments: dict[str, Any] = {}
    for name, adapter in route.parameters.items():
        # The rest of a path keeps a slash at its end, which means nothing elsewhere.
        raw = (request.route_params.get(name) or "").removesuffix("/")
        # The host leaves an encoded slash as it is and decodes everything else.
        value = raw.replace("%2F", "/").replace("%2f", "/")
        if route.suffix:
            if not value.endswith(route.suffix) or value == route.suffix:
                raise NotFound
            value = value.removesuffix(route.suffix)
        arguments[name] = _checked(adapter, value, ("path", name))
    return arguments


def query_argument(model: type[ModelT], request: func.HttpRequest) -> ModelT:
    """The query string, read from the URL: only there are repeated parameters whole."""
    given = parse_qs(urlsplit(request.url).query, keep_blank_values=True)
    values: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        if name in given:
            values[name] = given[name] if _is_list(field.annotation) else given[name][-1]
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise UnprocessableInput(_faults(error, ("query",))) from error


def body_argument(model: type[ModelT], request: func.HttpRequest) -> ModelT:
    """The JSON body; raises TooLarge, LengthRequired for one that the host could not pass on."""
    body = request.get_body()
    if len(body) > MAX_BODY_BYTES:
        raise TooLarge("A JSON body may not exceed 8 MB")
    if not body:
        check_length(request)
        raise UnprocessableInput([_fault("missing", ("body",), "Field required", None)])
    try:
        value = pydantic_core.from_json(body, allow_inf_nan=False)
    except ValueError as error:
        fault = _fault("json_invalid", ("body", 0), "JSON decode error", {})
        raise UnprocessableInput([fault | {"ctx": {"error": str(error)}}]) from error
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise UnprocessableInput(_faults(error, ("body",))) from error


def check_length(request: func.HttpRequest) -> None:
    """Raises LengthRequired if there was a body without Content-Length: the host drops it."""
    headers = request.headers
    if "chunked" in headers.get("transfer-encoding", "") and "content-length" not in headers:
        raise LengthRequired


def headers_of(request: func.HttpRequest) -> Mapping[str, str]:
    """The headers, names in lower case; bytes that are no text become question marks."""
    return {
        name.lower(): value.encode(errors="replace").decode()
        for name, value in request.headers.items()
    }


def _checked(adapter: TypeAdapter[Any], value: str, location: tuple[str, ...]) -> Any:
    try:
        return adapter.validate_python(value)
    except ValidationError as error:
        raise UnprocessableInput(_faults(error, location)) from error


def _faults(error: ValidationError, location: tuple[str, ...]) -> list[dict[str, Any]]:
    faults: list[dict[str, Any]] = json.loads(error.json(include_url=False))
    return [fault | {"loc": [*location, *fault["loc"]]} for fault in faults]


def _fault(kind: str, location: tuple[str | int, ...], text: str, value: Any) -> dict[str, Any]:
    return {"type": kind, "loc": list(location), "msg": text, "input": value}


def _is_list(annotation: Any) -> bool:
    if get_origin(annotation) is list:
        return True
    return any(get_origin(option) is list for option in getattr(annotation, "__args__", ()))

"""Answers: JSON of a model, nothing, or an error with its status."""

import json
import math
from typing import Any

import azure.functions as func

from shared import errors, invocation
from shared.api.routing import Route

JSON = "application/json"

_STATUSES: dict[type[errors.AppError], int] = {
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.InvalidArgument: 400,
    errors.UnprocessableInput: 422,
    errors.NotAcceptable: 406,
    errors.Conflict: 409,
    errors.TooLarge: 413,
    errors.LengthRequired: 411,
    errors.AssistantUnreachable: 424,
    errors.Throttled: 429,
    errors.DependencyUnavailable: 503,
}


def success(route: Route, value: Any) -> func.HttpResponse:
    """The answer of a handler, as its annotation says; one that is no JSON is whole already."""
    if isinstance(value, func.HttpResponse):
        value.headers["X-Request-ID"] = invocation.current().correlation_id
        return value
    if route.answer is None:
        return _response(b"", route.status)
    body = route.answer.dump_json(value, warnings=False)
    return _response(body, route.status)


def failure(error: errors.AppError) -> func.HttpResponse:
    """An error as the client sees it: `{"detail": …}` and a fitting status."""
    detail: Any = error.faults if isinstance(error, errors.UnprocessableInput) else error.detail
    headers: dict[str, str] = {}
    if isinstance(error, errors.DependencyUnavailable):
        headers["Retry-After"] = str(math.ceil(error.retry_after))
    if isinstance(error, errors.Unauthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    return problem(status_of(error), detail, headers)


def problem(status: int, detail: Any, headers: dict[str, str] | None = None) -> func.HttpResponse:
    """An error of the given status."""
    return _response(json.dumps({"detail": detail}).encode(), status, headers)


def status_of(error: errors.AppError) -> int:
    """The HTTP status of an error; an assistant's own status is passed through."""
    if isinstance(error, errors.AssistantFailure):
        return error.status
    for kind in type(error).__mro__:
        if kind in _STATUSES:
            return _STATUSES[kind]
    return 500


def _response(body: bytes, status: int, headers: dict[str, str] | None = None) -> func.HttpResponse:
    correlation = {"X-Request-ID": invocation.current().correlation_id}
    return func.HttpResponse(
        body or None,
        status_code=status,
        headers={**correlation, **(headers or {})},
        mimetype=JSON,
    )

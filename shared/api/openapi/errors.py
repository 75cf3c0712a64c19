"""The errors that a route can answer: which statuses, and what they look like."""

from collections.abc import Iterable
from typing import Any, get_args

from shared.api.routing import Route
from shared.domain.principals import Principal

JSON = "application/json"
ERROR = {"$ref": "#/components/schemas/Error"}
VALIDATION_ERROR = {"$ref": "#/components/schemas/HTTPValidationError"}

MEANINGS = {
    400: "The input is well-formed but makes no sense here",
    401: "Nobody we know",
    403: "A kind of caller, or one in a position, that may not do this",
    404: "No such thing, or not for this caller",
    406: "The answer doesn't come in a form that `Accept` names",
    409: "It exists already, or was changed meanwhile",
    411: "A body without Content-Length",
    413: "More than can be taken or stored",
    422: "Path, query or body of the wrong form",
    424: "The assistant service can't be reached, isn't registered or answers nonsense",
    429: "The database asks to slow down",
    503: "A service that this one needs is down or too busy",
}
"""What an error status means on any route; a route may say it more precisely."""

OTHER = "The error of the assistant service, passed through with its status"

_RETRY_AFTER = {
    "Retry-After": {
        "description": "Seconds to wait",
        "required": True,
        "schema": {"type": "integer", "minimum": 0},
    }
}
_HEADERS: dict[int, dict[str, Any]] = {
    401: {
        "WWW-Authenticate": {
            "description": "`Bearer`",
            "required": True,
            "schema": {"type": "string"},
        }
    },
    429: _RETRY_AFTER,
    503: _RETRY_AFTER,
}

SCHEMAS: dict[str, Any] = {
    "Error": {
        "type": "object",
        "description": "What went wrong.",
        "required": ["detail"],
        "properties": {"detail": {"type": "string"}},
    },
    "HTTPValidationError": {
        "type": "object",
        "description": "All that is wrong with the form of the input.",
        "required": ["detail"],
        "properties": {
            "detail": {"type": "array", "items": {"$ref": "#/components/schemas/ValidationError"}}
        },
    },
    "ValidationError": {
        "type": "object",
        "description": "One fault: where it is and what it is.",
        "required": ["loc", "msg", "type"],
        "properties": {
            "loc": {
                "type": "array",
                "items": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
            },
            "msg": {"type": "string"},
            "type": {"type": "string"},
            "input": {"description": "What was given."},
            "ctx": {"type": "object", "description": "The values that `msg` mentions."},
        },
    },
}


def statuses(route: Route) -> dict[int, str]:
    """The error statuses of a route with their meanings, derived from what it takes."""
    found: set[int] = set(route.docs.errors)
    if not route.anonymous:
        found |= {401, 429, 503}
        if set(route.callers) != set(get_args(Principal)):
            found.add(403)
    if route.parameters:
        found |= {404, 422}
    if route.query is not None:
        found.add(422)
    if route.body is not None:
        found |= {411, 413, 422}
    if route.docs.request:
        found |= {400, 411, 413, 422}
    if route.docs.forwards:
        found.add(424)
    return {status: _meaning(route, status) for status in sorted(found)}


def responses(route: Route) -> dict[str, Any]:
    """The error responses of a route, the common ones as references."""
    found: dict[str, Any] = {
        str(status): _reference(status)
        if meaning == MEANINGS.get(status)
        else _response(status, meaning)
        for status, meaning in statuses(route).items()
    }
    if route.docs.forwards:
        found["default"] = _response(0, OTHER)
    return found


def components(routes: Iterable[Route]) -> dict[str, Any]:
    """The error responses that routes have in common, by name."""
    used = {item for route in routes for item in statuses(route).items()}
    return {
        _name(status): _response(status, meaning)
        for status, meaning in MEANINGS.items()
        if (status, meaning) in used
    }


def _reference(status: int) -> dict[str, Any]:
    return {"$ref": f"#/components/responses/{_name(status)}"}


def _name(status: int) -> str:
    return f"Error{status}"


def _response(status: int, meaning: str) -> dict[str, Any]:
    schema = VALIDATION_ERROR if status == 422 else ERROR
    response: dict[str, Any] = {"description": meaning, "content": {JSON: {"schema": schema}}}
    if status in _HEADERS:
        response["headers"] = _HEADERS[status]
    return response


def _meaning(route: Route, status: int) -> str:
    return route.docs.errors.get(status) or MEANINGS[status]

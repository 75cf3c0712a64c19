"""One route as an operation of OpenAPI: parameters, body, answers, who may call."""

import inspect
from http import HTTPStatus
from typing import Any

from shared.api.openapi import errors
from shared.api.openapi.described import Answer
from shared.api.openapi.schemas import Schemas
from shared.api.routing import Route
from shared.domain.principals import Assistant, AssistantService, User

JSON = "application/json"

SECURITY_SCHEMES: dict[str, Any] = {
    "person": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "A person: a token of Entra ID.",
    },
    "service": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Assistant-Service-ID",
        "description": "An assistant service: its id. It wins over a token.",
    },
    "key": {
        "type": "apiKey",
        "in": "header",
        "name": "X-API-Key",
        "description": "The assistant service's key; missing means empty.",
    },
    "assistant": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Assistant-ID",
        "description": "The assistant in whose name the service calls.",
    },
}

_SECURITY: dict[type, dict[str, list[str]]] = {
    User: {"person": []},
    AssistantService: {"service": [], "key": []},
    Assistant: {"service": [], "key": [], "assistant": []},
}


def operation(route: Route, schemas: Schemas) -> dict[str, Any]:
    """The operation of a route, under the path of its own."""
    found: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary.rstrip("."),
        "tags": [tag(route)],
        "parameters": [
            *_path_parameters(route, schemas),
            *_query_parameters(route, schemas),
            *_header_parameters(route),
        ],
        "responses": _answers(route, schemas) | errors.responses(route),
        "security": [] if route.anonymous else [_SECURITY[kind] for kind in route.callers],
    }
    if more := _more(route):
        found["description"] = more
    if body := _body(route, schemas):
        found["requestBody"] = body
    return found


def further_operation(route: Route, ending: str, schemas: Schemas) -> dict[str, Any]:
    """The operation of a route where the path ends in something that has its own answer."""
    answer = _answer(route, ending, route.docs.also[ending], schemas)
    name = ending.strip("/").replace("/", "_").replace("-", "_")
    found = operation(route, schemas)
    return found | {
        "operationId": f"{route.name}_{name}",
        "summary": route.docs.also[ending].description,
        "responses": {str(route.status): answer} | errors.responses(route),
    }


def tag(route: Route) -> str:
    """The resource that a route belongs to: the name of its module."""
    module = route.handler.__module__.rpartition(".")[2]
    return module.replace("_", " ").capitalize()


def _more(route: Route) -> str:
    """What the handler's docstring says after its first line."""
    return inspect.cleandoc(route.handler.__doc__ or "").partition("\n")[2].strip()


def _path_parameters(route: Route, schemas: Schemas) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": _not_empty(schemas.of(route, "path", name)),
        }
        for name in route.parameters
    ]


def _not_empty(schema: dict[str, Any]) -> dict[str, Any]:
    """An empty segment is another path."""
    return schema if "format" in schema or "$ref" in schema else {"minLength": 1} | schema


def _query_parameters(route: Route, schemas: Schemas) -> list[dict[str, Any]]:
    if route.query is None:
        return []
    model = schemas.of_query(route)
    required = model.get("required", [])
    return [
        _query_parameter(name, schema, required=name in required)
        for name, schema in model.get("properties", {}).items()
    ]


def _query_parameter(name: str, schema: dict[str, Any], *, required: bool) -> dict[str, Any]:
    """A query parameter: what may be null in the model may be absent, and nothing else."""
    options = [option for option in schema.get("anyOf", []) if option.get("type") != "null"]
    if len(options) == 1:
        schema = options[0] | {key: schema[key] for key in ("description",) if key in schema}
    parameter = {"name": name, "in": "query", "required": required, "schema": schema}
    return parameter | _moved(schema)


def _moved(schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": schema["description"]} if "description" in schema else {}


def _header_parameters(route: Route) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "header", "description": meaning, "schema": {"type": "string"}}
        for name, meaning in route.docs.headers.items()
    ]


def _body(route: Route, schemas: Schemas) -> dict[str, Any] | None:
    if route.body is not None:
        return {"required": True, "content": {JSON: {"schema": schemas.of(route, "body")}}}
    content = {
        media: {"schema": schemas.of_raw(route, schema, "request", media)}
        for media, schema in route.docs.request.items()
    }
    return {"required": True, "content": content} if content else None


def _answers(route: Route, schemas: Schemas) -> dict[str, Any]:
    if route.docs.answers:
        return {
            str(status): _answer(route, status, answer, schemas)
            for status, answer in route.docs.answers.items()
        }
    answer: dict[str, Any] = {"description": HTTPStatus(route.status).phrase}
    if route.answer is not None:
        answer["content"] = {JSON: {"schema": schemas.of(route, "answer")}}
    return {str(route.status): answer}


def _answer(route: Route, where: int | str, answer: Answer, schemas: Schemas) -> dict[str, Any]:
    found: dict[str, Any] = {"description": answer.description}
    if answer.content:
        found["content"] = {
            media: {"schema": schemas.of_raw(route, schema, where, media)}
            for media, schema in answer.content.items()
        }
    if answer.headers:
        found["headers"] = {
            name: {"description": meaning, "schema": {"type": "string"}}
            for name, meaning in answer.headers.items()
        }
    return found

"""What happens around every handler: who calls, what they sent, what went wrong."""

import logging
from collections.abc import Mapping
from typing import Any

import azure.functions as func

from shared import metrics, telemetry
from shared.api.requests import body_argument, headers_of, path_arguments, query_argument
from shared.api.responses import failure, success
from shared.api.routing import Route, Router, output_name
from shared.bindings import QueueOutput, hand_over
from shared.container import App, app
from shared.domain.principals import Principal
from shared.errors import AppError, Forbidden
from shared.telemetry import get_logger, log

_logger = get_logger("api")


async def respond(
    route: Route, request: func.HttpRequest, outputs: Mapping[str, QueueOutput]
) -> func.HttpResponse:
    """Answer one request; an unexpected exception goes to the host, which answers 500."""
    headers = headers_of(request)
    with telemetry.invoked(
        route.name, headers.get("x-request-id"), headers.get(telemetry.TRACE_PARENT)
    ) as running:
        response = await _answer(route, request, headers)
        telemetry.note_status(response.status_code)
    hand_over(running, {queue: outputs[output_name(queue)] for queue in route.queues})
    return response


async def _answer(
    route: Route, request: func.HttpRequest, headers: Mapping[str, str]
) -> func.HttpResponse:
    try:
        result = await _call(route, request, headers, app())
    except AppError as error:
        response = failure(error)
        refused = {"function": route.name, "status": response.status_code}
        metrics.requests_refused.add(1, refused)
        log(_logger, logging.INFO, "refused", **refused, error=type(error).__name__)
        return response
    return success(route, result)


async def _call(
    route: Route, request: func.HttpRequest, headers: Mapping[str, str], application: App
) -> Any:
    """Refuse first (401, 403, then what is wrong with the input), then act."""
    arguments: dict[str, Any] = {"app": application, "request": request}
    if not route.anonymous:
        principal = await application.authentication.authenticate(headers)
        arguments["caller"] = _of_kind(principal, route.callers)
    arguments |= path_arguments(route, request)
    if route.query is not None:
        arguments["query"] = query_argument(route.query, request)
    if route.body is not None:
        arguments["body"] = body_argument(route.body, request)
    return await route.handler(**{name: arguments[name] for name in route.wants})


def _of_kind(principal: Principal, kinds: tuple[type, ...]) -> Principal:
    if not isinstance(principal, kinds):
        raise Forbidden
    return principal


def new_router() -> Router:
    """A router whose functions answer through this module."""
    return Router(respond)

"""Puts the application together: routes, authentication, faults and error answers."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from aiohttp import web

from local.web_pubsub import admin, clients, managing, sending
from local.web_pubsub.errors import ServiceError, unauthorized
from local.web_pubsub.service import SERVICE, Service, url_of
from local.web_pubsub.settings import Settings
from local.web_pubsub.tokens import Tokens

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class _Route(NamedTuple):
    method: str
    path: str
    operation: str  # the name by which a fault is ordered
    handler: _Handler


async def _health(_: web.Request) -> web.Response:
    return web.Response()


# A segment may contain anything but a slash once decoded, braces too: hence the patterns.
_CONNECTION = "{connection:[^/]+}"
_GROUP = "{group:[^/]+}"
_USER = "{user:[^/]+}"
_PERMISSION = "{permission:[^/]+}"

# Below /api/hubs/{hub}.
_DATA_PLANE = (
    _Route("POST", "/:send", "send", sending.send_to_all),
    _Route("POST", f"/groups/{_GROUP}/:send", "send", sending.send_to_group),
    _Route("POST", f"/users/{_USER}/:send", "send", sending.send_to_user),
    _Route("POST", f"/connections/{_CONNECTION}/:send", "send", sending.send_to_connection),
    _Route("POST", "/:closeConnections", "close", managing.close_all),
    _Route("POST", f"/groups/{_GROUP}/:closeConnections", "close", managing.close_group),
    _Route("POST", f"/users/{_USER}/:closeConnections", "close", managing.close_user),
    _Route("DELETE", f"/connections/{_CONNECTION}", "close", managing.close_connection),
    _Route("HEAD", f"/connections/{_CONNECTION}", "exists", managing.connection_exists),
    _Route("HEAD", f"/groups/{_GROUP}", "exists", managing.group_exists),
    _Route("HEAD", f"/users/{_USER}", "exists", managing.user_exists),
    _Route(
        "PUT",
        f"/groups/{_GROUP}/connections/{_CONNECTION}",
        "groups",
        managing.add_connection_to_group,
    ),
    _Route(
        "DELETE",
        f"/groups/{_GROUP}/connections/{_CONNECTION}",
        "groups",
        managing.remove_connection_from_group,
    ),
    _Route(
        "DELETE",
        f"/connections/{_CONNECTION}/groups",
        "groups",
        managing.remove_connection_from_all_groups,
    ),
    _Route("PUT", f"/users/{_USER}/groups/{_GROUP}", "groups", managing.add_user_to_group),
    _Route("DELETE", f"/users/{_USER}/groups/{_GROUP}", "groups", managing.remove_user_from_group),
    _Route("DELETE", f"/users/{_USER}/groups", "groups", managing.remove_user_from_all_groups),
    _Route("POST", "/:addToGroups", "groups", managing.add_to_groups),
    _Route("POST", "/:removeFromGroups", "groups", managing.remove_from_groups),
    _Route("GET", f"/groups/{_GROUP}/connections", "list", managing.list_connections),
    _Route(
        "PUT",
        f"/permissions/{_PERMISSION}/connections/{_CONNECTION}",
        "permissions",
        managing.grant_permission,
    ),
    _Route(
        "DELETE",
        f"/permissions/{_PERMISSION}/connections/{_CONNECTION}",
        "permissions",
        managing.revoke_permission,
    ),
    _Route(
        "HEAD",
        f"/permissions/{_PERMISSION}/connections/{_CONNECTION}",
        "permissions",
        managing.has_permission,
    ),
    _Route("POST", "/:generateToken", "token", managing.generate_token),
)
_OPEN = (
    _Route("HEAD", "/api/health", "health", _health),
    _Route("GET", "/client/hubs/{hub:[^/]+}", "connect", clients.connect),
    _Route("GET", "/client/", "connect", clients.connect),
    _Route("GET", "/clients/{protocol}/hubs/{hub:[^/]+}", "connect", clients.refuse_protocol),
)
_ADMIN = (
    ("GET", "/_admin/health", admin.health),
    ("GET", "/_admin/hubs/{hub:[^/]+}", admin.list_hub),
    ("POST", f"/_admin/connections/{_CONNECTION}/drop", admin.drop_connection),
    ("POST", "/_admin/faults", admin.add_fault),
    ("DELETE", "/_admin/faults", admin.clear_faults),
)
_OPERATIONS = {route.handler: route.operation for route in _DATA_PLANE + _OPEN}
_PROTECTED = frozenset(route.handler for route in _DATA_PLANE)


def create_app(settings: Settings) -> web.Application:
    """Make the stand-in, with its state in memory."""
    app = web.Application(
        middlewares=[_answer_errors, _apply_faults, _authenticate],
        client_max_size=settings.max_message_bytes,
    )
    app[SERVICE] = Service(settings, Tokens(settings))
    for route in _DATA_PLANE:
        app.router.add_route(route.method, "/api/hubs/{hub:[^/]+}" + route.path, route.handler)
    for route in _OPEN:
        app.router.add_route(route.method, route.path, route.handler)
    for method, path, handler in _ADMIN:
        app.router.add_route(method, path, handler)
    app.on_shutdown.append(clients.end_all)
    return app


@web.middleware
async def _answer_errors(request: web.Request, handler: _Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except ServiceError as error:
        if error.status == 401:
            return web.Response(status=401, headers={"WWW-Authenticate": "Bearer"})
        content = {"code": error.code, "message": error.message}
        headers = {"x-ms-error-code": error.code}
        return web.json_response(content, status=error.status, headers=headers)
    except web.HTTPRequestEntityTooLarge:
        message = f"the body is longer than {request.app[SERVICE].settings.max_message_bytes} bytes"
        return web.json_response({"code": "PayloadTooLarge", "message": message}, status=413)
    except (web.HTTPNotFound, web.HTTPMethodNotAllowed) as error:
        message = f"{request.method} {request.path}: not served by the local Web PubSub"
        return web.json_response({"code": error.reason, "message": message}, status=error.status)


@web.middleware
async def _apply_faults(request: web.Request, handler: _Handler) -> web.StreamResponse:
    operation = _OPERATIONS.get(request.match_info.handler)
    if operation is not None:
        response = await request.app[SERVICE].faults.apply(operation, request)
        if response is not None:
            return response
    return await handler(request)


@web.middleware
async def _authenticate(request: web.Request, handler: _Handler) -> web.StreamResponse:
    if request.match_info.handler in _PROTECTED:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise unauthorized("a bearer token is needed")
        request.app[SERVICE].tokens.check_request(token, url_of(request))
    return await handler(request)

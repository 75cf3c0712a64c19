"""Data-plane requests about connections, users, groups and permissions."""

import json
from typing import Any

from aiohttp import web
from pydantic import BaseModel, Field, ValidationError
from yarl import URL

from local.web_pubsub.connections import Connection
from local.web_pubsub.errors import bad_request, not_found, not_supported
from local.web_pubsub.hubs import select
from local.web_pubsub.names import group_name
from local.web_pubsub.permissions import permission_name
from local.web_pubsub.service import SERVICE, hub_of
from local.web_pubsub.tokens import ClientClaims

_LARGEST_PAGE = 200
_DEFAULT_TOKEN_MINUTES = 60


class GroupsRequest(BaseModel):
    """The body of :addToGroups and :removeFromGroups."""

    groups: list[str] = Field(min_length=1)
    filter: str | None = None


async def close_all(request: web.Request) -> web.Response:
    """End every connection of the hub that is not excluded."""
    return _close(request, hub_of(request).everyone())


async def close_group(request: web.Request) -> web.Response:
    """End the connections of a group that are not excluded."""
    return _close(request, hub_of(request).of_group(_group(request)))


async def close_user(request: web.Request) -> web.Response:
    """End the connections of a user that are not excluded."""
    return _close(request, hub_of(request).of_user(request.match_info["user"]))


async def close_connection(request: web.Request) -> web.Response:
    """End one connection; nothing happens if there is none."""
    return _close(request, hub_of(request).find(request.match_info["connection"]))


def _close(request: web.Request, connections: list[Connection]) -> web.Response:
    reason = request.query.get("reason", "closed by the server")
    for connection in select(connections, request.query.getall("excluded", ())):
        connection.end(reason)
    return web.Response(status=204)


async def connection_exists(request: web.Request) -> web.Response:
    """Answer 200 if a connection exists, else 404."""
    return _exists(hub_of(request).find(request.match_info["connection"]))


async def group_exists(request: web.Request) -> web.Response:
    """Answer 200 if a group has a connection, else 404."""
    return _exists(hub_of(request).of_group(_group(request)))


async def user_exists(request: web.Request) -> web.Response:
    """Answer 200 if a user has a connection, else 404."""
    return _exists(hub_of(request).of_user(request.match_info["user"]))


def _exists(connections: list[Connection]) -> web.Response:
    return web.Response(status=200 if connections else 404)


async def add_connection_to_group(request: web.Request) -> web.Response:
    """Put a connection into a group; 404 if the connection does not exist."""
    hub = hub_of(request)
    hub.join(hub.connection(request.match_info["connection"]), _group(request))
    return web.Response(status=200)


async def remove_connection_from_group(request: web.Request) -> web.Response:
    """Take a connection out of a group."""
    hub = hub_of(request)
    for connection in hub.find(request.match_info["connection"]):
        hub.leave(connection, _group(request))
    return web.Response(status=204)


async def remove_connection_from_all_groups(request: web.Request) -> web.Response:
    """Take a connection out of all groups."""
    hub = hub_of(request)
    for connection in hub.find(request.match_info["connection"]):
        hub.leave_all(connection)
    return web.Response(status=204)


async def add_user_to_group(request: web.Request) -> web.Response:
    """Put the present connections of a user into a group."""
    hub = hub_of(request)
    for connection in hub.of_user(request.match_info["user"]):
        hub.join(connection, _group(request))
    return web.Response(status=200)


async def remove_user_from_group(request: web.Request) -> web.Response:
    """Take the connections of a user out of a group."""
    hub = hub_of(request)
    for connection in hub.of_user(request.match_info["user"]):
        hub.leave(connection, _group(request))
    return web.Response(status=204)


async def remove_user_from_all_groups(request: web.Request) -> web.Response:
    """Take the connections of a user out of all groups."""
    hub = hub_of(request)
    for connection in hub.of_user(request.match_info["user"]):
        hub.leave_all(connection)
    return web.Response(status=204)


async def add_to_groups(request: web.Request) -> web.Response:
    """Put the connections that a filter selects into groups."""
    hub = hub_of(request)
    body = await _groups_request(request)
    for connection in select(hub.everyone(), filter_text=body.filter):
        for group in body.groups:
            hub.join(connection, group)
    return web.Response(status=200)


async def remove_from_groups(request: web.Request) -> web.Response:
    """Take the connections that a filter selects out of groups."""
    hub = hub_of(request)
    body = await _groups_request(request)
    for connection in select(hub.everyone(), filter_text=body.filter):
        for group in body.groups:
            hub.leave(connection, group)
    return web.Response(status=200)


async def _groups_request(request: web.Request) -> GroupsRequest:
    try:
        body = GroupsRequest.model_validate_json(await request.read())
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise bad_request(f"body: {first['loc']}: {first['msg']}") from error
    for group in body.groups:
        group_name(group)
    return body


async def list_connections(request: web.Request) -> web.Response:
    """List the connections of a group, in pages of at most 200."""
    page = _number(request, "maxpagesize", _LARGEST_PAGE, most=_LARGEST_PAGE)
    start = _number(request, "continuationToken", 0, least=0)
    members = hub_of(request).of_group(_group(request))
    end = min(len(members), start + _number(request, "top", len(members) or 1))
    chosen = members[start : min(end, start + page)]
    content: dict[str, Any] = {"value": [_member(connection) for connection in chosen]}
    if start + page < end:
        following: dict[str, str | int] = {"continuationToken": start + page}
        if "top" in request.query:
            following["top"] = end - start - page
        url = URL(f"{request.scheme}://{request.host}{request.raw_path}", encoded=True)
        content["nextLink"] = str(url.update_query(following))
    return web.json_response(content)


def _member(connection: Connection) -> dict[str, str | None]:
    return {"connectionId": connection.connection_id, "userId": connection.user_id}


async def grant_permission(request: web.Request) -> web.Response:
    """Grant a connection a permission for a group, or for all groups."""
    connection, permission = _connection_and_permission(request)
    connection.permissions.grant(permission, _target(request))
    return web.Response(status=200)


async def revoke_permission(request: web.Request) -> web.Response:
    """Take a permission of a connection back, for a group or altogether."""
    connection, permission = _connection_and_permission(request)
    connection.permissions.revoke(permission, _target(request))
    return web.Response(status=204)


async def has_permission(request: web.Request) -> web.Response:
    """Answer 200 if a connection holds a permission, else 404."""
    connection, permission = _connection_and_permission(request)
    if not connection.permissions.allow(permission, _target(request)):
        raise not_found("the connection does not hold the permission")
    return web.Response(status=200)


def _connection_and_permission(request: web.Request) -> tuple[Connection, str]:
    permission = permission_name(request.match_info["permission"])
    return hub_of(request).connection(request.match_info["connection"]), permission


def _target(request: web.Request) -> str | None:
    name = request.query.get("targetName")
    return None if name is None else group_name(name)


async def generate_token(request: web.Request) -> web.Response:
    """Make a client access token for the hub."""
    client_type = request.query.get("clientType", "Default")
    if client_type.lower() != "default":
        raise not_supported(f"clientType {client_type!r}")
    claims = ClientClaims(
        user_id=request.query.get("userId"),
        roles=tuple(request.query.getall("role", ())),
        groups=tuple(group_name(group) for group in request.query.getall("group", ())),
    )
    minutes = _number(request, "minutesToExpire", _DEFAULT_TOKEN_MINUTES)
    url = f"{request.scheme}://{request.host}/client/hubs/{request.match_info['hub']}".lower()
    token = request.app[SERVICE].tokens.make_client_token(url, claims, minutes * 60)
    return web.Response(text=json.dumps({"token": token}), content_type="application/json")


def _group(request: web.Request) -> str:
    return group_name(request.match_info["group"])


def _number(
    request: web.Request, name: str, default: int, *, least: int = 1, most: int = 2**31 - 1
) -> int:
    text = request.query.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdecimal() or not least <= int(text) <= most:
        raise bad_request(f"{name} {text!r}: expected a number from {least} to {most}")
    return int(text)

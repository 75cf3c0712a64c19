"""Data-plane requests that send messages."""

from aiohttp import web

from local.web_pubsub.connections import Connection
from local.web_pubsub.errors import bad_request, not_supported
from local.web_pubsub.hubs import deliver, select
from local.web_pubsub.messages import Payload, group_message, payload_of_body, server_message
from local.web_pubsub.names import group_name
from local.web_pubsub.service import hub_of

_LONGEST_TTL_SECONDS = 300


async def send_to_all(request: web.Request) -> web.Response:
    """Send to every connection of the hub that is neither excluded nor filtered out."""
    message = server_message(await _payload(request))
    targets = _selected(request, hub_of(request).everyone())
    deliver(targets, message, _ttl_seconds(request))
    return web.Response(status=202)


async def send_to_group(request: web.Request) -> web.Response:
    """Send to the connections of a group that are neither excluded nor filtered out."""
    group = group_name(request.match_info["group"])
    message = group_message(await _payload(request), group)
    targets = _selected(request, hub_of(request).of_group(group))
    deliver(targets, message, _ttl_seconds(request))
    return web.Response(status=202)


async def send_to_user(request: web.Request) -> web.Response:
    """Send to the connections of a user that are not filtered out."""
    message = server_message(await _payload(request))
    targets = _selected(request, hub_of(request).of_user(request.match_info["user"]))
    deliver(targets, message, _ttl_seconds(request))
    return web.Response(status=202)


async def send_to_connection(request: web.Request) -> web.Response:
    """Send to one connection."""
    message = server_message(await _payload(request))
    targets = hub_of(request).find(request.match_info["connection"])
    deliver(targets, message, _ttl_seconds(request))
    return web.Response(status=202)


def _selected(request: web.Request, connections: list[Connection]) -> list[Connection]:
    if not request.query_string:
        return connections
    query = request.query
    return select(connections, query.getall("excluded", ()), query.get("filter"))


async def _payload(request: web.Request) -> Payload:
    if request.content_type == "application/x-protobuf":
        raise not_supported("content type 'application/x-protobuf'")
    return payload_of_body(request.content_type, await request.read())


def _ttl_seconds(request: web.Request) -> int:
    text = request.query.get("messageTtlSeconds", "0")
    if not text.isdecimal() or int(text) > _LONGEST_TTL_SECONDS:
        raise bad_request(f"messageTtlSeconds {text!r}: expected 0 to {_LONGEST_TTL_SECONDS}")
    return int(text)

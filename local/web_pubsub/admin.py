"""Requests for tests and operators: look at connections, drop them, order faults."""

from aiohttp import web
from pydantic import ValidationError

from local.web_pubsub.connections import Connection
from local.web_pubsub.errors import bad_request, not_found
from local.web_pubsub.faults import Fault
from local.web_pubsub.service import SERVICE, hub_of


async def health(request: web.Request) -> web.Response:
    """Tell that the process serves, and how many connections it has."""
    connections = sum(len(hub.everyone()) for hub in request.app[SERVICE].hubs)
    return web.json_response({"status": "ok", "connections": connections})


async def list_hub(request: web.Request) -> web.Response:
    """List the connections of a hub, each with its user and groups."""
    hub = hub_of(request)
    connections = [_described(connection) for connection in hub.everyone()]
    return web.json_response({"hub": hub.name, "connections": connections})


def _described(connection: Connection) -> dict[str, object]:
    return {
        "connectionId": connection.connection_id,
        "userId": connection.user_id,
        "groups": sorted(connection.groups),
        "subprotocol": connection.subprotocol,
        "attached": connection.is_attached,
    }


async def drop_connection(request: web.Request) -> web.Response:
    """Drop a connection's socket without a close handshake; 404 if it has none."""
    connection_id = request.match_info["connection"]
    for hub in request.app[SERVICE].hubs:
        for connection in hub.find(connection_id):
            if connection.drop():
                return web.Response(status=204)
    raise not_found(f"connection {connection_id!r} has no socket")


async def add_fault(request: web.Request) -> web.Response:
    """Order a fault."""
    try:
        fault = Fault.model_validate_json(await request.read())
    except ValidationError as error:
        raise bad_request(str(error)) from error
    request.app[SERVICE].faults.add(fault)
    return web.json_response(fault.model_dump(), status=201)


async def clear_faults(request: web.Request) -> web.Response:
    """Take back all faults."""
    request.app[SERVICE].faults.clear()
    return web.Response(status=204)

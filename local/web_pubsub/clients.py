"""The WebSocket endpoint: lets clients in, and reads what they send until they are gone."""

import asyncio

from aiohttp import WebSocketError, WSMessage, WSMsgType, web

from local.web_pubsub.commands import carry_out
from local.web_pubsub.connections import (
    POLICY_VIOLATION,
    SUBPROTOCOLS,
    Connection,
    JsonConnection,
    ReliableConnection,
)
from local.web_pubsub.errors import bad_request, not_supported, unauthorized
from local.web_pubsub.frames import MalformedFrameError
from local.web_pubsub.hubs import Hub
from local.web_pubsub.names import group_name
from local.web_pubsub.outbox import Outbox
from local.web_pubsub.permissions import Permissions
from local.web_pubsub.service import SERVICE, Service, hub_of, url_of
from local.web_pubsub.tokens import ClientClaims

_GOING_AWAY = 1001
_UNSUPPORTED_DATA = 1003
_CLOSE_SECONDS = 1.0
_GOODBYE_SECONDS = 0.5
# What a close frame without a code is read as.
_NO_CODE = 0
_NO_STATUS_RECEIVED = 1005
_GOODBYES = frozenset({1000, _NO_CODE, _NO_STATUS_RECEIVED})


async def connect(request: web.Request) -> web.StreamResponse:
    """Serve a client from its upgrade request on: a new connection, or one that comes back."""
    service = request.app[SERVICE]
    hub = hub_of(request)
    subprotocol = _subprotocol(request)
    if request.headers.get("Upgrade", "").lower() != "websocket":
        raise bad_request("this address expects a WebSocket upgrade request")
    if "awps_connection_id" in request.query:
        return await _recover(service, hub, subprotocol, request)
    claims = service.tokens.check_client(_access_token(request), url_of(request), hub.name)
    connection = _admit(service, hub, subprotocol, claims, request)
    socket = await _open(service, subprotocol, request)
    hub.add(connection, claims.groups)
    return await _serve(hub, connection, socket, request)


async def refuse_protocol(request: web.Request) -> web.StreamResponse:
    """Refuse clients of protocols other than the JSON subprotocols."""
    raise not_supported(f"protocol {request.match_info['protocol']!r}")


async def end_all(app: web.Application) -> None:
    """End every connection, because the process is about to stop, and drop who does not read."""
    connections = [connection for hub in app[SERVICE].hubs for connection in hub.everyone()]
    for connection in connections:
        connection.end("the service is stopping", _GOING_AWAY)
    goodbyes = [asyncio.create_task(connection.settle()) for connection in connections]
    if goodbyes:
        await asyncio.wait(goodbyes, timeout=_GOODBYE_SECONDS)
    for connection in connections:
        connection.drop()


def _subprotocol(request: web.Request) -> str | None:
    """Give the first subprotocol offered that is served; None leaves the client without."""
    offered = request.headers.get("Sec-WebSocket-Protocol", "").split(",")
    names = [name.strip() for name in offered if name.strip()]
    for name in names:
        if name in SUBPROTOCOLS:
            return name
    for name in names:
        if "webpubsub.azure" in name or name.startswith("mqtt"):
            raise not_supported(f"subprotocol {name!r}")
    return None


def _access_token(request: web.Request) -> str:
    token = request.query.get("access_token")
    if token is None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise unauthorized("an access token is needed")
    return token


def _admit(
    service: Service,
    hub: Hub,
    subprotocol: str | None,
    claims: ClientClaims,
    request: web.Request,
) -> Connection:
    """Make a new connection of what its token says, or refuse what is not served."""
    if "webpubsub_mode" in request.query:
        raise not_supported("query parameter 'webpubsub_mode'")
    for group in claims.groups:
        group_name(group)
    kind = Connection if subprotocol is None else SUBPROTOCOLS[subprotocol]
    connection = kind(service.settings, claims.user_id, Permissions(claims.roles), hub.remove)
    if isinstance(connection, ReliableConnection):
        connection.reconnection_token = service.tokens.make_reconnection_token(
            connection.connection_id
        )
    return connection


async def _recover(
    service: Service, hub: Hub, subprotocol: str | None, request: web.Request
) -> web.StreamResponse:
    """Go on with a connection that lost its socket, or tell the client that there is none."""
    connection_id = request.query["awps_connection_id"]
    token = request.query.get("awps_reconnection_token", "")
    socket = await _open(service, subprotocol, request)
    for connection in hub.find(connection_id):
        if connection.subprotocol == subprotocol == ReliableConnection.subprotocol and (
            service.tokens.is_reconnection_token(token, connection_id)
        ):
            return await _serve(hub, connection, socket, request)
    # Only a close code tells a client not to try again: it does not get to see an HTTP status.
    await socket.close(code=POLICY_VIOLATION, message=b"the connection cannot be recovered")
    return socket


async def _open(
    service: Service, subprotocol: str | None, request: web.Request
) -> web.WebSocketResponse:
    socket = web.WebSocketResponse(
        timeout=_CLOSE_SECONDS,
        heartbeat=service.settings.keep_alive_seconds,
        protocols=() if subprotocol is None else (subprotocol,),
        compress=False,
        max_msg_size=service.settings.max_message_bytes,
    )
    await socket.prepare(request)
    return socket


async def _serve(
    hub: Hub, connection: Connection, socket: web.WebSocketResponse, request: web.Request
) -> web.StreamResponse:
    outbox = Outbox(socket, request.transport, 2 * connection.settings.max_unacked_size)
    connection.attach(outbox)
    for_good = False
    try:
        for_good = await _read(hub, connection, socket)
    finally:
        connection.detach(outbox, for_good=for_good)
        await outbox.finish()
    return socket


async def _read(hub: Hub, connection: Connection, socket: web.WebSocketResponse) -> bool:
    """Carry out what a client sends; tell whether it left for good or merely lost its socket."""
    while True:
        message = await socket.receive()
        if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
            _take(hub, connection, message)
        elif message.type is WSMsgType.CLOSE:
            return message.data in _GOODBYES
        else:
            # A violation, such as a message over the limit, has closed the socket with its code.
            return isinstance(message.data, WebSocketError)


def _take(hub: Hub, connection: Connection, message: WSMessage) -> None:
    if connection.ended:
        return  # still on its way when the connection was ended
    if not isinstance(connection, JsonConnection):
        connection.end("upstream event handlers are not supported", _UNSUPPORTED_DATA)
        return
    try:
        carry_out(hub, connection, message.data)
    except MalformedFrameError as error:
        connection.end(f"invalid frame: {error}", POLICY_VIOLATION)

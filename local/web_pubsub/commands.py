"""Carries out the frames that clients of the JSON subprotocols send."""

from local.web_pubsub.connections import JsonConnection, ReliableConnection
from local.web_pubsub.errors import ServiceError, bad_request
from local.web_pubsub.frames import (
    PONG_FRAME,
    ClientFrame,
    Event,
    JoinGroup,
    LeaveGroup,
    MalformedFrameError,
    Ping,
    SendToGroup,
    SequenceAck,
    failure_frame,
    parse_frame,
    success_frame,
)
from local.web_pubsub.hubs import Hub, deliver
from local.web_pubsub.messages import group_message, payload_of_frame
from local.web_pubsub.names import group_name
from local.web_pubsub.permissions import JOIN_LEAVE, SEND


def carry_out(hub: Hub, connection: JsonConnection, data: str | bytes) -> None:
    """Carry out a frame and answer it; MalformedFrameError means that the connection must end."""
    if isinstance(data, bytes):
        raise MalformedFrameError("a binary WebSocket message")
    frame = parse_frame(data)
    if isinstance(frame, Ping):
        connection.send(PONG_FRAME)
    elif isinstance(frame, SequenceAck):
        if not isinstance(connection, ReliableConnection):
            raise MalformedFrameError("sequenceAck: belongs to json.reliable.webpubsub.azure.v1")
        connection.acknowledge(frame.sequence_id)
    elif frame.ack_id is None:
        try:
            _execute(hub, connection, frame)
        except ServiceError as error:
            # The client asked for no answer; the service drops what it may not do.
            print(f"web_pubsub: dropped a frame: {error.message}", flush=True)
    else:
        connection.send(_answer(hub, connection, frame, frame.ack_id))


def _answer(hub: Hub, connection: JsonConnection, frame: ClientFrame, ack_id: int) -> str:
    if connection.is_done(ack_id):
        return failure_frame(ack_id, "Duplicate", f"ackId {ack_id} has been carried out already")
    try:
        _execute(hub, connection, frame)
    except ServiceError as error:
        return failure_frame(ack_id, error.code, error.message)
    connection.remember_done(ack_id)
    return success_frame(ack_id)


def _execute(hub: Hub, connection: JsonConnection, frame: ClientFrame) -> None:
    if isinstance(frame, JoinGroup):
        _require(connection, JOIN_LEAVE, frame.group)
        hub.join(connection, frame.group)
    elif isinstance(frame, LeaveGroup):
        _require(connection, JOIN_LEAVE, frame.group)
        hub.leave(connection, frame.group)
    elif isinstance(frame, SendToGroup):
        _publish(hub, connection, frame)
    elif isinstance(frame, Event):
        raise bad_request(
            f"event {frame.event!r}: upstream event handlers are not supported by the local "
            "Web PubSub"
        )


def _publish(hub: Hub, connection: JsonConnection, frame: SendToGroup) -> None:
    _require(connection, SEND, frame.group)
    if frame.metadata is not None:
        raise bad_request("metadata: not supported by the local Web PubSub")
    payload = payload_of_frame(frame.data_type, frame.data)
    members = hub.of_group(frame.group)
    if frame.no_echo:
        members = [member for member in members if member is not connection]
    message = group_message(payload, frame.group, connection.user_id)
    deliver(members, message, frame.ttl_seconds)


def _require(connection: JsonConnection, permission: str, group: str) -> None:
    if not connection.permissions.allow(permission, group_name(group)):
        raise ServiceError(
            403, "Forbidden", f"the client lacks the permission {permission} for group {group!r}"
        )

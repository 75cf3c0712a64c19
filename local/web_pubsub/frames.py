"""Frames of the JSON subprotocols: those that clients send, parsed, and those they get."""

import json
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

AckId = Annotated[int, Field(ge=0, le=2**64 - 1)]


class MalformedFrameError(Exception):
    """A frame that ends the connection; the message names what is wrong."""


class _Frame(BaseModel):
    model_config = ConfigDict(strict=True, alias_generator=to_camel)


class JoinGroup(_Frame):
    """Asks to receive a group's messages."""

    group: str
    ack_id: AckId | None = None


class LeaveGroup(_Frame):
    """Asks to receive a group's messages no more."""

    group: str
    ack_id: AckId | None = None


class SendToGroup(_Frame):
    """Publishes to a group; `metadata` is known only in order to be refused."""

    group: str
    ack_id: AckId | None = None
    no_echo: bool = False
    data_type: str = "json"
    data: Any
    ttl_seconds: int = Field(default=0, ge=0, le=300)
    metadata: Any = None


class Event(_Frame):
    """A custom event, meant for an upstream event handler."""

    event: str
    ack_id: AckId | None = None


class Ping(_Frame):
    """Asks for a pong."""


class SequenceAck(_Frame):
    """Confirms every message up to a sequence id (reliable subprotocol)."""

    sequence_id: int = Field(ge=0)


ClientFrame = JoinGroup | LeaveGroup | SendToGroup | Event | Ping | SequenceAck


def _type_of(frame: Any) -> str | None:
    kind = frame.get("type") if isinstance(frame, dict) else None
    return kind.lower() if isinstance(kind, str) else None


_FRAMES: TypeAdapter[ClientFrame] = TypeAdapter(
    Annotated[
        Annotated[JoinGroup, Tag("joingroup")]
        | Annotated[LeaveGroup, Tag("leavegroup")]
        | Annotated[SendToGroup, Tag("sendtogroup")]
        | Annotated[Event, Tag("event")]
        | Annotated[Ping, Tag("ping")]
        | Annotated[SequenceAck, Tag("sequenceack")],
        Discriminator(_type_of),
    ]
)


def parse_frame(text: str) -> ClientFrame:
    """Parse a client's frame; MalformedFrameError for one that is wrong or not supported."""
    try:
        return _FRAMES.validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "frame"
        raise MalformedFrameError(f"{where}: {first['msg']}") from error


def connected_frame(connection_id: str, user_id: str | None, reconnection_token: str | None) -> str:
    """Give the first frame of a connection; with a token under the reliable subprotocol."""
    content = {
        "type": "system",
        "event": "connected",
        "userId": user_id,
        "connectionId": connection_id,
    }
    if reconnection_token is not None:
        content["reconnectionToken"] = reconnection_token
    return json.dumps(content)


def disconnected_frame(message: str) -> str:
    """Give the last frame of a connection that the service ends."""
    return json.dumps({"type": "system", "event": "disconnected", "message": message})


def success_frame(ack_id: int) -> str:
    """Give the positive answer to a frame with an ackId."""
    return f'{{"type":"ack","ackId":{ack_id},"success":true}}'


def failure_frame(ack_id: int, name: str, message: str) -> str:
    """Give the negative answer to a frame with an ackId."""
    error = {"name": name, "message": message}
    return json.dumps({"type": "ack", "ackId": ack_id, "success": False, "error": error})


PONG_FRAME = '{"type":"pong"}'

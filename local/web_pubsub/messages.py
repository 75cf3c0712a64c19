"""Messages on their way to clients, encoded once however many connections they go to."""

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any

from local.web_pubsub.errors import ServiceError, bad_request


@dataclass(frozen=True, slots=True)
class Payload:
    """Content: its type, its JSON text inside a frame, and what a plain WebSocket gets."""

    data_type: str
    json_text: str
    plain: str | bytes


@dataclass(frozen=True, slots=True)
class Message:
    """A message; `head` is the JSON text of its frame without the closing brace."""

    head: str
    plain: str | bytes

    def frame(self, sequence_id: int | None = None) -> str:
        """Give the frame's text, with a sequence id for the reliable subprotocol."""
        if sequence_id is None:
            return self.head + "}"
        return f'{self.head},"sequenceId":{sequence_id}}}'


def server_message(payload: Payload) -> Message:
    """Make the message that a server sends to all, to a user or to a connection."""
    head = (
        '{"type":"message","from":"server"'
        f',"dataType":"{payload.data_type}","data":{payload.json_text}'
    )
    return Message(head, payload.plain)


def group_message(payload: Payload, group: str, from_user_id: str | None = None) -> Message:
    """Make the message that a group gets; from_user_id is None when a server sent it."""
    head = (
        f'{{"type":"message","from":"group","fromUserId":{json.dumps(from_user_id)}'
        f',"group":{json.dumps(group)}'
        f',"dataType":"{payload.data_type}","data":{payload.json_text}'
    )
    return Message(head, payload.plain)


def payload_of_body(content_type: str, body: bytes) -> Payload:
    """Make a payload of a request body; 400 when it is not what its type says, 415 otherwise."""
    if content_type == "application/octet-stream":
        return _binary(body)
    try:
        text = body.decode()
        if content_type == "application/json":
            json.loads(text, parse_constant=_refuse_constant)
            return Payload("json", text, text)
    except ValueError as error:
        raise bad_request(f"the body is not {content_type}: {error}") from error
    if content_type == "text/plain":
        return _text(text)
    raise ServiceError(
        415,
        "UnsupportedMediaType",
        f"content type {content_type!r}: expected application/json, text/plain or "
        "application/octet-stream",
    )


def payload_of_frame(data_type: str, data: Any) -> Payload:
    """Make a payload of a client's sendToGroup frame; raises a 400 for data of a wrong type."""
    if data_type == "json" and data is not None:
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        return Payload("json", text, text)
    if data_type == "text" and isinstance(data, str):
        return _text(data)
    if data_type == "binary" and isinstance(data, str):
        try:
            return _binary(base64.b64decode(data, validate=True))
        except binascii.Error as error:
            raise bad_request(f"data: not base64: {error}") from error
    if data_type not in ("json", "text", "binary"):
        raise bad_request(f"dataType {data_type!r}: not supported by the local Web PubSub")
    raise bad_request(f"data: not {data_type}")


def _text(text: str) -> Payload:
    return Payload("text", json.dumps(text, ensure_ascii=False), text)


def _binary(data: bytes) -> Payload:
    return Payload("binary", f'"{base64.b64encode(data).decode()}"', data)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")

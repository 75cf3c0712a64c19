"""How entities look as documents of the `conversations` container.

| id                     | type         | what                                                    |
| ---------------------- | ------------ | ------------------------------------------------------- |
| the conversation's own | conversation | the aggregate                                           |
| `message-{uuid}`       | message      | a message, which is its own `message.created` event     |
| `debug-{uuid}`         | debug        | debug data of a message                                 |
| `event-{sequence}`     | event        | any other event; also what is left of a deleted message |
| `file-{sha256 of name}` | file         | a file with all its versions, and a copy of the newest  |
| `upload-{uuid}`        | upload       | a file whose bytes are to come by an address of its own |
| `cursor-{assistant}`   | cursor       | how far an assistant has got the events                 |
| `dead-{assistant}-{n}` | dead-letter  | an event that could not be delivered                    |

Only documents that are events have a `sequence` at the top level.
"""

import hashlib
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.contracts.events import ConversationEventType
from shared.domain.changes import Audience, Event
from shared.domain.conversation import Conversation, Message
from shared.domain.events import envelope
from shared.domain.files import File, PendingUpload

Document = dict[str, Any]


def aggregate_id_of(conversation_id: UUID) -> str:
    """The document id of an aggregate: unique in the container, see decision 12."""
    return str(conversation_id)


def aggregate_document(conversation: Conversation) -> Document:
    """The aggregate as a document."""
    return {
        "id": aggregate_id_of(conversation.conversation_id),
        "type": "conversation",
        **conversation.model_dump(mode="json"),
    }


def message_id_of(message_id: UUID) -> str:
    """The document id of a message."""
    return f"message-{message_id}"


def debug_id_of(message_id: UUID) -> str:
    """The document id of a message's debug data."""
    return f"debug-{message_id}"


def message_document(message: Message) -> Document:
    """A message as a document."""
    return {
        "id": message_id_of(message.message_id),
        "type": "message",
        **message.model_dump(mode="json"),
    }


def debug_document(conversation_id: UUID, message_id: UUID, data: dict[str, Any]) -> Document:
    """Debug data as a document."""
    return {
        "id": debug_id_of(message_id),
        "type": "debug",
        "conversation_id": str(conversation_id),
        "message_id": str(message_id),
        "data": data,
    }


def file_id_of(filename: str) -> str:
    """The document id of a file: one to one for each name, whatever characters it has."""
    return f"file-{hashlib.sha256(filename.encode()).hexdigest()}"


def file_document(file: File) -> Document:
    """A file as a document; `newest` spares lists the other versions."""
    document = file.model_dump(mode="json")
    newest = {"newest": document["versions"][-1]}
    return {"id": file_id_of(file.filename), "type": "file", **document, **newest}


def pending_upload_id_of(upload_id: UUID) -> str:
    """The document id of an upload that was begun."""
    return f"upload-{upload_id}"


def pending_upload_document(upload: PendingUpload, ttl: int) -> Document:
    """An upload that was begun as a document that expires after `ttl` seconds."""
    return {
        "id": pending_upload_id_of(upload.upload_id),
        "type": "upload",
        **upload.model_dump(mode="json"),
        "ttl": ttl,
    }


def cursor_id_of(assistant_id: UUID) -> str:
    """The document id of the delivery cursor of an assistant."""
    return f"cursor-{assistant_id}"


def event_document(conversation_id: UUID, event: Event, ttl: int) -> Document:
    """An event as a document that expires after `ttl` seconds."""
    return {
        "id": f"event-{event.sequence:010}",
        "type": "event",
        "conversation_id": str(conversation_id),
        "sequence": event.sequence,
        "event_id": event.event_id,
        "event": event.event.value,
        "correlation_id": event.correlation_id,
        "trace_parent": event.trace_parent,
        "timestamp": event.timestamp.isoformat(),
        "audience": event.audience.value,
        "data": event.data,
        "ttl": ttl,
    }


def former_message_document(message: Message, now: datetime, retention: int) -> Document | None:
    """The event of a message that is being deleted, while events as old as it are kept."""
    remaining = retention - int((now - message.timestamp).total_seconds())
    if remaining <= 0:
        return None
    created = envelope(message.conversation_id, message)
    event = Event(
        event=created.event,
        data=created.data or {},
        event_id=message.event_id,
        correlation_id=message.correlation_id,
        timestamp=message.timestamp,
        sequence=message.sequence,
    )
    return event_document(message.conversation_id, event, remaining)


def announcement_of(document: Document) -> Message | Event:
    """What was announced by a document with a sequence."""
    if document["type"] == "message":
        return Message.model_validate(without_system_fields(document))
    return Event(
        event=ConversationEventType(document["event"]),
        data=document["data"],
        event_id=document["event_id"],
        correlation_id=document["correlation_id"],
        timestamp=datetime.fromisoformat(document["timestamp"]),
        audience=Audience(document["audience"]),
        sequence=document["sequence"],
        trace_parent=document.get("trace_parent", ""),
    )


def without_system_fields(document: Document) -> Document:
    """A document without the fields that the database adds and those that only place it."""
    return {
        name: value
        for name, value in document.items()
        if name[:1] != "_" and name not in ("id", "type")
    }

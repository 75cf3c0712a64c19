"""A change of a conversation as the operations of one transactional batch."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.adapters.cosmos.cursors import Cursor, cursor_document
from shared.adapters.cosmos.documents import (
    Document,
    aggregate_document,
    debug_document,
    debug_id_of,
    event_document,
    file_document,
    file_id_of,
    former_message_document,
    message_document,
    message_id_of,
    pending_upload_id_of,
)
from shared.domain.changes import Change
from shared.domain.conversation import Conversation, Message

BatchArguments = tuple[str, tuple[Any, ...]] | tuple[str, tuple[Any, ...], dict[str, Any]]


@dataclass(frozen=True)
class Operation:
    """One operation of a batch: `verb` is the SDK's name for it.

    `body` is the document, or what to set in it if that is to be patched.
    """

    verb: str
    document_id: str
    body: Document = field(default_factory=dict[str, Any])
    if_match: str | None = None

    @property
    def arguments(self) -> BatchArguments:
        """What the SDK's `execute_item_batch` takes."""
        match self.verb:
            case "delete":
                return (self.verb, (self.document_id,))
            case "replace":
                condition = {"if_match_etag": self.if_match}
                return (self.verb, (self.document_id, self.body), condition)
            case "patch":
                changes = [
                    {"op": "set", "path": f"/{name}", "value": value}
                    for name, value in self.body.items()
                ]
                return (self.verb, (self.document_id, changes))
            case _:
                return (self.verb, (self.body,))

    @property
    def size(self) -> int:
        """Bytes of the document, roughly: what counts against the limit of a batch."""
        return len(json.dumps(self.body, ensure_ascii=False).encode()) if self.body else 0


def batch_operations(
    change: Change[Any], etag: str, now: datetime, retention: int
) -> list[Operation]:
    """The operations of a change, the conditional replacement of the aggregate first."""
    conversation = change.conversation
    aggregate = aggregate_document(conversation)
    return [
        Operation("replace", aggregate["id"], aggregate, if_match=etag),
        *_announcements(change, conversation, retention),
        *_debug(change, conversation),
        *_deletions(change, now, retention),
        *_cursors(change, conversation),
        *_files(change),
    ]


def _announcements(
    change: Change[Any], conversation: Conversation, retention: int
) -> list[Operation]:
    documents = [
        message_document(announcement)
        if isinstance(announcement, Message)
        else event_document(conversation.conversation_id, announcement, retention)
        for announcement in change.announcements
    ]
    return [Operation("create", document["id"], document) for document in documents]


def _debug(change: Change[Any], conversation: Conversation) -> list[Operation]:
    documents = [
        debug_document(conversation.conversation_id, debug.message_id, debug.data)
        for debug in change.debug
    ]
    return [Operation("create", document["id"], document) for document in documents]


def _deletions(change: Change[Any], now: datetime, retention: int) -> list[Operation]:
    operations: list[Operation] = []
    for message in change.deleted_messages:
        operations.append(Operation("delete", message_id_of(message.message_id)))
        if message.has_debug_data:
            operations.append(Operation("delete", debug_id_of(message.message_id)))
        remains = former_message_document(message, now, retention)
        if remains is not None:
            operations.append(Operation("create", remains["id"], remains))
    return operations


def _files(change: Change[Any]) -> list[Operation]:
    saved = [file_document(file) for file in change.saved_files]
    deleted = [file_id_of(file.filename) for file in change.deleted_files]
    committed = [pending_upload_id_of(upload_id) for upload_id in change.committed_uploads]
    return [
        *(Operation("upsert", document["id"], document) for document in saved),
        *(Operation("delete", document_id) for document_id in deleted),
        *(Operation("patch", document_id, {"committed": True}) for document_id in committed),
    ]


def _cursors(change: Change[Any], conversation: Conversation) -> list[Operation]:
    documents = [
        cursor_document(
            Cursor(
                conversation_id=conversation.conversation_id,
                assistant_id=UUID(assistant_id),
                position=position,
            )
        )
        for assistant_id, position in change.started_cursors.items()
    ]
    return [Operation("upsert", document["id"], document) for document in documents]

"""Delivery cursors: how far each assistant of a conversation has got its events."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from azure.core import MatchConditions
from azure.cosmos.exceptions import (
    CosmosAccessConditionFailedError,
    CosmosResourceNotFoundError,
)

from shared import resources
from shared.adapters.cosmos.client import Cosmos, cosmos_errors
from shared.adapters.cosmos.documents import Document, cursor_id_of, without_system_fields
from shared.domain.conversation import Entity

DEAD_LETTER_SECONDS = 30 * 24 * 3600


class Cursor(Entity):
    """Everything up to `position` has been delivered or given up.

    `leased_until`: until then one worker delivers and the others stay away.
    `attempts`: failures in a row of the event after `position`; `not_before` is when it may be
    tried again. `waiting_since`: since when the assistant lacks that event, for operators.
    """

    conversation_id: UUID
    assistant_id: UUID
    position: int
    leased_until: datetime | None = None
    attempts: int = 0
    not_before: datetime | None = None
    waiting_since: datetime | None = None

    def advance(self, position: int) -> None:
        """Everything up to here is done with; the next event starts without failures."""
        self.position = position
        self.attempts = 0
        self.not_before = None
        self.waiting_since = None

    def wait(self, until: datetime, since: datetime) -> None:
        """The next event, which arose at `since`, couldn't be delivered: not before `until`."""
        self.not_before = until
        self.waiting_since = since


@dataclass(frozen=True)
class DeadLetter:
    """An event that was given up, for operators; the event itself expires on its own."""

    conversation_id: UUID
    assistant_id: UUID
    sequence: int
    event_id: str
    reason: str
    attempts: int
    at: datetime


class LostLeaseError(Exception):
    """Somebody else has changed the cursor: this worker no longer delivers."""


class CursorRepository:
    """Cursors live in the conversation's partition; every write is conditional."""

    def __init__(self, cosmos: Cosmos) -> None:
        self._cosmos = cosmos

    async def get(self, conversation_id: UUID, assistant_id: UUID) -> tuple[Cursor, str] | None:
        """A cursor and its ETag, or None (one point read)."""
        document = await self._cosmos.find(
            resources.CONVERSATIONS, cursor_id_of(assistant_id), str(conversation_id)
        )
        if document is None:
            return None
        return Cursor.model_validate(without_system_fields(document)), document["_etag"]

    async def save(self, cursor: Cursor, etag: str) -> str:
        """Store a cursor, and return its new ETag; raises LostLeaseError."""
        container = await self._cosmos.container(resources.CONVERSATIONS)
        with cosmos_errors():
            try:
                stored = await container.replace_item(
                    cursor_id_of(cursor.assistant_id),
                    cursor_document(cursor),
                    etag=etag,
                    match_condition=MatchConditions.IfNotModified,
                )
            except (CosmosAccessConditionFailedError, CosmosResourceNotFoundError) as error:
                raise LostLeaseError from error
        return stored["_etag"]

    async def remove(self, cursor: Cursor, etag: str) -> None:
        """Remove a cursor that nobody needs any more; raises LostLeaseError."""
        container = await self._cosmos.container(resources.CONVERSATIONS)
        with cosmos_errors():
            try:
                await container.delete_item(
                    cursor_id_of(cursor.assistant_id),
                    partition_key=str(cursor.conversation_id),
                    etag=etag,
                    match_condition=MatchConditions.IfNotModified,
                )
            except (CosmosAccessConditionFailedError, CosmosResourceNotFoundError) as error:
                raise LostLeaseError from error

    async def bury(self, letter: DeadLetter) -> None:
        """Keep a dead letter for 30 days; keeping it again changes nothing."""
        container = await self._cosmos.container(resources.CONVERSATIONS)
        document = {
            "id": dead_letter_id(letter.assistant_id, letter.sequence),
            "type": "dead-letter",
            "conversation_id": str(letter.conversation_id),
            "assistant_id": str(letter.assistant_id),
            "event_sequence": letter.sequence,
            "event_id": letter.event_id,
            "reason": letter.reason,
            "attempts": letter.attempts,
            "at": letter.at.isoformat(),
            "ttl": DEAD_LETTER_SECONDS,
        }
        with cosmos_errors():
            await container.upsert_item(document)


def dead_letter_id(assistant_id: UUID, sequence: int) -> str:
    """The document id of the dead letter about one event."""
    return f"dead-{assistant_id}-{sequence:010}"


def cursor_document(cursor: Cursor) -> Document:
    """A cursor as a document."""
    return {
        "id": cursor_id_of(cursor.assistant_id),
        "type": "cursor",
        **cursor.model_dump(mode="json"),
    }

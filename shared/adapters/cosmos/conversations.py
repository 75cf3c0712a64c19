"""Conversations: load the aggregate, and commit a change of it in one transaction."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from azure.cosmos.exceptions import (
    CosmosBatchOperationError,
    CosmosResourceExistsError,
    CosmosResourceNotFoundError,
)
from cachetools import LRUCache

from shared import resources
from shared.adapters.cosmos.batches import Operation, batch_operations
from shared.adapters.cosmos.client import Cosmos, cosmos_errors
from shared.adapters.cosmos.documents import (
    Document,
    aggregate_document,
    aggregate_id_of,
    without_system_fields,
)
from shared.domain.changes import Change
from shared.domain.conversation import Conversation
from shared.errors import Conflict, NotFound, TooLarge

MAX_BATCH_BYTES = 2_000_000
READ_PAGE = 100
CACHED_AGGREGATES = 1_000


class StaleConversationError(Exception):
    """Somebody else changed the conversation since it was loaded."""


@dataclass(frozen=True)
class Loaded:
    """A private copy of an aggregate; `fresh` if it was read for this very request."""

    conversation: Conversation
    etag: str
    fresh: bool


class ConversationRepository:
    """The aggregates of the `conversations` container."""

    def __init__(self, cosmos: Cosmos, retention_seconds: int) -> None:
        self._cosmos = cosmos
        self._retention = retention_seconds
        self._cache: LRUCache[UUID, Document] = LRUCache(CACHED_AGGREGATES)

    async def create(self, conversation: Conversation) -> None:
        """Store a new conversation; one that is there already stays as it is.

        No id is given twice: what is there is this conversation, whose first writing was not
        confirmed.
        """
        container = await self._cosmos.container(resources.CONVERSATIONS)
        with cosmos_errors():
            try:
                stored = await container.create_item(aggregate_document(conversation))
            except CosmosResourceExistsError:
                return
        self._cache[conversation.conversation_id] = dict(stored)

    async def discard(self, conversation_id: UUID) -> None:
        """Remove an aggregate; removing one that isn't there changes nothing."""
        self._cache.pop(conversation_id, None)
        container = await self._cosmos.container(resources.CONVERSATIONS)
        with cosmos_errors(), suppress(CosmosResourceNotFoundError):
            await container.delete_item(
                aggregate_id_of(conversation_id), partition_key=str(conversation_id)
            )

    async def load(self, conversation_id: UUID) -> Loaded:
        """Read an aggregate (one point read); raises NotFound."""
        document = await self._cosmos.find(
            resources.CONVERSATIONS, aggregate_id_of(conversation_id), str(conversation_id)
        )
        if document is None:
            self.forget(conversation_id)
            raise NotFound
        return self.keep(document)

    async def find(self, conversation_id: UUID) -> Conversation | None:
        """Read an aggregate, or None if there is none (one point read)."""
        try:
            return (await self.load(conversation_id)).conversation
        except NotFound:
            return None

    async def load_for_write(self, conversation_id: UUID) -> Loaded:
        """The aggregate from the cache, else read: a stale one fails when it is committed."""
        document = self._cache.get(conversation_id)
        if document is None:
            return await self.load(conversation_id)
        return _loaded(document, fresh=False)

    def keep(self, document: Document) -> Loaded:
        """Remember an aggregate's document that was just read."""
        loaded = _loaded(document, fresh=True)
        self._cache[loaded.conversation.conversation_id] = document
        return loaded

    async def load_many(self, conversation_ids: Sequence[UUID]) -> list[Conversation]:
        """Read the aggregates that exist: one request for each hundred, side by side."""
        pages = await self._cosmos.read_many(
            resources.CONVERSATIONS,
            [(aggregate_id_of(wanted), str(wanted)) for wanted in conversation_ids],
            READ_PAGE,
        )
        return [self.keep(document).conversation for document in pages]

    async def commit(self, loaded: Loaded, change: Change[Any], now: datetime) -> None:
        """Store a change and its announcements, all or nothing (one request).

        Raises StaleConversationError if the aggregate changed since it was loaded, Conflict if a
        message id is taken, NotFound if the conversation or a message is gone, TooLarge,
        UncertainWriteError if nobody knows whether it was stored.
        """
        change.number()
        conversation_id = change.conversation.conversation_id
        operations = batch_operations(change, loaded.etag, now, self._retention)
        if sum(operation.size for operation in operations) > MAX_BATCH_BYTES:
            raise TooLarge(
                "What is stored at once may not exceed 2 MB: a message with its debug data, or"
                " the files of a request with the metadata of all their versions"
            )
        container = await self._cosmos.container(resources.CONVERSATIONS)
        with cosmos_errors():
            try:
                results = await container.execute_item_batch(
                    [operation.arguments for operation in operations],
                    partition_key=str(conversation_id),
                )
            except CosmosBatchOperationError as error:
                self._cache.pop(conversation_id, None)
                raise _refusal(error, operations) from error
        aggregate = operations[0].body | {"_etag": results[0]["eTag"]}
        self._cache[conversation_id] = aggregate

    def forget(self, conversation_id: UUID) -> None:
        """Drop what is cached of a conversation, so that the next load reads it."""
        self._cache.pop(conversation_id, None)


def _loaded(document: Document, *, fresh: bool) -> Loaded:
    conversation = Conversation.model_validate(without_system_fields(document))
    return Loaded(conversation, document["_etag"], fresh)


def _refusal(error: CosmosBatchOperationError, operations: Sequence[Operation]) -> Exception:
    index = error.error_index or 0
    operation = operations[index]
    if index == 0 and error.status_code == 412:
        return StaleConversationError()
    match error.status_code:
        case 404:
            return NotFound()
        case 409 if operation.document_id.startswith("message-"):
            message_id = operation.document_id.removeprefix("message-")
            return Conflict(f"message with id {message_id} already exists")
        case 409 | 412:
            return StaleConversationError()
        case _:
            return error

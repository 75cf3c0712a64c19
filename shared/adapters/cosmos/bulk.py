"""Whole conversations, read and written in chunks that memory and transactions can take."""

import json
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

from shared import resources
from shared.adapters.cosmos.assistants import AssistantRecord
from shared.adapters.cosmos.client import Cosmos, cosmos_errors
from shared.adapters.cosmos.cursors import Cursor, cursor_document
from shared.adapters.cosmos.documents import (
    Document,
    debug_document,
    debug_id_of,
    file_document,
    message_document,
    without_system_fields,
)
from shared.adapters.cosmos.publications import unborn_assistant, unborn_conversation
from shared.domain.changes import MessageDebug
from shared.domain.conversation import Conversation, Message
from shared.domain.files import File
from shared.errors import TooLarge

PAGE = 100
DEBUG_PAGE = 20
MAX_OPERATIONS = 100
MAX_CHUNK_BYTES = 1_000_000
"""Where a chunk ends: well below what a transaction takes. A larger document goes alone."""

MAX_DOCUMENT_BYTES = 1_900_000


class BulkReader:
    """Reads what there may be much of in a conversation."""

    def __init__(self, cosmos: Cosmos) -> None:
        self._cosmos = cosmos

    async def messages(self, conversation_id: UUID, up_to: int) -> AsyncIterator[list[Message]]:
        """The messages with sequence numbers up to `up_to`, oldest first, page by page."""
        container = await self._cosmos.container(resources.CONVERSATIONS)
        with cosmos_errors():
            results = container.query_items(
                "SELECT * FROM c WHERE c.type = 'message' AND c.sequence <= @last"
                " ORDER BY c.type, c.sequence",
                parameters=[{"name": "@last", "value": up_to}],
                partition_key=str(conversation_id),
                max_item_count=PAGE,
            )
            async for page in results.by_page():
                yield [
                    Message.model_validate(without_system_fields(document))
                    async for document in page
                ]

    async def debug(
        self, conversation_id: UUID, messages: Sequence[Message]
    ) -> AsyncIterator[list[MessageDebug]]:
        """The debug data of those of the messages that have some, in their order."""
        keys = [
            (debug_id_of(message.message_id), str(conversation_id))
            for message in messages
            if message.has_debug_data
        ]
        for start in range(0, len(keys), DEBUG_PAGE):
            page = keys[start : start + DEBUG_PAGE]
            documents = await self._cosmos.read_many(resources.CONVERSATIONS, page)
            yield [MessageDebug(UUID(found["message_id"]), found["data"]) for found in documents]


class BulkWriter:
    """Writes into conversations that nobody sees yet; call `flush` at the end.

    A chunk belongs to one conversation: writing to another one ends it.
    """

    def __init__(self, cosmos: Cosmos) -> None:
        self._cosmos = cosmos
        self._conversation_id: UUID | None = None
        self._chunk: list[Document] = []
        self._bytes = 0

    async def put_message(self, message: Message) -> None:
        """Store a message; raises TooLarge."""
        await self._put(message.conversation_id, message_document(message))

    async def put_debug(self, conversation_id: UUID, debug: MessageDebug) -> None:
        """Store the debug data of a message; raises TooLarge."""
        document = debug_document(conversation_id, debug.message_id, debug.data)
        await self._put(conversation_id, document)

    async def put_file(self, file: File) -> None:
        """Store the record of a file."""
        await self._put(file.conversation_id, file_document(file))

    async def put_cursor(self, conversation_id: UUID, assistant_id: UUID, position: int) -> None:
        """Let an assistant get the events after a sequence number."""
        cursor = Cursor(
            conversation_id=conversation_id, assistant_id=assistant_id, position=position
        )
        await self._put(conversation_id, cursor_document(cursor))

    async def put_unborn(self, conversation: Conversation) -> None:
        """Store a conversation's aggregate where nobody sees it; see PublicationRepository."""
        await self._put(conversation.conversation_id, unborn_conversation(conversation))

    async def put_unborn_assistant(self, publication_id: UUID, record: AssistantRecord) -> None:
        """The same of an assistant."""
        await self._put(publication_id, unborn_assistant(publication_id, record))

    async def flush(self) -> None:
        """Store what is still waiting."""
        chunk, self._chunk, self._bytes = self._chunk, [], 0
        if not chunk:
            return
        container = await self._cosmos.container(resources.CONVERSATIONS)
        operations: list[Any] = [("upsert", (document,)) for document in chunk]
        with cosmos_errors():
            await container.execute_item_batch(operations, partition_key=str(self._conversation_id))

    async def _put(self, conversation_id: UUID, document: Document) -> None:
        size = len(json.dumps(document, ensure_ascii=False).encode())
        if size > MAX_DOCUMENT_BYTES:
            raise TooLarge("A message, its debug data or a file's record may not exceed 2 MB")
        full = len(self._chunk) == MAX_OPERATIONS or self._bytes + size > MAX_CHUNK_BYTES
        if full or conversation_id != self._conversation_id:
            await self.flush()
        self._conversation_id = conversation_id
        self._chunk.append(document)
        self._bytes += size

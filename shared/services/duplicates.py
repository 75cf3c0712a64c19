"""Duplicating a conversation: messages, files, participants, and what its assistants know."""

import logging
import tempfile
from uuid import UUID

from shared import clock, resources
from shared.adapters.assistant_http import AssistantServices, Exported
from shared.adapters.blobs import Blobs
from shared.adapters.cosmos.bulk import BulkReader, BulkWriter
from shared.adapters.cosmos.client import Cosmos
from shared.adapters.cosmos.conversations import ConversationRepository
from shared.adapters.cosmos.files import FileRepository
from shared.contracts.assistant_service import ConversationPutRequest
from shared.contracts.conversations import NewConversation
from shared.contracts.transfers import ConversationImportResult
from shared.domain.access import Access, allows, require
from shared.domain.changes import MessageDebug
from shared.domain.conversation import Conversation, Participant
from shared.domain.duplication import duplicate_file, duplicate_message, duplicate_of
from shared.domain.files import File
from shared.domain.principals import Actor, Assistant
from shared.errors import AppError, NotFound
from shared.services.connecting import Connecting
from shared.services.side_by_side import for_each
from shared.services.unborn import Unborn
from shared.telemetry import get_logger, log

EXPORT_NAME = "upload"
"""The file name under which an assistant gets back its data (the original service's)."""

_logger = get_logger("duplicates")


class Duplicates:
    """Use cases around copies of conversations."""

    def __init__(
        self,
        conversations: ConversationRepository,
        files: FileRepository,
        reader: BulkReader,
        cosmos: Cosmos,
        blobs: Blobs,
        services: AssistantServices,
        connecting: Connecting,
        unborn: Unborn,
    ) -> None:
        self._conversations = conversations
        self._files = files
        self._reader = reader
        self._cosmos = cosmos
        self._blobs = blobs
        self._services = services
        self._connecting = connecting
        self._unborn = unborn

    async def is_active_in(self, assistant: Assistant, conversation_id: UUID) -> bool:
        """Whether the id is that of a conversation in which the assistant takes part."""
        try:
            conversation = (await self._conversations.load(conversation_id)).conversation
        except NotFound:
            return False
        return allows(conversation, assistant, Access.WRITE, clock.now())

    async def duplicate(
        self, actor: Actor, conversation_id: UUID, new: NewConversation
    ) -> ConversationImportResult:
        """Copy a conversation as it is now; raises NotFound."""
        original = (await self._conversations.load(conversation_id)).conversation
        require(original, actor, Access.WRITE, clock.now())
        copy = duplicate_of(original, new, actor, clock.now())
        try:
            await self._unborn.begin([copy])
            await self._store(original, copy)
            for participant in copy.active_assistants():
                await self._hand_over(original, copy, participant)
            await self._unborn.publish([copy])
        except Exception:
            await self._unborn.abandon([copy])
            raise
        return ConversationImportResult(
            conversation_ids=[copy.conversation_id],
            assistant_ids=[UUID(participant.id) for participant in copy.active_assistants()],
        )

    async def _store(self, original: Conversation, copy: Conversation) -> None:
        writer = BulkWriter(self._cosmos)
        await self._copy_messages(writer, original, copy)
        for file in await self._files.list_files(original.conversation_id):
            duplicate = duplicate_file(file, copy.conversation_id)
            await self._copy_bytes(file, duplicate)
            await writer.put_file(duplicate)
        for participant in copy.active_assistants():
            assistant_id = UUID(participant.id)
            await writer.put_cursor(copy.conversation_id, assistant_id, copy.last_sequence)
        await writer.flush()

    async def _copy_messages(
        self, writer: BulkWriter, original: Conversation, copy: Conversation
    ) -> None:
        source = original.conversation_id
        async for page in self._reader.messages(source, original.last_sequence):
            ids: dict[UUID, UUID] = {}
            for message in page:
                duplicate = duplicate_message(message, copy)
                ids[message.message_id] = duplicate.message_id
                await writer.put_message(duplicate)
            async for found in self._reader.debug(source, page):
                for debug in found:
                    moved = MessageDebug(ids[debug.message_id], debug.data)
                    await writer.put_debug(copy.conversation_id, moved)

    async def _copy_bytes(self, file: File, duplicate: File) -> None:
        container = resources.FILES_BLOB_CONTAINER
        names = [
            (source.blob, target.blob)
            for source, target in zip(file.versions, duplicate.versions, strict=True)
        ]
        await for_each(names, lambda pair: self._blobs.copy(container, pair[0], container, pair[1]))

    async def _hand_over(
        self, original: Conversation, copy: Conversation, participant: Participant
    ) -> None:
        """Tell an assistant of the copy, with what it knew; one that fails takes part anyhow."""
        assistant_id = UUID(participant.id)
        request = ConversationPutRequest(id=copy.conversation_id, title=copy.title)
        try:
            service = await self._connecting.service_of(participant.assistant_service_id or "")
            chunks = self._services.export_conversation(
                service, assistant_id, original.conversation_id
            )
            with tempfile.TemporaryFile() as data:
                async for chunk in chunks:
                    data.write(chunk)
                data.seek(0)
                exported = Exported(EXPORT_NAME, data)
                await self._services.put_conversation(service, assistant_id, request, exported)
        except AppError as error:
            log(
                _logger,
                logging.ERROR,
                "assistant_not_told_of_duplicate",
                assistant_id=assistant_id,
                conversation_id=copy.conversation_id,
                error=type(error).__name__,
            )

"""Duplicating a conversation: messages, files, participants, and what its assistants know."""

import logging
import tempfile
from collections.abc import Sequence
from contextlib import suppress
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
from shared.domain.access import Access, allows
from shared.domain.changes import MessageDebug
from shared.domain.conversation import Conversation, Participant
from shared.domain.duplication import duplicate_file, duplicate_message, duplicate_of
from shared.domain.files import File
from shared.domain.principals import Actor, Assistant
from shared.errors import AppError, NotFound
from shared.services.connecting import Connecting
from shared.services.leaving import Leaving
from shared.services.opening import open_for
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
        leaving: Leaving,
    ) -> None:
        self._conversations = conversations
        self._files = files
        self._reader = reader
        self._cosmos = cosmos
        self._blobs = blobs
        self._services = services
        self._connecting = connecting
        self._unborn = unborn
        self._leaving = leaving

    async def is_active_in(self, assistant: Assistant, conversation_id: UUID) -> bool:
        """Whether the id is that of a conversation in which the assistant takes part."""
        found = await self._conversations.find(conversation_id)
        return found is not None and allows(found, assistant, Access.WRITE, clock.now())

    async def duplicate(
        self, actor: Actor, conversation_id: UUID, new: NewConversation
    ) -> ConversationImportResult:
        """Copy a conversation as it is now; raises NotFound, also if it is deleted meanwhile."""
        original = await open_for(self._conversations, actor, conversation_id, Access.WRITE)
        copy = duplicate_of(original, new, actor, clock.now())
        told: list[Participant] = []
        try:
            await self._unborn.begin([copy])
            await self._store(original, copy)
            for participant in copy.active_assistants():
                told.append(participant)
                await self._hand_over(original, copy, participant)
            # A purge takes things away bit by bit, and what it has begun with can't be copied.
            await open_for(self._conversations, actor, conversation_id, Access.WRITE)
            await self._unborn.publish([copy])
        except Exception:
            await self._abandon(copy, told)
            raise
        await self._leaving.try_leave_if_gone([copy.conversation_id])
        return ConversationImportResult(
            conversation_ids=[copy.conversation_id],
            assistant_ids=[UUID(participant.id) for participant in copy.active_assistants()],
        )

    async def _abandon(self, copy: Conversation, told: Sequence[Participant]) -> None:
        for participant in told:
            service_id, assistant_id = participant.assistant_service_id, UUID(participant.id)
            await self._connecting.disconnect(service_id or "", assistant_id, copy.conversation_id)
        await self._unborn.abandon([copy])

    async def _store(self, original: Conversation, copy: Conversation) -> None:
        writer = BulkWriter(self._cosmos)
        await self._copy_messages(writer, original, copy)
        for file in await self._files.list_files(original.conversation_id):
            await self._copy_file(writer, file, copy.conversation_id)
        for participant in copy.active_assistants():
            assistant_id = UUID(participant.id)
            await writer.put_cursor(copy.conversation_id, assistant_id, copy.last_sequence)
        await writer.flush()

    async def _copy_messages(
        self, writer: BulkWriter, original: Conversation, copy: Conversation
    ) -> None:
        """Debug data first: a message that is deleted meanwhile has none any more."""
        source = original.conversation_id
        async for page in self._reader.messages(source, original.last_sequence):
            ids = {message.message_id: clock.new_uuid() for message in page}
            debugged: set[UUID] = set()
            async for found in self._reader.debug(source, page):
                for debug in found:
                    debugged.add(debug.message_id)
                    moved = MessageDebug(ids[debug.message_id], debug.data)
                    await writer.put_debug(copy.conversation_id, moved)
            for message in page:
                old_id = message.message_id
                duplicate = duplicate_message(
                    message, copy, ids[old_id], has_debug_data=old_id in debugged
                )
                await writer.put_message(duplicate)

    async def _copy_file(self, writer: BulkWriter, file: File, conversation_id: UUID) -> None:
        """Versions whose bytes are gone are left out: the file was deleted just now."""
        duplicate = duplicate_file(file, conversation_id)
        present: set[str] = set()
        pairs = [
            (source.blob, target.blob, present)
            for source, target in zip(file.versions, duplicate.versions, strict=True)
        ]
        await for_each(pairs, self._copy_bytes)
        versions = [version for version in duplicate.versions if version.blob in present]
        if versions:
            await writer.put_file(duplicate.model_copy(update={"versions": versions}))

    async def _copy_bytes(self, pair: tuple[str, str, set[str]]) -> None:
        """Copy from one blob to another, and note that this one is there now."""
        source, target, present = pair
        container = resources.FILES_BLOB_CONTAINER
        with suppress(NotFound):
            await self._blobs.copy(container, source, container, target)
            present.add(target)

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

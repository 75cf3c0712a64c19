"""Exporting conversations and assistants as an archive that can be imported again."""

import asyncio
import tempfile
from collections.abc import AsyncIterable, AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from io import SEEK_END
from typing import IO
from uuid import UUID

from shared import clock, resources
from shared.adapters.assistant_http import AssistantServices
from shared.adapters.blobs import Blobs
from shared.adapters.cosmos.assistants import AssistantRecord, AssistantRepository
from shared.adapters.cosmos.bulk import BulkReader
from shared.adapters.cosmos.conversations import ConversationRepository
from shared.adapters.cosmos.files import FileRepository
from shared.adapters.cosmos.links import Link, LinkRepository, of_assistant
from shared.contracts.participants import ParticipantRole
from shared.domain.access import Access, allows
from shared.domain.archive_entities import (
    assistant_row,
    conversation_row,
    debug_row,
    file_row,
    message_row,
    user_row,
    version_row,
)
from shared.domain.archive_layout import (
    RECORDS,
    assistant_entry,
    assistant_filename,
    conversation_entry,
    conversations_filename,
    file_entry,
    storage_filename,
)
from shared.domain.archive_rows import AssistantRow, Row, line_of
from shared.domain.conversation import Conversation, Participant
from shared.domain.files import File, FileVersion
from shared.domain.principals import Assistant, User
from shared.domain.registrations import Registration
from shared.errors import AssistantFailure, Conflict, NotFound
from shared.services.archiving import ArchiveWriter
from shared.services.connecting import Connecting
from shared.services.transfer_blobs import TransferBlobs
from shared.settings import TransferSettings

NOT_FOUND = 404
BLOCK_BYTES = 256 * 1024
SPOOL_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Archive:
    """A finished archive: its bytes while small, else an address from which it can be read."""

    filename: str
    content: bytes = b""
    address: str | None = None


@dataclass
class _Selection:
    """What goes into an archive; `members` and `files` are those whose bytes are in it."""

    conversations: list[Conversation]
    assistants: list[AssistantRecord]
    members: list[tuple[UUID, Participant]] = field(default_factory=list[tuple[UUID, Participant]])
    files: list[File] = field(default_factory=list[File])


class Exports:
    """Use cases around leaving with one's data."""

    def __init__(
        self,
        conversations: ConversationRepository,
        assistants: AssistantRepository,
        links: LinkRepository,
        files: FileRepository,
        reader: BulkReader,
        blobs: Blobs,
        transfers: TransferBlobs,
        services: AssistantServices,
        connecting: Connecting,
        settings: TransferSettings,
    ) -> None:
        self._conversations = conversations
        self._assistants = assistants
        self._links = links
        self._files = files
        self._reader = reader
        self._blobs = blobs
        self._transfers = transfers
        self._services = services
        self._connecting = connecting
        self._settings = settings

    async def export_conversations(self, user: User, conversation_ids: Sequence[UUID]) -> Archive:
        """Those of the conversations that the caller may read, and the assistants in them."""
        wanted = list(dict.fromkeys(conversation_ids))
        now = clock.now()
        conversations = [
            found
            for found in await self._conversations.load_many(wanted)
            if allows(found, user, Access.READ_OR_OWNED, now)
        ]
        assistant_ids = {
            UUID(participant.id)
            for conversation in conversations
            for participant in conversation.active_assistants()
        }
        assistants = await self._assistants.get_many(sorted(assistant_ids))
        selection = _Selection(conversations, assistants)
        return await self._export(selection, conversations_filename(now))

    async def export_assistant(self, user: User, assistant_id: UUID) -> Archive:
        """One's own assistant with those of its conversations that the caller may change."""
        record, _ = await self._assistants.get(assistant_id)
        if record.owner_id != user.user_id:
            raise NotFound
        assistant = Assistant(record.assistant_service_id, assistant_id)
        ids = await self._links.targets(of_assistant(assistant_id), Link.CONVERSATION)
        now = clock.now()
        conversations = [
            found
            for found in await self._conversations.load_many(ids)
            if allows(found, user, Access.WRITE_OR_OWNED, now)
            and allows(found, assistant, Access.READ, now)
        ]
        selection = _Selection(conversations, [record])
        return await self._export(selection, assistant_filename(record.name, now))

    async def _export(self, selection: _Selection, filename: str) -> Archive:
        selection.conversations.sort(key=_conversation_id)
        with tempfile.TemporaryFile() as target:
            writer = ArchiveWriter(target, self._settings.max_content_bytes)
            for assistant in selection.assistants:
                await self._add_assistant(writer, selection, assistant)
            for conversation in selection.conversations:
                await self._add_files(writer, selection, conversation.conversation_id)
            await writer.add(RECORDS, _blocks(self._lines(selection)))
            await writer.close()
            await self._require_whole(selection)
            return await self._deliver(target, filename)

    async def _require_whole(self, selection: _Selection) -> None:
        """A purge takes things away bit by bit; raises Conflict if one may have begun."""
        ids = [conversation.conversation_id for conversation in selection.conversations]
        present = await self._conversations.load_many(ids)
        if sum(found.deleted is None for found in present) < len(ids):
            raise Conflict("A conversation was deleted while it was exported; try again")

    async def _deliver(self, source: IO[bytes], filename: str) -> Archive:
        size = source.seek(0, SEEK_END)
        source.seek(0)
        if size <= self._settings.max_response_bytes:
            return Archive(filename, content=await asyncio.to_thread(source.read))
        lifetime = timedelta(seconds=self._settings.address_seconds)
        address = await self._transfers.offer(filename, source, lifetime)
        return Archive(filename, address=address)

    async def _add_assistant(
        self, writer: ArchiveWriter, selection: _Selection, record: AssistantRecord
    ) -> None:
        assistant_id = record.assistant_id
        service = await self._connecting.service_of(record.assistant_service_id)
        data = self._services.export_assistant(service, assistant_id)
        await writer.add(assistant_entry(assistant_id), data)
        for conversation in selection.conversations:
            participant = conversation.participants.get(str(assistant_id))
            if participant is not None and participant.listed:
                await self._add_member(writer, selection, service, conversation, participant)

    async def _add_member(
        self,
        writer: ArchiveWriter,
        selection: _Selection,
        service: Registration,
        conversation: Conversation,
        participant: Participant,
    ) -> None:
        """An assistant that has left may have forgotten the conversation: it isn't exported.

        The original service can't import a participant without the data of its assistant.
        """
        conversation_id, assistant_id = conversation.conversation_id, UUID(participant.id)
        data = self._services.export_conversation(service, assistant_id, conversation_id)
        try:
            first = await anext(data, b"")
        except AssistantFailure as error:
            if participant.active or error.status != NOT_FOUND:
                raise
            return
        await writer.add(conversation_entry(assistant_id, conversation_id), _continued(first, data))
        selection.members.append((conversation_id, participant))

    async def _add_files(
        self, writer: ArchiveWriter, selection: _Selection, conversation_id: UUID
    ) -> None:
        """Versions whose bytes are gone are left out: the file was deleted just now."""
        for file in await self._files.list_files(conversation_id):
            present = [
                version
                for version in file.versions
                if await self._add_version(writer, file, version)
            ]
            if present:
                selection.files.append(file.model_copy(update={"versions": present}))

    async def _add_version(self, writer: ArchiveWriter, file: File, version: FileVersion) -> bool:
        """Whether the bytes were there, to the end: an entry that no record names is nobody's."""
        stored_as = storage_filename(file.file_id, version.version)
        chunks = self._blobs.chunks(resources.FILES_BLOB_CONTAINER, version.blob)
        try:
            first = await anext(chunks, b"")
            entry = file_entry(file.conversation_id, stored_as)
            await writer.add(entry, _continued(first, chunks))
        except NotFound:
            return False
        return True

    async def _lines(self, selection: _Selection) -> AsyncIterator[bytes]:
        """The records, in the original service's order."""
        for record in selection.assistants:
            yield line_of(_assistant_row(record))
        for conversation in selection.conversations:
            yield line_of(conversation_row(conversation))
        async for line in self._message_lines(selection.conversations):
            yield line
        for row in _participant_rows(selection):
            yield line_of(row)
        for file in selection.files:
            yield line_of(file_row(file))
        for file in selection.files:
            for version in file.versions:
                yield line_of(version_row(file, version))

    async def _message_lines(self, conversations: Sequence[Conversation]) -> AsyncIterator[bytes]:
        """All messages, and then the debug data of all: that waits on disk meanwhile."""
        with tempfile.SpooledTemporaryFile(SPOOL_BYTES) as later:
            for conversation in conversations:
                conversation_id = conversation.conversation_id
                pages = self._reader.messages(conversation_id, conversation.last_sequence)
                async for page in pages:
                    for message in page:
                        yield line_of(message_row(message))
                    async for found in self._reader.debug(conversation_id, page):
                        later.writelines(line_of(debug_row(debug)) for debug in found)
            later.seek(0)
            while block := later.read(BLOCK_BYTES):
                yield block


def _participant_rows(selection: _Selection) -> list[Row]:
    people = [
        user_row(conversation.conversation_id, participant)
        for conversation in selection.conversations
        for participant in conversation.participants.values()
        if participant.role is not ParticipantRole.ASSISTANT and participant.listed
    ]
    members = [
        assistant_row(conversation_id, participant)
        for conversation_id, participant in selection.members
    ]
    return [*people, *members]


def _assistant_row(record: AssistantRecord) -> AssistantRow:
    return AssistantRow(
        assistant_id=record.assistant_id,
        owner_id=record.owner_id,
        assistant_service_id=record.assistant_service_id,
        template_id=record.template_id,
        created_datetime=record.created,
        name=record.name,
        image=record.image,
        meta_data=record.metadata,
    )


async def _blocks(lines: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """Lines joined to blocks that are worth a thread's while."""
    block = bytearray()
    async for line in lines:
        block += line
        if len(block) >= BLOCK_BYTES:
            yield bytes(block)
            block.clear()
    yield bytes(block)


async def _continued(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for chunk in rest:
        yield chunk


def _conversation_id(conversation: Conversation) -> UUID:
    return conversation.conversation_id

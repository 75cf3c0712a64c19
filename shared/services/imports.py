"""Importing an archive: everything in it becomes visible at once, or nothing does."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import IO
from uuid import UUID

from shared import clock, resources
from shared.adapters.blobs import UPLOAD_HEADERS, Blobs
from shared.adapters.cosmos.bulk import BulkWriter
from shared.adapters.cosmos.client import Cosmos
from shared.adapters.cosmos.profiles import Profile, ProfileRepository
from shared.adapters.cosmos.publications import Publication
from shared.contracts.transfers import ArchiveUpload, ConversationImportResult
from shared.domain.archive_contents import ArchiveContents, read_contents
from shared.domain.archive_import import UNKNOWN_USER, imported_debug, imported_message
from shared.domain.archive_layout import ArchiveLimits
from shared.domain.archive_reading import ArchiveReader
from shared.domain.archive_rows import DebugRow, MessageRow, Row
from shared.domain.files import FileVersion
from shared.domain.principals import User
from shared.errors import Conflict, DependencyUnavailable, TooLarge
from shared.services.import_assistants import ImportAssistants, Restored
from shared.services.import_planning import ImportPlan, ImportPlanner
from shared.services.leaving import Leaving
from shared.services.profiles import Profiles
from shared.services.publications import Publications
from shared.services.side_by_side import for_each
from shared.services.transfer_blobs import TransferBlobs
from shared.services.unborn import Unborn
from shared.settings import TransferSettings

ROWS_AT_ONCE = 200
BYTES_AT_ONCE = 1_000_000
"""How much of an archive's records is in memory at a time, roughly."""


class Imports:
    """Use cases around coming with one's data."""

    def __init__(
        self,
        planner: ImportPlanner,
        assistants: ImportAssistants,
        unborn: Unborn,
        publications: Publications,
        leaving: Leaving,
        cosmos: Cosmos,
        profile_records: ProfileRepository,
        profiles: Profiles,
        blobs: Blobs,
        transfers: TransferBlobs,
        settings: TransferSettings,
    ) -> None:
        self._planner = planner
        self._assistants = assistants
        self._unborn = unborn
        self._publications = publications
        self._leaving = leaving
        self._cosmos = cosmos
        self._profile_records = profile_records
        self._profiles = profiles
        self._blobs = blobs
        self._transfers = transfers
        self._settings = settings

    async def begin_upload(self, user: User) -> ArchiveUpload:
        """An address to which the caller alone may write an archive, to import it afterwards."""
        upload = clock.new_uuid()
        lifetime = timedelta(seconds=self._settings.address_seconds)
        return ArchiveUpload(
            upload=upload,
            url=await self._transfers.begin_upload(user, upload, lifetime),
            expires_at=clock.now() + lifetime,
            headers=UPLOAD_HEADERS,
        )

    async def import_upload(self, user: User, upload: UUID) -> ConversationImportResult:
        """Import what was uploaded, and remove the upload; raises NotFound if there is none."""
        size = await self._transfers.upload_size(user, upload)
        if size > self._settings.max_archive_bytes:
            raise TooLarge(f"An archive may not exceed {self._settings.max_archive_bytes} bytes")
        with tempfile.TemporaryFile() as source:
            async for chunk in self._transfers.uploaded(user, upload):
                await asyncio.to_thread(source.write, chunk)
            result = await self.import_archive(user, source)
        await self._transfers.discard_upload(user, upload)
        return result

    async def import_archive(self, user: User, source: IO[bytes]) -> ConversationImportResult:
        """Import an archive from a file; raises InvalidArgument, TooLarge and what services do."""
        limits = ArchiveLimits(self._settings.max_archive_bytes, self._settings.max_content_bytes)
        archive, contents = await asyncio.to_thread(_open, source, limits)
        importer = await self._profiles.ensure(user)
        plan = await self._planner.plan(importer, archive, contents)
        await self._carry_out(archive, plan)
        return ConversationImportResult(
            conversation_ids=list(plan.ids.conversations.values()),
            assistant_ids=list(dict.fromkeys(plan.ids.assistants.values())),
        )

    async def _carry_out(self, archive: ArchiveReader, plan: ImportPlan) -> None:
        conversations = list(plan.conversations.values())
        ids = [conversation.conversation_id for conversation in conversations]
        publication = Publication(publication_id=clock.new_uuid(), conversation_ids=ids)
        restored = Restored()
        try:
            await self._unborn.begin(conversations, publication.publication_id)
            await self._store(archive, plan, publication.publication_id)
            await self._assistants.restore(archive, plan, restored)
            await for_each(plan.newcomers, self._introduce)
            await self._publications.decide(publication)
        except Exception:
            # If even this fails, time tells: then perhaps it is decided.
            await self._publications.revoke(publication.publication_id)
            try:
                await self._assistants.take_back(restored)
            finally:
                await self._unborn.abandon(conversations)
            raise
        await self._publish(publication.publication_id)
        await self._leaving.try_leave_if_gone(ids)

    async def _publish(self, publication_id: UUID) -> None:
        """What can't be done now is done in the background: it is decided."""
        try:
            await self._publications.finish(publication_id)
        except DependencyUnavailable:
            await self._unborn.finish_later(publication_id)
            raise

    async def _store(self, archive: ArchiveReader, plan: ImportPlan, publication_id: UUID) -> None:
        """Everything, the aggregates last: they learn their last sequence numbers here."""
        writer = BulkWriter(self._cosmos)
        async for rows in _chunks(archive):
            for row in rows:
                await _store_row(writer, plan, row)
        for planned in plan.files:
            for version, entry in zip(planned.file.versions, planned.entries, strict=True):
                await self._store_bytes(archive, version, entry)
            await writer.put_file(planned.file)
        for conversation in plan.conversations.values():
            for participant in conversation.active_assistants():
                await writer.put_cursor(
                    conversation.conversation_id, UUID(participant.id), conversation.last_sequence
                )
            await writer.put_unborn(conversation)
        for planned in plan.assistants:
            if planned.is_new:
                await writer.put_unborn_assistant(publication_id, planned.record)
        await writer.flush()

    async def _store_bytes(self, archive: ArchiveReader, version: FileVersion, entry: str) -> None:
        with tempfile.TemporaryFile() as target:
            await asyncio.to_thread(archive.copy, entry, target)
            await self._blobs.upload(
                resources.FILES_BLOB_CONTAINER, version.blob, target, version.content_type
            )

    async def _introduce(self, user_id: str) -> None:
        """A profile for somebody whom nobody has seen here; their own token names them later."""
        profile = Profile(user_id=user_id, name=UNKNOWN_USER, created=clock.now())
        try:
            await self._profile_records.create(profile)
        except Conflict:
            return


def _open(source: IO[bytes], limits: ArchiveLimits) -> tuple[ArchiveReader, ArchiveContents]:
    archive = ArchiveReader(source, limits)
    return archive, read_contents(archive)


async def _chunks(archive: ArchiveReader) -> AsyncIterator[list[Row]]:
    """The records, read and parsed in threads."""
    rows = archive.rows()
    while chunk := await asyncio.to_thread(_take, rows):
        yield chunk


def _take(rows: Iterator[tuple[Row, int]]) -> list[Row]:
    taken: list[Row] = []
    size = 0
    for row, length in rows:
        taken.append(row)
        size += length
        if len(taken) == ROWS_AT_ONCE or size > BYTES_AT_ONCE:
            break
    return taken


async def _store_row(writer: BulkWriter, plan: ImportPlan, row: Row) -> None:
    """Messages and debug data: everything else of an archive is in the plan already."""
    if isinstance(row, MessageRow):
        conversation = plan.conversations[row.conversation_id]
        await writer.put_message(imported_message(row, plan.ids, conversation))
    elif isinstance(row, DebugRow):
        old_id = plan.contents.messages[row.message_id]
        conversation_id = plan.ids.conversations[old_id]
        await writer.put_debug(conversation_id, imported_debug(row, plan.ids))

"""Files: save, list, describe, find the bytes of, and delete.

Bytes go to their blobs first, under names that nobody knows; the transaction that writes the
records makes them visible, all or none.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import IO, Any, Protocol
from uuid import UUID

from shared import clock, invocation, resources
from shared.adapters.blobs import Blobs, Served
from shared.adapters.cosmos.conversations import ConversationRepository
from shared.adapters.cosmos.files import FileRepository
from shared.contracts.files import FileList, FilesQuery, FileVersions
from shared.domain.access import Access, require
from shared.domain.conversation import Conversation
from shared.domain.file_changes import DeleteFile, DescribeFile, StoredBytes
from shared.domain.files import (
    File,
    FileVersion,
    Reading,
    blob_name,
    check_names,
    file_view,
    names_meant,
    readings,
    versions_view,
)
from shared.domain.principals import Actor
from shared.errors import NotFound, TooLarge
from shared.services.changes import Changes
from shared.services.file_cleanup import FileCleanup, FileCleanups, cleanups_of
from shared.services.file_saving import Saving, admit_writer
from shared.services.opening import open_for

MAX_LISTED = 10_000
UPLOADS_AT_ONCE = 3


class Source(Protocol):
    """Bytes that came with a request."""

    def open(self) -> IO[bytes]:
        """A file to read them from."""
        ...


@dataclass(frozen=True)
class NewFile:
    """A file that came with a request; `size` is in bytes."""

    filename: str
    content_type: str
    size: int
    metadata: dict[str, Any]
    source: Source


@dataclass(frozen=True)
class Download:
    """A version of a file, ready to be read."""

    filename: str
    version: FileVersion


class Files:
    """Use cases around files whose bytes come and go with requests."""

    def __init__(
        self,
        conversations: ConversationRepository,
        files: FileRepository,
        blobs: Blobs,
        cleanups: FileCleanups,
        changes: Changes,
        address_seconds: int,
    ) -> None:
        self._conversations = conversations
        self._files = files
        self._blobs = blobs
        self._cleanups = cleanups
        self._changes = changes
        self._address_lifetime = timedelta(seconds=address_seconds)

    async def save(self, actor: Actor, conversation_id: UUID, new: Sequence[NewFile]) -> FileList:
        """Add a version to each of up to ten files, all or none."""
        names = [file.filename for file in new]
        check_names(names)
        conversation = await admit_writer(self._conversations, actor, conversation_id)
        stored, known = await self._place(conversation_id, new)
        with self._cleanups.undoing(_cleanup_of(conversation_id, stored)):
            await self._store(new, stored)
            saving = Saving(actor, stored, self._files, known, conversation.last_sequence)
            saved = await self._changes.apply_prepared(conversation_id, saving)
        return FileList.model_construct(files=saved)

    async def list_files(self, actor: Actor, conversation_id: UUID, query: FilesQuery) -> FileList:
        """The files by name; raises TooLarge without a limit if they are too many."""
        await self._require_reader(actor, conversation_id)
        limit = query.limit or MAX_LISTED + 1
        found = await self._files.list_newest(conversation_id, query.prefix, query.after, limit)
        if len(found) > MAX_LISTED:
            raise TooLarge(f"There are more than {MAX_LISTED} files: ask with prefix, or limit")
        return FileList.model_construct(files=[file_view(file) for file in found])

    async def read(
        self, actor: Actor, conversation_id: UUID, path: str, version: int | None
    ) -> Download | FileVersions:
        """What a path names: a version of a file, or the versions; raises NotFound."""
        await self._require_reader(actor, conversation_id)
        reading, file = await self._find(conversation_id, readings(path))
        if reading.versions:
            chosen = file.versions if version is None else [_version(file, version)]
            return versions_view(file, chosen)
        return Download(file.filename, _version(file, version))

    async def bytes_of(self, download: Download, offset: int, length: int) -> bytes:
        """A range of a version's bytes; raises NotFound if it was deleted meanwhile."""
        if length == 0:
            return b""
        blob = download.version.blob
        return await self._blobs.download(resources.FILES_BLOB_CONTAINER, blob, offset, length)

    async def address_of(self, download: Download, served: Served) -> str:
        """A short-lived address from which a version's bytes can be read."""
        return await self._blobs.read_address(
            resources.FILES_BLOB_CONTAINER, download.version.blob, self._address_lifetime, served
        )

    async def describe(
        self, actor: Actor, conversation_id: UUID, path: str, metadata: dict[str, Any]
    ) -> FileVersions:
        """Merge metadata into that of the newest version, which is the answer."""
        describing = _Describing(self, actor, path, metadata)
        return await self._changes.apply_prepared(conversation_id, describing)

    async def delete(self, actor: Actor, conversation_id: UUID, path: str) -> None:
        """Delete a file with all its versions; the bytes are removed in the background."""
        deleting = _Deleting(self, actor, path, self._cleanups)
        deleted = await self._changes.apply_prepared(conversation_id, deleting)
        for cleanup in cleanups_of(deleted):
            self._cleanups.now(cleanup)

    async def find_meant(self, conversation_id: UUID, path: str) -> File:
        """The file that a path names; raises NotFound."""
        wanted = [Reading(name) for name in names_meant(path)]
        return (await self._find(conversation_id, wanted))[1]

    async def _find(self, conversation_id: UUID, wanted: Sequence[Reading]) -> tuple[Reading, File]:
        """The first reading whose file exists (one request); raises NotFound."""
        names = list(dict.fromkeys(reading.filename for reading in wanted))
        found = await self._files.get_many(conversation_id, names)
        for reading in wanted:
            if reading.filename in found:
                return reading, found[reading.filename]
        raise NotFound

    async def _require_reader(self, actor: Actor, conversation_id: UUID) -> None:
        await open_for(self._conversations, actor, conversation_id, Access.READ_OR_OWNED)

    async def _place(
        self, conversation_id: UUID, new: Sequence[NewFile]
    ) -> tuple[list[StoredBytes], dict[str, File]]:
        """Where the bytes go, once their clean-up has been asked for, and the files that exist.

        Most files are new: theirs is asked for while the database is, for the others once more.
        """
        names = [file.filename for file in new]
        placed = [_placed(conversation_id, file, None) for file in new]
        known, _ = await asyncio.gather(
            self._files.get_many(conversation_id, names),
            self._cleanups.later(_cleanup_of(conversation_id, placed)),
        )
        if known:
            placed = [_placed(conversation_id, file, known.get(file.filename)) for file in new]
            await self._cleanups.later(_cleanup_of(conversation_id, placed))
        return placed, known

    async def _store(self, new: Sequence[NewFile], stored: Sequence[StoredBytes]) -> None:
        """Write all blobs, a few at a time; the first failure once none is being written."""
        turns = asyncio.Semaphore(UPLOADS_AT_ONCE)
        writes = [
            self._write(turns, file, placed) for file, placed in zip(new, stored, strict=True)
        ]
        for outcome in await asyncio.gather(*writes, return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome

    async def _write(self, turns: asyncio.Semaphore, file: NewFile, placed: StoredBytes) -> None:
        async with turns:
            await self._blobs.upload(
                resources.FILES_BLOB_CONTAINER, placed.blob, file.source.open(), file.content_type
            )


@dataclass(frozen=True)
class _Describing:
    """Finds the file to describe."""

    files: Files
    actor: Actor
    path: str
    metadata: dict[str, Any]

    async def prepare(self, conversation: Conversation) -> DescribeFile:
        require(conversation, self.actor, Access.WRITE_OR_OWNED, clock.now())
        file = await self.files.find_meant(conversation.conversation_id, self.path)
        correlation_id = invocation.current().correlation_id
        return DescribeFile(self.actor, file, self.metadata, correlation_id)


@dataclass(frozen=True)
class _Deleting:
    """Finds the file to delete, and asks for its blobs to be removed if a crash comes between."""

    files: Files
    actor: Actor
    path: str
    cleanups: FileCleanups

    async def prepare(self, conversation: Conversation) -> DeleteFile:
        require(conversation, self.actor, Access.WRITE, clock.now())
        file = await self.files.find_meant(conversation.conversation_id, self.path)
        for cleanup in cleanups_of(file):
            await self.cleanups.later(cleanup)
        return DeleteFile(self.actor, file, invocation.current().correlation_id)


def _placed(conversation_id: UUID, file: NewFile, existing: File | None) -> StoredBytes:
    """Where the bytes of a file will be."""
    file_id = existing.file_id if existing else clock.new_uuid()
    version = existing.current.version + 1 if existing else 1
    return StoredBytes(
        filename=file.filename,
        content_type=file.content_type,
        size=file.size,
        metadata=file.metadata,
        file_id=file_id,
        blob=blob_name(conversation_id, file_id, version, clock.new_hex_id()),
    )


def _cleanup_of(conversation_id: UUID, stored: Sequence[StoredBytes]) -> FileCleanup:
    blobs = {placed.filename: [placed.blob] for placed in stored}
    return FileCleanup(conversation_id=conversation_id, files=blobs)


def _version(file: File, number: int | None) -> FileVersion:
    found = file.version(number)
    if found is None:
        raise NotFound
    return found

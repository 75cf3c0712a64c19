"""Removing blobs that belong to nothing: what a failed upload, or a deleted file, left behind.

Nobody can see a blob without a record: records say where the bytes are. See decision 11.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from uuid import UUID

from pydantic import Field

from shared import invocation, resources
from shared.adapters.blobs import Blobs
from shared.adapters.cosmos.files import FileRepository
from shared.adapters.queues import Queues
from shared.domain.files import File
from shared.errors import AppError, DependencyUnavailable
from shared.services.queue_messages import QueueMessage

BLOBS_IN_A_MESSAGE = 300
"""About 40 KB with the longest name of a file, where a queue message may have 48 KB."""


class FileCleanup(QueueMessage):
    """A queue message: remove these blobs of files, by filename, that are in no record.

    `transfers` are blobs of uploads that were committed, or can't be any more.
    """

    conversation_id: UUID
    files: dict[str, list[str]] = Field(default_factory=dict)
    transfers: list[str] = Field(default_factory=list)


class FileCleanups:
    """Asks for clean-ups, and carries them out."""

    def __init__(
        self, files: FileRepository, blobs: Blobs, queues: Queues, delay_seconds: int
    ) -> None:
        self._files = files
        self._blobs = blobs
        self._queues = queues
        self._delay = delay_seconds

    @asynccontextmanager
    async def guarding(self, cleanup: FileCleanup) -> AsyncIterator[None]:
        """Around writing blobs and committing them: whatever happens, no blob is left behind."""
        await self.later(cleanup)
        with self.undoing(cleanup):
            yield

    @contextmanager
    def undoing(self, cleanup: FileCleanup) -> Iterator[None]:
        """The same once the clean-up has been asked for: a refusal has it done at once."""
        try:
            yield
        except DependencyUnavailable:
            # Perhaps committed, perhaps not: only time can tell.
            raise
        except AppError:
            self.now(cleanup)
            raise

    async def later(self, cleanup: FileCleanup, after_seconds: int = 0) -> None:
        """Ask ahead, for when no request that is running now can still commit the blobs."""
        text = cleanup.model_dump_json()
        await self._queues.send(resources.FILE_CLEANUPS_QUEUE, text, after_seconds + self._delay)

    def now(self, cleanup: FileCleanup) -> None:
        """Ask for a clean-up of blobs that nobody is going to commit any more."""
        text = cleanup.model_dump_json()
        invocation.current().enqueue(resources.FILE_CLEANUPS_QUEUE, text)

    async def clean(self, cleanup: FileCleanup) -> None:
        """Remove the blobs; those that a record holds stay, those that are gone don't matter."""
        for name in cleanup.transfers:
            await self._blobs.delete(resources.TRANSFERS_BLOB_CONTAINER, name)
        records = await self._files.get_many(cleanup.conversation_id, list(cleanup.files))
        kept = {version.blob for file in records.values() for version in file.versions}
        for names in cleanup.files.values():
            for name in names:
                if name not in kept:
                    await self._blobs.delete(resources.FILES_BLOB_CONTAINER, name)


def cleanups_of(file: File) -> Iterator[FileCleanup]:
    """The messages that remove a file's blobs, if it has no record any more."""
    blobs = [version.blob for version in file.versions]
    for start in range(0, len(blobs), BLOBS_IN_A_MESSAGE):
        part = blobs[start : start + BLOBS_IN_A_MESSAGE]
        yield FileCleanup(conversation_id=file.conversation_id, files={file.filename: part})

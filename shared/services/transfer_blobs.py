"""Archives on their way, in blob storage: uploads to import, exports too large for an answer.

Whatever is put there is removed when nobody can use its address any more.
"""

import hashlib
import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import IO
from uuid import UUID

from shared import clock, resources
from shared.adapters.blobs import Blobs
from shared.domain.principals import User
from shared.errors import DependencyUnavailable, NotFound
from shared.services.file_cleanup import FileCleanup, FileCleanups
from shared.telemetry import get_logger, log

CONTAINER = resources.TRANSFERS_BLOB_CONTAINER
ZIP = "application/zip"

_logger = get_logger("transfers")


class TransferBlobs:
    """The archives of the `transfers` container."""

    def __init__(self, blobs: Blobs, cleanups: FileCleanups) -> None:
        self._blobs = blobs
        self._cleanups = cleanups

    async def offer(self, filename: str, source: IO[bytes], lifetime: timedelta) -> str:
        """Store an archive, and give the address from which it can be read for a while."""
        name = f"exports/{clock.new_uuid()}/{filename}"
        await self._remove_later(name, lifetime)
        await self._blobs.upload(CONTAINER, name, source, ZIP)
        return await self._blobs.read_address(CONTAINER, name, lifetime)

    async def begin_upload(self, user: User, upload: UUID, lifetime: timedelta) -> str:
        """The address to which an archive can be written for a while."""
        name = _upload_name(user, upload)
        await self._remove_later(name, lifetime)
        return await self._blobs.write_address(CONTAINER, name, lifetime)

    async def upload_size(self, user: User, upload: UUID) -> int:
        """The bytes of the caller's own upload; raises NotFound."""
        size = await self._blobs.size(CONTAINER, _upload_name(user, upload))
        if size is None:
            raise NotFound
        return size

    def uploaded(self, user: User, upload: UUID) -> AsyncIterator[bytes]:
        """The bytes of the caller's own upload, a few megabytes at a time."""
        return self._blobs.chunks(CONTAINER, _upload_name(user, upload))

    async def discard_upload(self, user: User, upload: UUID) -> None:
        """Remove an upload that was used; what can't be removed now is removed later anyway."""
        try:
            await self._blobs.delete(CONTAINER, _upload_name(user, upload))
        except DependencyUnavailable as error:
            log(_logger, logging.WARNING, "upload_not_discarded", error=type(error).__name__)

    async def _remove_later(self, name: str, lifetime: timedelta) -> None:
        # Nothing of a conversation is concerned, so its id doesn't matter.
        cleanup = FileCleanup(conversation_id=clock.new_uuid(), transfers=[name])
        await self._cleanups.later(cleanup, int(lifetime.total_seconds()))


def _upload_name(user: User, upload: UUID) -> str:
    """Names begin with who may import them, so that nobody can import somebody else's."""
    owner = hashlib.sha256(user.user_id.encode()).hexdigest()
    return f"imports/{owner}/{upload}"

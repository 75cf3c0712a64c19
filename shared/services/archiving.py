"""Writing an archive: a zip file that grows on disk, not in memory."""

import asyncio
import zipfile
from collections.abc import AsyncIterable
from typing import IO

from shared.errors import TooLarge

# Fast: an archive is made while somebody waits for it.
COMPRESSION_LEVEL = 1


class ArchiveWriter:
    """Adds entries to a zip file one after the other; compression happens in threads."""

    def __init__(self, target: IO[bytes], content_bytes: int) -> None:
        """`content_bytes` is how much may go into the archive, unpacked."""
        self._zip = zipfile.ZipFile(
            target, "w", zipfile.ZIP_DEFLATED, compresslevel=COMPRESSION_LEVEL
        )
        self._room = self._limit = content_bytes

    async def add(self, entry: str, chunks: AsyncIterable[bytes]) -> None:
        """Add an entry with the bytes of all chunks; raises TooLarge."""
        with self._zip.open(entry, "w", force_zip64=True) as target:
            async for chunk in chunks:
                self._room -= len(chunk)
                if self._room < 0:
                    raise TooLarge(f"An archive may not hold more than {self._limit} bytes")
                await asyncio.to_thread(target.write, chunk)

    async def close(self) -> None:
        """Write the table of contents."""
        await asyncio.to_thread(self._zip.close)

"""Opening an archive from anywhere: nothing in it is believed before it was checked."""

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import IO, cast

from shared.domain.archive_layout import (
    LARGE_BYTES,
    MAX_DIRECTORY_BYTES,
    MAX_ENTRIES,
    MAX_LINE_BYTES,
    MAX_RATIO,
    MAX_RECORDS,
    RECORDS,
    ArchiveLimits,
)
from shared.domain.archive_rows import Row, row_of
from shared.errors import InvalidArgument, TooLarge

COPY_BYTES = 1024 * 1024

_END = b"PK\x05\x06"
_END_BYTES = 22
_END64 = b"PK\x06\x06"
_END64_BYTES = 56
_MAX_COMMENT = 65_535
_ENCRYPTED = 1
_COMPRESSION = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class ArchiveReader:
    """An open archive; every method raises InvalidArgument or TooLarge for a faulty one.

    All of it blocks: it is for threads.
    """

    def __init__(self, source: IO[bytes], limits: ArchiveLimits) -> None:
        size = _size(source)
        if size > limits.archive_bytes:
            raise TooLarge(f"An archive may not exceed {limits.archive_bytes} bytes")
        _check_directory(source, size)
        with archive_errors():
            self._zip = zipfile.ZipFile(source)
        self._entries = _checked(self._zip.infolist(), size, limits)
        if RECORDS not in self._entries:
            raise InvalidArgument(f"The archive holds no {RECORDS}")

    def holds(self, entry: str) -> bool:
        """Whether there is an entry of that name."""
        return entry in self._entries

    def rows(self) -> Iterator[tuple[Row, int]]:
        """The records in their order, each with the length of its line in bytes."""
        number = 0
        with archive_errors(), self._zip.open(RECORDS) as raw:
            lines = io.BufferedReader(cast("io.RawIOBase", raw), COPY_BYTES)
            while line := lines.readline(MAX_LINE_BYTES + 1):
                number += 1
                if len(line) > MAX_LINE_BYTES:
                    raise TooLarge(f"{RECORDS}, line {number}: longer than {MAX_LINE_BYTES} bytes")
                if number > MAX_RECORDS:
                    raise TooLarge(f"{RECORDS} may not hold more than {MAX_RECORDS} records")
                if line.strip():
                    yield row_of(line, number), len(line)

    def size(self, entry: str) -> int:
        """The bytes of an entry, unpacked; reading it fails if that isn't true."""
        return self._entries[entry].file_size

    def copy(self, entry: str, target: IO[bytes]) -> None:
        """Write an entry's bytes to a file, and rewind it."""
        with archive_errors(), self._zip.open(entry) as source:
            while chunk := source.read(COPY_BYTES):
                target.write(chunk)
        target.seek(0)


@contextmanager
def archive_errors() -> Iterator[None]:
    """Turn whatever reading a broken archive may raise into InvalidArgument."""
    try:
        yield
    except (
        zipfile.BadZipFile,
        zlib.error,
        struct.error,
        EOFError,
        NotImplementedError,
        OverflowError,
        RuntimeError,
        ValueError,
    ) as error:
        raise InvalidArgument("The archive is not a valid zip file") from error


def _size(source: IO[bytes]) -> int:
    size = source.seek(0, io.SEEK_END)
    source.seek(0)
    return size


def _check_directory(source: IO[bytes], size: int) -> None:
    """Refuse a huge table of contents before it is read into memory."""
    tail_bytes = min(size, _MAX_COMMENT + _END_BYTES + _END64_BYTES + 20)
    source.seek(size - tail_bytes)
    tail = source.read(tail_bytes)
    source.seek(0)
    if max(_lengths(tail), default=0) > MAX_DIRECTORY_BYTES:
        raise TooLarge(f"An archive may not hold more than {MAX_ENTRIES} entries")


def _lengths(tail: bytes) -> Iterator[int]:
    """What the end records near the end of a file say of the length of its directory."""
    for signature, layout, offset, length in (
        (_END, "<L", 12, _END_BYTES),
        (_END64, "<Q", 40, _END64_BYTES),
    ):
        at = tail.rfind(signature)
        if 0 <= at <= len(tail) - length:
            stated = struct.unpack_from(layout, tail, at + offset)[0]
            if stated != 0xFFFFFFFF:
                yield stated


def _checked(
    infos: list[zipfile.ZipInfo], size: int, limits: ArchiveLimits
) -> dict[str, zipfile.ZipInfo]:
    if len(infos) > MAX_ENTRIES:
        raise TooLarge(f"An archive may not hold more than {MAX_ENTRIES} entries")
    entries: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        _check_entry(info)
        if info.filename in entries:
            raise InvalidArgument("The archive holds an entry twice")
        entries[info.filename] = info
    total = sum(info.file_size for info in infos)
    if total > limits.content_bytes:
        raise TooLarge(f"The content of an archive may not exceed {limits.content_bytes} bytes")
    if total > LARGE_BYTES and total > size * MAX_RATIO:
        raise TooLarge(f"An archive may not grow to more than {MAX_RATIO} times its size")
    return entries


def _check_entry(info: zipfile.ZipInfo) -> None:
    """Names are only ever looked up, never written to a disk: bad ones are refused all the same."""
    name, path = info.orig_filename, PurePosixPath(info.filename)
    if path.is_absolute() or ".." in path.parts or any(sign in name for sign in "\\:\0"):
        raise InvalidArgument("The archive holds an entry with an unsafe path")
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise InvalidArgument("The archive holds an entry that is no plain file")
    if info.flag_bits & _ENCRYPTED or info.compress_type not in _COMPRESSION:
        raise InvalidArgument("The archive is encrypted, or compressed in an unknown way")

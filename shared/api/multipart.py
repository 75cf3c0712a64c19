"""Multipart forms (RFC 7578), read where they are: the parts are views of the request's body.

The Functions host hands over a body that is in memory already. The library's own parser copies
it piece by piece, into memory or onto the disk; see docs/decisions.
"""

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING
from urllib.parse import unquote

import azure.functions as func

from shared.api.requests import check_length
from shared.errors import InvalidArgument

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MAX_PARTS = 1000
MAX_HEADER_BYTES = 16_384
MAX_BOUNDARY_LENGTH = 200

_LINE = b"\r\n"
_PARAMETER = re.compile(r';\s*([\w!#$%&\'+^`|~.-]+\*?)\s*=\s*("(?:[^"\\]|\\.)*"|[^;]*)')
_PADDING = re.compile(rb"[ \t]*\r\n")
_CHARSETS = ("utf-8", "iso-8859-1")
_PRINTABLE = re.compile(r"[\x20-\x7e]*")


class PartStream(io.RawIOBase):
    """A part's bytes as a file: what is read is copied, piece by piece."""

    def __init__(self, data: memoryview) -> None:
        super().__init__()
        self._data = data
        self._at = 0

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def tell(self) -> int:
        """Where the next piece begins."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move, as files do."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: len(self._data)}[whence]
        self._at = max(0, start + offset)
        return self._at

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Copy the next bytes, as many as fit; their number."""
        target = memoryview(buffer).cast("B")
        piece = self._data[self._at : self._at + len(target)]
        target[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)


@dataclass(frozen=True)
class Part:
    """One part of a form: a file if it has a filename (which may be empty), else a field."""

    name: str
    filename: str | None
    content_type: str
    data: memoryview

    def open(self) -> IO[bytes]:
        """The bytes as a file."""
        return io.BufferedReader(PartStream(self.data))

    def text(self) -> str:
        """The bytes as text; what isn't UTF-8 is replaced."""
        return str(self.data, "utf-8", "replace")


@dataclass(frozen=True)
class MultipartForm:
    """The parts of a form in their order; none if the body is no multipart form."""

    parts: tuple[Part, ...] = ()

    def named(self, name: str) -> list[Part]:
        """All parts of a name."""
        return [part for part in self.parts if part.name == name]


def form_argument(request: func.HttpRequest) -> MultipartForm:
    """The form in a request's body.

    Raises InvalidArgument where it is malformed, LengthRequired for a body that the host could
    not pass on.
    """
    body = request.get_body()
    if not body:
        check_length(request)
    kind, parameters = header_parameters(request.headers.get("content-type") or "")
    if kind != "multipart/form-data":
        return MultipartForm()
    boundary = parameters.get("boundary", "").encode("latin-1", "replace")
    if not boundary or len(boundary) > MAX_BOUNDARY_LENGTH:
        raise InvalidArgument("Missing boundary in multipart.")
    return MultipartForm(tuple(_parts(body, b"--" + boundary)))


def header_parameters(value: str) -> tuple[str, Mapping[str, str]]:
    """A header's value in lower case and its parameters; `name*` (RFC 8187) wins over `name`."""
    kind, _, _ = value.partition(";")
    found = {name.lower(): _unquoted(text) for name, text in _PARAMETER.findall(value)}
    extended = {
        name.removesuffix("*"): _decoded(text) for name, text in found.items() if name.endswith("*")
    }
    return kind.strip().lower(), found | extended


def _parts(body: bytes, delimiter: bytes) -> Iterator[Part]:
    view = memoryview(body)
    at = _first_content(body, delimiter)
    count = 0
    while at is not None:
        count += 1
        if count > MAX_PARTS:
            raise InvalidArgument(f"Too many parts. Maximum number of parts is {MAX_PARTS}.")
        headers, start = _headers(body, at)
        end, at = _content_end(body, delimiter, start)
        disposition, parameters = header_parameters(headers.get("content-disposition", ""))
        if disposition != "form-data" or "name" not in parameters:
            raise _malformed()
        content_type = headers.get("content-type", "")
        if not _PRINTABLE.fullmatch(content_type):
            raise _malformed()
        yield Part(parameters["name"], parameters.get("filename"), content_type, view[start:end])


def _first_content(body: bytes, delimiter: bytes) -> int | None:
    """Where the first part begins; None for a form without parts."""
    if body.startswith(delimiter):
        return _after_delimiter(body, len(delimiter))
    _, after = _content_end(body, delimiter, 0)
    return after


def _content_end(body: bytes, delimiter: bytes, start: int) -> tuple[int, int | None]:
    """Where a part's content ends, and where the next part begins (None after the last).

    No content may hold its form's delimiter, so that the first one found counts.
    """
    line = _LINE + delimiter
    at = body.find(line, start)
    if at < 0:
        raise _malformed()
    return at, _after_delimiter(body, at + len(line))


def _after_delimiter(body: bytes, at: int) -> int | None:
    """What follows a delimiter: another part, at the position given, or nothing (None)."""
    if body.startswith(b"--", at):
        return None
    padding = _PADDING.match(body, at)
    if padding is None:
        raise _malformed()
    return padding.end()


def _headers(body: bytes, at: int) -> tuple[dict[str, str], int]:
    """A part's headers, names in lower case, and where its content begins."""
    end = body.find(_LINE * 2, at, at + MAX_HEADER_BYTES)
    if end < 0:
        raise _malformed()
    headers: dict[str, str] = {}
    for line in _text(body[at:end]).split("\r\n"):
        name, colon, value = line.partition(":")
        if not colon:
            raise _malformed()
        headers[name.strip().lower()] = value.strip()
    return headers, end + 2 * len(_LINE)


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _unquoted(text: str) -> str:
    text = text.strip()
    if len(text) < 2 or not text.startswith('"'):
        return text
    # Browsers leave a backslash as it is, others escape it and quotes.
    return text[1:-1].replace("\\\\", "\\").replace('\\"', '"')


def _decoded(text: str) -> str:
    """An extended value: `charset'language'percent-encoded`."""
    charset, _, encoded = text.partition("'")
    if charset.lower() not in _CHARSETS:
        raise _malformed()
    return unquote(encoded.partition("'")[2], charset, "replace")


def _malformed() -> InvalidArgument:
    return InvalidArgument("There was an error parsing the body")

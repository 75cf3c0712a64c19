"""Answers that carry a file's bytes: conditional requests, ranges, redirects (RFC 9110, 6266)."""

import re
from dataclasses import dataclass
from urllib.parse import quote

import azure.functions as func

from shared.adapters.blobs import Served
from shared.api.responses import problem
from shared.errors import TooLarge
from shared.services.files import Download, Files

UNKNOWN_TYPE = "application/octet-stream"

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.IGNORECASE)
_MEDIA_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+[\x20-\x7e]*", re.ASCII)
_ETAG = re.compile(r'(?:W/)?("[^"]*")')


@dataclass(frozen=True)
class Span:
    """A part of a file: where it begins, and how many bytes it has."""

    start: int
    length: int


class UnsatisfiableError(Exception):
    """The range asked for begins where the file has ended."""


async def respond_with(
    files: Files, download: Download, request: func.HttpRequest, *, redirect: bool, limit: int
) -> func.HttpResponse:
    """The bytes, a range of them, or where to get them; raises TooLarge beyond `limit` bytes."""
    version = download.version
    served = served_as(download)
    headers = {
        "ETag": version.etag,
        "Cache-Control": "private, no-cache",
        "Accept-Ranges": "bytes",
        "X-Content-Type-Options": "nosniff",
    }
    if is_known(request.headers.get("if-none-match"), version.etag):
        return func.HttpResponse(status_code=304, headers=headers)
    if redirect:
        address = await files.address_of(download, served)
        headers = {"Cache-Control": "no-store", "Location": address}
        return func.HttpResponse(status_code=303, headers=headers)
    headers |= {
        "Content-Type": served.content_type,
        "Content-Disposition": served.content_disposition,
    }
    if request.method == "HEAD":
        headers["Content-Length"] = str(version.size)
        return func.HttpResponse(headers=headers)
    try:
        span = range_of(request, version.etag, version.size)
    except UnsatisfiableError:
        return problem(416, "Range Not Satisfiable", {"Content-Range": f"bytes */{version.size}"})
    return await _with_bytes(files, download, span, headers, limit)


def served_as(download: Download) -> Served:
    """The content type and the name under which a file is handed out."""
    content_type = download.version.content_type.strip()
    if not _MEDIA_TYPE.fullmatch(content_type):
        content_type = UNKNOWN_TYPE
    if content_type.startswith("text/") and "charset=" not in content_type.lower():
        content_type += "; charset=utf-8"
    return Served(content_type, disposition_of(download.filename))


def disposition_of(filename: str) -> str:
    """Content-Disposition for the last segment of a name.

    `filename` is URL-quoted, as existing clients expect; browsers take `filename*`.
    """
    quoted = quote(filename.rstrip("/").rsplit("/", 1)[-1], safe="")
    return f"attachment; filename=\"{quoted}\"; filename*=UTF-8''{quoted}"


def is_known(if_none_match: str | None, etag: str) -> bool:
    """Whether the client has these bytes already."""
    if not if_none_match:
        return False
    return if_none_match.strip() == "*" or etag in _ETAG.findall(if_none_match)


def range_of(request: func.HttpRequest, etag: str, size: int) -> Span | None:
    """The one range asked for; None for everything, as for several ranges or a malformed one.

    Raises UnsatisfiableError.
    """
    condition = request.headers.get("if-range")
    if condition is not None and condition.strip() != etag:
        return None
    return parse_range(request.headers.get("range") or "", size)


def parse_range(header: str, size: int) -> Span | None:
    """The part of `size` bytes that a Range header asks for, or None; see range_of."""
    match = _RANGE.fullmatch(header.strip())
    if match is None or not any(match.groups()):
        return None
    first, last = match.groups()
    if not first:
        length = min(int(last), size)
        start = size - length
    else:
        start = int(first)
        if last and int(last) < start:
            return None
        end = min(int(last) + 1, size) if last else size
        length = end - start
    if length <= 0:
        raise UnsatisfiableError
    return Span(start, length)


async def _with_bytes(
    files: Files, download: Download, span: Span | None, headers: dict[str, str], limit: int
) -> func.HttpResponse:
    size = download.version.size
    part = span or Span(0, size)
    if part.length > limit:
        raise TooLarge(
            f"These are {part.length} bytes, and one answer may hold {limit}: ask for ranges, or"
            " with redirect=true for an address to read the file from"
        )
    body = await files.bytes_of(download, part.start, part.length)
    if span is not None:
        last = part.start + part.length - 1
        headers["Content-Range"] = f"bytes {part.start}-{last}/{size}"
    return func.HttpResponse(body, status_code=206 if span else 200, headers=headers)

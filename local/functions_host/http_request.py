"""Turns an incoming request into the encoded value that azure-functions decodes for handlers."""

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, unquote

from aiohttp import web
from azure.functions.meta import Datum

_ESCAPED_SLASH = re.compile(r"%(?=2[fF])")
_LONE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_DOT_SEGMENT = re.compile(r"/\.\.?(/|$)")
# What ASP.NET leaves as it is when it writes a path.
_PATH_SAFE = "/:@!$&'()*+,;=~-._%"


class RequestTarget:
    """The target of a request line: the path as the router sees it, and the query as sent."""

    __slots__ = ("encoded_path", "path", "query")

    def __init__(self, raw: str) -> None:
        """Split and decode `raw`, such as `/a%20b?x=1`."""
        raw_path, _, self.query = raw.partition("?")
        if not raw_path.startswith("/"):  # absolute form: http://host/path
            raw_path = "/" + raw_path.partition("://")[2].partition("/")[2]
        self.encoded_path = self.path = raw_path
        if "%" in raw_path:
            # An escaped slash stays the text %2F, so that it doesn't become a separator.
            self.path = unquote(_ESCAPED_SLASH.sub("%25", raw_path))
        if "/." in self.path:
            self.path = _remove_dot_segments(self.path)
        if self.path != raw_path:
            self.encoded_path = quote(_LONE_PERCENT.sub("%25", self.path), safe=_PATH_SAFE)


def encode_request(
    request: web.BaseRequest, target: RequestTarget, route: Mapping[str, str], body: bytes
) -> Datum:
    """The `http` datum of a request, with the real host's surprises in params and headers."""
    url = f"{request.scheme}://{request.headers.get('Host', '')}{target.encoded_path}"
    if target.query:
        url = f"{url}?{target.query}"
    return Datum(
        {
            "method": Datum(request.method, "string"),
            "url": Datum(url, "string"),
            "headers": _texts(_join_headers(request)),
            "query": _texts(join_query(target.query)) if target.query else {},
            "params": _texts(route),
            "body": Datum(body, "bytes"),
        },
        "http",
    )


def join_query(query: str) -> dict[str, str]:
    """Query parameters by name: repeated ones joined by commas, names that differ only in case
    merged, empty values dropped.
    """
    names: dict[str, str] = {}
    values: dict[str, str] = {}
    for key, value in parse_qsl(query):  # leaves out empty values
        name = names.setdefault(key.lower(), key)
        values[name] = f"{values[name]},{value}" if name in values else value
    return values


def _join_headers(request: web.BaseRequest) -> dict[str, str]:
    joined: dict[str, str] = {}
    for key, value in request.headers.items():
        name = key.lower()
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def _texts(values: Mapping[str, str]) -> dict[str, Datum]:
    return {name: Datum(value, "string") for name, value in values.items()}


def _remove_dot_segments(path: str) -> str:
    if not _DOT_SEGMENT.search(path):
        return path
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)

"""Turns what a function set for its http output into a response, as the real host does."""

import json
import re
from collections.abc import Iterable
from http.cookies import Morsel, SimpleCookie
from typing import Any
from urllib.parse import quote

from aiohttp import web
from azure.functions.meta import Datum
from multidict import CIMultiDict

_INVALID_VALUE = re.compile(r"[^\t\x20-\x7e]")
_BODILESS = (204, 304)
_JSON = "application/json; charset=utf-8"
_TEXT = "text/plain; charset=utf-8"
_SAME_SITE = {"lax", "strict", "none"}


class InvalidResponseError(ValueError):
    """The function's response can't be sent; the real host answers 500 then."""


def build_response(value: Datum | None, method: str) -> web.Response:
    """The response for an encoded http output; None (nothing was set) is 204.

    Raises InvalidResponseError for what the real server refuses to send.
    """
    if value is None:
        return web.Response(status=204)
    if value.type == "string":
        return _from_text(value.value)
    parts = value.value
    headers = CIMultiDict({name: datum.value for name, datum in parts["headers"].items()})
    return _respond(
        int(parts["status_code"].value),
        headers,
        parts["body"].value,
        _cookie_lines(parts["cookies"] or ()),
        method,
    )


def _respond(
    status: int, headers: CIMultiDict[str], body: bytes, cookies: Iterable[str], method: str = ""
) -> web.Response:
    for name, value in headers.items():
        if _INVALID_VALUE.search(value) or _INVALID_VALUE.search(name):
            raise InvalidResponseError(
                f"Invalid non-ASCII or control character in header '{name}': {value!r}"
            )
    for line in cookies:
        headers.add("Set-Cookie", line)
    if status in _BODILESS:
        body = b""
    length = headers.get("Content-Length")
    if length is not None and method != "HEAD":
        if length != str(len(body)):
            raise InvalidResponseError(
                f"Response Content-Length mismatch: {length} given, {len(body)} bytes written"
            )
        del headers["Content-Length"]
    return web.Response(status=status, headers=headers, body=body or None)


def _from_text(text: str) -> web.Response:
    """A returned `str` is sniffed: a response object, other JSON, or plain text."""
    try:
        content = json.loads(text)
    except ValueError:
        return web.Response(body=text.encode(), headers={"Content-Type": _TEXT})
    if isinstance(content, dict):
        lowered = {name.lower(): value for name, value in content.items()}
        if "body" in lowered:
            return _from_response_object(lowered)
    return _from_content(200, CIMultiDict(), content, ())


def _from_response_object(parts: dict[str, Any]) -> web.Response:
    status = parts.get("status", parts.get("statuscode", 200))
    try:
        status = int(status)
    except (TypeError, ValueError) as error:
        raise InvalidResponseError(f"Invalid status in the response object: {status!r}") from error
    headers: CIMultiDict[str] = CIMultiDict()
    for name, value in (parts.get("headers") or {}).items():
        headers[name] = str(value)
    cookies = [_cookie_line_of(cookie) for cookie in parts.get("cookies") or ()]
    return _from_content(status, headers, parts["body"], cookies)


def _from_content(
    status: int, headers: CIMultiDict[str], content: Any, cookies: Iterable[str]
) -> web.Response:
    if content is None:
        return _respond(status, headers, b"", cookies)
    if isinstance(content, str):
        headers.setdefault("Content-Type", _TEXT)
        return _respond(status, headers, content.encode(), cookies)
    headers.setdefault("Content-Type", _JSON)
    body = json.dumps(content, indent=2, ensure_ascii=False).encode()
    return _respond(status, headers, body, cookies)


def _cookie_lines(cookies: Iterable[SimpleCookie]) -> list[str]:
    return [_cookie_line(morsel) for cookie in cookies for morsel in cookie.values()]


def _cookie_line(morsel: "Morsel[str]") -> str:
    """ASP.NET's own cookie writer: lower-case attributes, a path always, the value escaped."""
    return _write_cookie(
        morsel.key,
        morsel.value,
        {name.lower(): value for name, value in morsel.items() if value},
    )


def _cookie_line_of(cookie: Any) -> str:
    if not isinstance(cookie, dict) or "name" not in cookie:
        raise InvalidResponseError(f"Invalid cookie in the response object: {cookie!r}")
    lowered = {name.lower(): value for name, value in cookie.items()}
    lowered["max-age"] = lowered.pop("maxage", None)
    attributes = {name: value for name, value in lowered.items() if value}
    return _write_cookie(cookie["name"], str(lowered.get("value") or ""), attributes)


def _write_cookie(name: str, value: str, attributes: dict[str, Any]) -> str:
    line = f"{name}={quote(value, safe='')}"
    for attribute in ("expires", "max-age", "domain"):
        if attribute in attributes:
            line += f"; {attribute}={attributes[attribute]}"
    line += f"; path={attributes.get('path', '/')}"
    if "secure" in attributes:
        line += "; secure"
    same_site = str(attributes.get("samesite", "")).lower()
    if same_site in _SAME_SITE:
        line += f"; samesite={same_site}"
    if "httponly" in attributes:
        line += "; httponly"
    return line

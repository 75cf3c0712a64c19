"""Checks and makes the tokens: of the service client, of clients, and for reconnecting."""

import functools
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

import jwt

from local.web_pubsub.errors import ServiceError, bad_request, unauthorized
from local.web_pubsub.settings import Settings

_ALGORITHM = "HS256"
_CLOCK_SKEW_SECONDS = 5
_RECONNECTION_TOKEN_SECONDS = 7 * 24 * 3600
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_DEFAULT_PORTS = {"http": 80, "ws": 80, "https": 443, "wss": 443}


@dataclass(frozen=True, slots=True)
class ClientClaims:
    """What a client's access token says: who connects, with which roles, into which groups."""

    user_id: str | None
    roles: tuple[str, ...]
    groups: tuple[str, ...]


class Tokens:
    """Tokens signed with the access key of one stand-in."""

    def __init__(self, settings: Settings) -> None:
        self._key = settings.access_key
        self._authorities = frozenset(_authority(endpoint) for endpoint in settings.endpoints)
        # A service client that sends the same request again within a second sends the same token.
        self._signed_claims = functools.lru_cache(maxsize=1024)(self._decode)

    def check_request(self, token: str, url: str) -> None:
        """Check a service client's token: its audience is the URL of the request; else 401."""
        for audience in self._audiences(self._claims(token)):
            if self._is_here(audience, url) and _target(url) in (
                _target(audience),
                _target(audience) + _query(url),
            ):
                return
        raise unauthorized("the token's audience is not the URL of this request")

    def check_client(self, token: str, url: str, hub: str) -> ClientClaims:
        """Check a client's access token for a hub and give its claims; else 401."""
        claims = self._claims(token)
        wanted = {f"/client/hubs/{hub}".lower(), f"/client/?hub={hub}".lower()}
        for audience in self._audiences(claims):
            if self._is_here(audience, url) and _target(audience).lower() in wanted:
                return ClientClaims(
                    user_id=claims.get("sub"),
                    roles=_strings(claims, "role"),
                    groups=_strings(claims, "webpubsub.group"),
                )
        raise unauthorized(f"the access token's audience is not the hub {hub!r} of this service")

    def make_client_token(self, url: str, claims: ClientClaims, seconds: int) -> str:
        """Make a client access token for the client URL of a hub."""
        now = int(time.time())
        content: dict[str, Any] = {"aud": url, "iat": now, "exp": now + seconds}
        if claims.user_id is not None:
            content["sub"] = claims.user_id
        if claims.roles:
            content["role"] = list(claims.roles)
        if claims.groups:
            content["webpubsub.group"] = list(claims.groups)
        return jwt.encode(content, self._key, _ALGORITHM)

    def make_reconnection_token(self, connection_id: str) -> str:
        """Make the token with which a reliable client comes back to its connection."""
        expiry = int(time.time()) + _RECONNECTION_TOKEN_SECONDS
        return jwt.encode({"aud": connection_id, "exp": expiry}, self._key, _ALGORITHM)

    def is_reconnection_token(self, token: str, connection_id: str) -> bool:
        """Tell whether a token allows to come back to a connection."""
        try:
            return self._claims(token).get("aud") == connection_id
        except ServiceError:
            return False

    def _claims(self, token: str) -> dict[str, Any]:
        try:
            claims = self._signed_claims(token)
        except jwt.InvalidTokenError as error:
            raise unauthorized(f"the token is not valid: {error}") from error
        if int(claims["exp"]) + _CLOCK_SKEW_SECONDS <= time.time():
            raise unauthorized("the token has expired")
        return claims

    def _decode(self, token: str) -> dict[str, Any]:
        options: Any = {"verify_aud": False, "verify_exp": False, "require": ["exp", "aud"]}
        return jwt.decode(
            token, self._key, [_ALGORITHM], options=options, leeway=_CLOCK_SKEW_SECONDS
        )

    def _audiences(self, claims: dict[str, Any]) -> tuple[str, ...]:
        return _strings(claims, "aud")

    def _is_here(self, audience: str, url: str) -> bool:
        authority = _authority(audience)
        return authority == _authority(url) or authority in self._authorities


def _strings(claims: dict[str, Any], name: str) -> tuple[str, ...]:
    value = claims.get(name, [])
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list) or not all(isinstance(item, str) for item in values):
        raise bad_request(f"claim {name!r}: expected a string or a list of strings")
    return tuple(values)


@functools.lru_cache(maxsize=1024)
def _authority(url: str) -> tuple[str, int]:
    """Give host and port of a URL; the loopback's names are one, for it is the same server."""
    try:
        parts = urlsplit(url)
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)
    except ValueError:
        return "", 0
    host = (parts.hostname or "").lower()
    return ("localhost" if host in _LOOPBACK else host), port


def _target(url: str) -> str:
    """Give path and query, decoded: what is signed and what is sent may be encoded differently."""
    return unquote(_after_authority(url))


def _query(url: str) -> str:
    _, mark, query = _after_authority(url).partition("?")
    return unquote(mark + query)


def _after_authority(url: str) -> str:
    rest = url.partition("://")[2]
    slash = rest.find("/")
    return rest[slash:] if slash >= 0 else ""

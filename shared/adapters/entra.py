"""Verification of people's tokens against the keys of their issuer."""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shared.adapters.lazy import Lazy
from shared.domain.principals import User
from shared.errors import DependencyUnavailable, Unauthenticated
from shared.settings import AuthSettings

if TYPE_CHECKING:
    import httpx
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

KEYS_SECONDS = 600
"""How long fetched keys are used before they are fetched anew."""

REFETCH_SECONDS = 10
"""How often an unknown key id may make us fetch: a forged token must not cause a flood."""

FIRST_FETCH_SECONDS = 1
"""How often we try while there are no keys at all."""

FETCH_TIMEOUT_SECONDS = 5.0
"""For each step of a fetch; the whole may take LONGEST_FETCH_SECONDS."""

LONGEST_FETCH_SECONDS = 10.0
MAX_KEYS_BYTES = 1_000_000
CLOCK_SKEW_SECONDS = 60

_APP_CLAIMS = ("appid", "azp", "aud")


@dataclass(frozen=True)
class SigningKey:
    """A public key, and whose tokens it may sign: `issuer` holds `{tenantid}` for any tenant's."""

    public: "RSAPublicKey"
    issuer: str | None


class SigningKeys:
    """The keys that an address publishes, fetched without blocking and cached.

    While the address is down, cached keys stay in use, and few requests wait for it.
    """

    def __init__(self, url: str, now: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._now = now
        self._http = Lazy(_new_http_client)
        self._keys: dict[str, SigningKey] = {}
        self._fetched_at = self._tried_at = float("-inf")
        self._lock = asyncio.Lock()

    async def get(self, key_id: str) -> SigningKey:
        """A key by its id; raises Unauthenticated, DependencyUnavailable if it can't be known."""
        known = self._keys.get(key_id)
        if known is not None and (self._lock.locked() or not self._is_due(key_id)):
            return known
        async with self._lock:
            if self._is_due(key_id):
                await self._fetch()
        known = self._keys.get(key_id)
        if known is not None:
            return known
        if self._tried_at > self._fetched_at:
            raise DependencyUnavailable("The signing keys can't be fetched")
        raise Unauthenticated("Invalid token")

    async def close(self) -> None:
        """Close the client's connections."""
        if self._http.existing is not None:
            await self._http.existing.aclose()

    def _is_due(self, key_id: str) -> bool:
        now = self._now()
        pause = REFETCH_SECONDS if self._keys else FIRST_FETCH_SECONDS
        if now - self._tried_at < pause:
            return False
        return key_id not in self._keys or now - self._fetched_at >= KEYS_SECONDS

    async def _fetch(self) -> None:
        """Replace the keys by those that are published now; leave them if that fails."""
        import httpx

        self._tried_at = self._now()
        http = await self._http.get()
        try:
            async with asyncio.timeout(LONGEST_FETCH_SECONDS):
                keys = _signing_keys(json.loads(await _read(http, self._url)))
        except (httpx.HTTPError, TimeoutError, ValueError, RecursionError):
            return
        if keys:
            self._keys, self._fetched_at = keys, self._tried_at


class TokenVerifier:
    """Turns a bearer token into a person."""

    def __init__(self, settings: AuthSettings, keys: SigningKeys | None = None) -> None:
        self._settings = settings
        self._keys = keys or SigningKeys(settings.jwks_url)

    async def verify(self, token: str) -> User:
        """The person that the token is for.

        Raises Unauthenticated with the reference's texts, DependencyUnavailable if the keys
        can't be had.
        """
        header = _header(token)
        algorithm = header.get("alg")
        if algorithm not in self._settings.allowed_jwt_algorithms:
            raise Unauthenticated("Invalid token algorithm")
        key = await self._keys.get(str(header.get("kid")))
        claims = _decode(token, key.public, str(algorithm))
        self._check_issuer(claims, key)
        self._check_application(claims)
        return _user(claims)

    async def close(self) -> None:
        """Close the client's connections."""
        await self._keys.close()

    def _check_issuer(self, claims: dict[str, Any], key: SigningKey) -> None:
        """The token must be of an issuer we trust, and the key one for that issuer's tenant.

        Keys of all tenants are published side by side: one that is for a single tenant must not
        vouch for people of another.
        """
        tenant = str(claims.get("tid", ""))
        trusted = {issuer.replace("{tid}", tenant) for issuer in self._settings.issuers}
        signer = (key.issuer or str(claims["iss"])).replace("{tenantid}", tenant)
        if str(claims["iss"]) not in trusted or signer not in trusted:
            raise Unauthenticated("Invalid token")

    def _check_application(self, claims: dict[str, Any]) -> None:
        """The token must have been issued to our application, and for no other audience."""
        allowed = self._settings.allowed_app_id
        audience = claims.get("aud", allowed)
        if audience != allowed or allowed not in [claims.get(name) for name in _APP_CLAIMS]:
            raise Unauthenticated("Invalid app. App ID must match in client and server.")


async def _new_http_client() -> "httpx.AsyncClient":
    import httpx

    return httpx.AsyncClient(timeout=httpx.Timeout(FETCH_TIMEOUT_SECONDS))


async def _read(http: "httpx.AsyncClient", url: str) -> bytes:
    """What is published; raises ValueError if that is far more than keys are."""
    content = bytearray()
    async with http.stream("GET", url) as response:
        response.raise_for_status()
        async for chunk in response.aiter_bytes():
            content += chunk
            if len(content) > MAX_KEYS_BYTES:
                raise ValueError("more than any key set")
    return bytes(content)


def _signing_keys(published: Any) -> dict[str, SigningKey]:
    """The RSA signing keys of a key set by their ids; what isn't one is left out."""
    documents = published.get("keys") if isinstance(published, dict) else None
    if not isinstance(documents, list):
        return {}
    keys = [(document, _public_key(document)) for document in documents]
    return {
        str(document["kid"]): SigningKey(public, document.get("issuer"))
        for document, public in keys
        if public is not None
    }


def _public_key(document: Any) -> "RSAPublicKey | None":
    import jwt
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from jwt.algorithms import RSAAlgorithm

    if not isinstance(document, dict) or "kid" not in document:
        return None
    if document.get("kty") != "RSA" or document.get("use", "sig") != "sig":
        return None
    if not isinstance(document.get("issuer", ""), str):
        return None
    try:
        key = RSAAlgorithm.from_jwk(document)
    except (jwt.PyJWTError, KeyError, TypeError, ValueError):
        return None
    return key if isinstance(key, RSAPublicKey) else None


def _header(token: str) -> dict[str, Any]:
    import jwt

    try:
        return jwt.get_unverified_header(token)
    except jwt.PyJWTError as error:
        raise Unauthenticated("Invalid token") from error


def _decode(token: str, key: "RSAPublicKey", algorithm: str) -> dict[str, Any]:
    import jwt

    try:
        return jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            leeway=CLOCK_SKEW_SECONDS,
            options={
                "verify_aud": False,
                "require": ["exp", "iss"],
                "enforce_minimum_key_length": True,
            },
        )
    except jwt.ExpiredSignatureError as error:
        raise Unauthenticated("Expired token") from error
    except jwt.PyJWTError as error:
        raise Unauthenticated("Invalid token") from error


def _user(claims: dict[str, Any]) -> User:
    tenant, person = claims.get("tid"), claims.get("oid")
    user_id = f"{tenant}.{person}" if tenant and person else claims.get("sub")
    if not isinstance(user_id, str) or not user_id:
        raise Unauthenticated("Invalid token")
    return User(_text(user_id), _text(str(claims.get("name") or "")))


def _text(value: str) -> str:
    """Signed or not, half a character can't be stored."""
    return value.encode(errors="replace").decode()

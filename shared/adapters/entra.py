"""Verification of people's tokens against the keys of their issuer."""

import asyncio
import json
import time
from typing import Any

import httpx
import jwt

from shared.adapters.lazy import Lazy
from shared.domain.principals import User
from shared.errors import DependencyUnavailable, Unauthenticated
from shared.settings import AuthSettings

KEYS_SECONDS = 600
"""How long fetched keys are used before they are fetched anew."""

REFETCH_SECONDS = 10
"""How often an unknown key id may make us fetch: a forged token must not cause a flood."""

CLOCK_SKEW_SECONDS = 60

_APP_CLAIMS = ("appid", "azp", "aud")


class TokenVerifier:
    """Turns a bearer token into a person; keys are fetched without blocking and cached."""

    def __init__(self, settings: AuthSettings) -> None:
        self._settings = settings
        self._http = Lazy(_new_http_client)
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at = float("-inf")
        self._lock = asyncio.Lock()

    async def verify(self, token: str) -> User:
        """The person that the token is for.

        Raises Unauthenticated with the reference's texts, DependencyUnavailable if the keys
        can't be had.
        """
        header = _header(token)
        algorithm = header.get("alg")
        if algorithm not in self._settings.allowed_jwt_algorithms:
            raise Unauthenticated("Invalid token algorithm")
        key = await self._key(str(header.get("kid")))
        claims = self._decode(token, key, str(algorithm))
        self._check_application(claims)
        return _user(claims)

    async def close(self) -> None:
        """Close the client's connections."""
        if self._http.existing is not None:
            await self._http.existing.aclose()

    def _decode(self, token: str, key: jwt.PyJWK, algorithm: str) -> dict[str, Any]:
        try:
            claims = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                leeway=CLOCK_SKEW_SECONDS,
                options={"verify_aud": False, "require": ["exp", "iss"]},
            )
        except jwt.ExpiredSignatureError as error:
            raise Unauthenticated("Expired token") from error
        except jwt.PyJWTError as error:
            raise Unauthenticated("Invalid token") from error
        tenant = str(claims.get("tid", ""))
        if claims["iss"] not in {name.format(tid=tenant) for name in self._settings.issuers}:
            raise Unauthenticated("Invalid token")
        return claims

    def _check_application(self, claims: dict[str, Any]) -> None:
        """The token must have been issued to our application, and for no other audience."""
        allowed = self._settings.allowed_app_id
        audience = claims.get("aud", allowed)
        if audience != allowed or allowed not in [claims.get(name) for name in _APP_CLAIMS]:
            raise Unauthenticated("Invalid app. App ID must match in client and server.")

    async def _key(self, key_id: str) -> jwt.PyJWK:
        age = time.monotonic() - self._fetched_at
        known = self._keys.get(key_id)
        if known is not None and age < KEYS_SECONDS:
            return known
        async with self._lock:
            age = time.monotonic() - self._fetched_at
            if age > (REFETCH_SECONDS if key_id not in self._keys else KEYS_SECONDS):
                await self._fetch()
        if key_id not in self._keys:
            raise Unauthenticated("Invalid token")
        return self._keys[key_id]

    async def _fetch(self) -> None:
        http = await self._http.get()
        try:
            response = await http.get(self._settings.jwks_url)
            response.raise_for_status()
            documents = json.loads(response.content)["keys"]
        except (httpx.HTTPError, ValueError, KeyError) as error:
            if self._keys:
                return
            raise DependencyUnavailable("The signing keys can't be fetched") from error
        keys = {
            document["kid"]: jwt.PyJWK(document, algorithm="RS256")
            for document in documents
            if document.get("kty") == "RSA" and "kid" in document
        }
        self._keys, self._fetched_at = keys, time.monotonic()


async def _new_http_client() -> httpx.AsyncClient:
    return httpx.AsyncClient(timeout=httpx.Timeout(5.0))


def _header(token: str) -> dict[str, Any]:
    try:
        return jwt.get_unverified_header(token)
    except jwt.PyJWTError as error:
        raise Unauthenticated("Invalid token") from error


def _user(claims: dict[str, Any]) -> User:
    tenant, person = claims.get("tid"), claims.get("oid")
    user_id = f"{tenant}.{person}" if tenant and person else claims.get("sub")
    if not isinstance(user_id, str) or not user_id:
        raise Unauthenticated("Invalid token")
    return User(user_id, str(claims.get("name") or ""))

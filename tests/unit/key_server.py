"""An issuer of tokens for tests: publishes keys, signs tokens, can fail and rotate."""

import json
import time
import uuid
from collections.abc import Callable
from functools import cache
from typing import Any, Self

import jwt
from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm
from jwt.utils import base64url_encode

APP_ID = "11111111-2222-4333-8444-555555555555"
TENANT = "aaaaaaaa-0000-4000-8000-000000000001"
OTHER_TENANT = "aaaaaaaa-0000-4000-8000-000000000002"
PERSON = "bbbbbbbb-0000-4000-8000-000000000001"
ISSUER = "https://login.example/{tid}/v2.0"


@cache
def private_key(name: str) -> rsa.RSAPrivateKey:
    """A key for each name, the one named `weak` too short: making one takes a while."""
    bits = 1024 if name == "weak" else 2048
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def jwk(name: str, **members: Any) -> dict[str, Any]:
    """The public part of a key, as it is published."""
    public = RSAAlgorithm.to_jwk(private_key(name).public_key(), as_dict=True)
    return {"kty": "RSA", "use": "sig", "kid": name, "n": public["n"], "e": public["e"], **members}


def public_pem(name: str) -> bytes:
    """The public part of a key as text: what an attacker would sign with."""
    return (
        private_key(name)
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )


def claims(**changes: Any) -> dict[str, Any]:
    """The claims of a good token; a change to None leaves one out."""
    now = int(time.time())
    tenant = changes.get("tid") or TENANT
    usual = {
        "iss": ISSUER.replace("{tid}", tenant),
        "aud": APP_ID,
        "azp": APP_ID,
        "iat": now,
        "nbf": now,
        "exp": now + 24 * 3600,
        "tid": TENANT,
        "oid": PERSON,
        "sub": str(uuid.uuid4()),
        "name": "Ada",
    }
    return {name: value for name, value in (usual | changes).items() if value is not None}


def token(key: str = "first", algorithm: str = "RS256", **changes: Any) -> str:
    """A token signed with a key; the key's name is its id unless `kid` says otherwise."""
    kid = changes.pop("kid", key)
    return jwt.encode(claims(**changes), private_key(key), algorithm, {"kid": kid})


def forged(header: dict[str, Any], sign: Callable[[bytes], bytes]) -> str:
    """A token with good claims, any header, and whatever the forger puts as its signature."""
    parts = [base64url_encode(json.dumps(part).encode()) for part in (header, claims())]
    signing_input = b".".join(parts)
    return b".".join([signing_input, base64url_encode(sign(signing_input))]).decode()


class KeyServer:
    """Publishes keys over HTTP; `fails` makes it answer 500."""

    def __init__(self) -> None:
        self.keys: list[Any] = [jwk("first")]
        self.fails = False
        self.fetches = 0
        self.url = ""
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        application = web.Application()
        application.router.add_get("/keys", self._publish)
        self._runner = web.AppRunner(application)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/keys"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    async def _publish(self, _: web.Request) -> web.Response:
        self.fetches += 1
        if self.fails:
            return web.Response(status=500)
        return web.json_response({"keys": self.keys})

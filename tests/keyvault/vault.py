"""A small Key Vault for tests: HTTPS, challenge authentication, soft delete, faults.

Secrets only, and of their operations only those that the product could use: set, get, delete,
get deleted, recover and purge. State and faults are plain attributes.
"""

import ssl
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import trustme
from aiohttp import web
from azure.core.credentials import AccessToken

TOKEN = "a-token-for-the-vault"
CHALLENGE = (
    'Bearer authorization="https://login.example/tenant", resource="https://vault.azure.net"'
)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Refusal:
    """An error in the vault's form; `reason` is the code within the code."""

    status: int
    code: str
    reason: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    def answer(self) -> web.Response:
        """The response: a new one each time."""
        error: dict[str, Any] = {"code": self.code, "message": self.code}
        if self.reason:
            error["innererror"] = {"code": self.reason}
        return web.json_response({"error": error}, status=self.status, headers=self.headers)


NOT_FOUND = Refusal(404, "SecretNotFound")
DISABLED = Refusal(403, "Forbidden", "SecretDisabled")
PROTECTED = Refusal(403, "Forbidden", "ForbiddenByPolicy")
DELETED = Refusal(409, "Conflict", "ObjectIsDeletedButRecoverable")
BEING_DELETED = Refusal(409, "Conflict", "ObjectIsBeingDeleted")
BEING_RECOVERED = Refusal(409, "Conflict", "ObjectIsBeingRecovered")


class VaultCredential:
    """A credential that gives out a token which the vault takes."""

    def __init__(self, token: str = TOKEN) -> None:
        self._token = token
        self.scopes: list[str] = []

    async def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        """A token that lasts for an hour."""
        self.scopes += scopes
        return AccessToken(self._token, int(time.time()) + 3600)

    async def close(self) -> None:
        """Nothing is open."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self.close()


class Vault:
    """The vault; `ca_file` is what a client must trust to talk to it.

    `faults` are answers given instead of the right ones, each once and in order. `stuck` are
    names whose deletion never ends.
    """

    def __init__(self, folder: Path) -> None:
        authority = trustme.CA()
        self.ca_file = folder / "ca.pem"
        authority.cert_pem.write_to_path(str(self.ca_file))
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1", "localhost").configure_cert(self._context)
        self._runner: web.AppRunner | None = None
        self.url = ""
        self.secrets: dict[str, str] = {}
        self.deleted: dict[str, str] = {}
        self.disabled: set[str] = set()
        self.stuck: set[str] = set()
        self.purge_protection = True
        self.faults: list[Refusal] = []
        self.calls: list[str] = []

    async def __aenter__(self) -> Self:
        application = web.Application(middlewares=[self._guard])
        application.router.add_put("/secrets/{name}", self._set)
        application.router.add_get("/secrets/{name}{version:/?}", self._get)
        application.router.add_delete("/secrets/{name}", self._delete)
        application.router.add_get("/deletedsecrets/{name}", self._get_deleted)
        application.router.add_post("/deletedsecrets/{name}/recover", self._recover)
        application.router.add_delete("/deletedsecrets/{name}", self._purge)
        self._runner = web.AppRunner(application)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self._context)
        await site.start()
        self.url = f"https://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def stop(self) -> None:
        """Go down; stopping twice is fine."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def calls_of(self, operation: str) -> int:
        """How often an operation was asked for, challenges not counted."""
        return self.calls.count(operation)

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return web.Response(status=401, headers={"WWW-Authenticate": CHALLENGE})
        self.calls.append(f"{request.method} {request.path.split('/')[1]}")
        if self.faults:
            return self.faults.pop(0).answer()
        return await handler(request)

    async def _set(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name in self.deleted:
            return (BEING_DELETED if name in self.stuck else DELETED).answer()
        self.secrets[name] = (await request.json())["value"]
        return self._bundle(name, self.secrets)

    async def _get(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name in self.disabled:
            return DISABLED.answer()
        return self._bundle(name, self.secrets)

    async def _delete(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name in self.stuck:
            return BEING_DELETED.answer()
        if name in self.secrets:
            self.deleted[name] = self.secrets.pop(name)
        return self._bundle(name, self.deleted)

    async def _get_deleted(self, request: web.Request) -> web.Response:
        return self._bundle(request.match_info["name"], self.deleted)

    async def _recover(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name in self.stuck:
            return BEING_DELETED.answer()
        if name in self.deleted:
            self.secrets[name] = self.deleted.pop(name)
        return self._bundle(name, self.secrets)

    async def _purge(self, request: web.Request) -> web.Response:
        if self.purge_protection:
            return PROTECTED.answer()
        self.deleted.pop(request.match_info["name"], None)
        return web.Response(status=204)

    def _bundle(self, name: str, where: dict[str, str]) -> web.Response:
        if name not in where:
            return NOT_FOUND.answer()
        bundle: dict[str, Any] = {
            "value": where[name],
            "id": f"{self.url}/secrets/{name}/{'0' * 32}",
            "attributes": {"enabled": True, "recoveryLevel": "Recoverable"},
        }
        if where is self.deleted:
            bundle["recoveryId"] = f"{self.url}/deletedsecrets/{name}"
        return web.json_response(bundle)

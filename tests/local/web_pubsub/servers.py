"""Starts the stand-in inside the test process and gives clients for it."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web
from azure.messaging.webpubsubservice.aio import WebPubSubServiceClient

from local.web_pubsub import DEFAULT_ACCESS_KEY, Settings, create_app
from tests.local.web_pubsub.raw_client import JSON, RawClient


@dataclass
class Server:
    """A running stand-in: its URL, the vendor's service client and a session for the rest."""

    url: str
    session: aiohttp.ClientSession
    clients: contextlib.AsyncExitStack
    access_key: str = DEFAULT_ACCESS_KEY
    hub: str = "conversations"
    service: WebPubSubServiceClient = field(init=False)

    def __post_init__(self) -> None:
        self.service = WebPubSubServiceClient.from_connection_string(
            self.connection_string, hub=self.hub, retry_total=0
        )

    @property
    def connection_string(self) -> str:
        return f"Endpoint={self.url};AccessKey={self.access_key};Version=1.0;"

    async def client_url(self, user_id: str | None = None, **options: Any) -> str:
        token = await self.service.get_client_access_token(user_id=user_id, **options)
        return token["url"]

    async def connect(
        self, user_id: str | None = None, protocol: str | None = JSON, **options: Any
    ) -> RawClient:
        url = await self.client_url(user_id, **options)
        return await self._open(url, protocol)

    async def recover(self, client: RawClient, protocol: str | None = JSON) -> RawClient:
        """Come back to the connection of a client whose socket was dropped."""
        url = self.recovery_url(client.connection_id, client.connected["reconnectionToken"])
        return await self._open(url, protocol)

    async def _open(self, url: str, protocol: str | None) -> RawClient:
        return await self.clients.enter_async_context(RawClient(self.session, url, protocol))

    def recovery_url(self, connection_id: str, token: str) -> str:
        return (
            f"{self.url}/client/hubs/{self.hub}"
            f"?awps_connection_id={connection_id}&awps_reconnection_token={token}"
        )

    async def drop(self, connection_id: str) -> None:
        async with self.session.post(f"{self.url}/_admin/connections/{connection_id}/drop") as got:
            assert got.status == 204, await got.text()

    async def connections(self) -> list[dict[str, Any]]:
        async with self.session.get(f"{self.url}/_admin/hubs/{self.hub}") as got:
            return (await got.json())["connections"]


@contextlib.asynccontextmanager
async def known_server(url: str, access_key: str = DEFAULT_ACCESS_KEY) -> AsyncIterator[Server]:
    """Give clients for a server that runs already; they are closed when the block ends."""
    async with aiohttp.ClientSession() as session, contextlib.AsyncExitStack() as clients:
        server = Server(url, session, clients, access_key)
        async with server.service:
            yield server


@contextlib.asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[Server]:
    """Serve on a free port until the block ends."""
    runner = web.AppRunner(create_app(settings), access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    async with known_server(f"http://{host}:{port}") as server:
        yield server
    await runner.cleanup()

"""A server inside the test process, and the vendor's client connected to it."""

import base64
import hmac
import itertools
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
from aiohttp import web
from azure.cosmos import PartitionKey
from azure.cosmos.aio import ContainerProxy, CosmosClient, DatabaseProxy

from local.cosmos import EMULATOR_KEY, Settings, create_app

MakeContainer = Callable[..., Awaitable[ContainerProxy]]


class Clock:
    """The server's clock, which tests put forward."""

    def __init__(self) -> None:
        self._ahead = 0

    def __call__(self) -> float:
        return time.time() + self._ahead

    def advance(self, seconds: int) -> None:
        self._ahead += seconds


@dataclass
class Server:
    """Where the server listens; `clock` is None if it is another process."""

    url: str
    clock: Clock

    async def admin(self, method: str, path: str, body: Any = None) -> Any:
        """Call the admin endpoint; the JSON it answers, or None."""
        async with (
            aiohttp.ClientSession(self.url) as session,
            session.request(method, f"/_admin/{path}", json=body) as response,
        ):
            response.raise_for_status()
            return await response.json() if response.content_type == "application/json" else None


@dataclass
class Answer:
    """An answer as it came over HTTP."""

    status: int
    headers: Mapping[str, str]
    body: Any


class RawClient:
    """Speaks the protocol without the vendor's client, which retries and hides headers."""

    def __init__(self, session: aiohttp.ClientSession, key: str = EMULATOR_KEY) -> None:
        self.session = session
        self.key = key

    def sign(self, method: str, kind: str, link: str) -> dict[str, str]:
        date = formatdate(usegmt=True)
        text = f"{method}\n{kind}\n{link}\n{date}\n\n".lower().replace(link.lower(), link)
        digest = hmac.digest(base64.b64decode(self.key), text.encode(), "sha256")
        token = f"type=master&ver=1.0&sig={base64.b64encode(digest).decode()}"
        return {"authorization": quote(token, safe=""), "x-ms-date": date}

    async def send(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Answer:
        """Send one signed request; the path decides what is signed."""
        segments = path.strip("/").split("/")
        is_feed = len(segments) % 2 == 1
        kind = segments[-1] if is_feed else segments[-2]
        link = "/".join(segments[:-1] if is_feed else segments)
        signed = {**self.sign(method, kind, link), **(headers or {})}
        async with self.session.request(method, path, json=body, headers=signed) as response:
            text = await response.read()
            return Answer(response.status, response.headers, json.loads(text) if text else None)

    async def query(self, container: ContainerProxy, text: str) -> Answer:
        """Send a query without parameters over all partitions."""
        headers = {
            "content-type": "application/query+json",
            "x-ms-documentdb-isquery": "True",
            "x-ms-documentdb-query-enablecrosspartition": "True",
        }
        path = f"/{container.container_link}/docs/"
        return await self.send("POST", path, {"query": text}, headers)


@asynccontextmanager
async def serve(data_dir: Path) -> AsyncIterator[Server]:
    clock = Clock()
    runner = web.AppRunner(create_app(Settings(data_dir=data_dir), clock), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield Server(f"http://127.0.0.1:{runner.addresses[0][1]}", clock)
    finally:
        await runner.cleanup()


@pytest.fixture(scope="session")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    async with serve(tmp_path_factory.mktemp("cosmos")) as running:
        yield running


@pytest.fixture
async def admin(server: Server) -> AsyncIterator[Server]:
    """The server, for tests that set faults: they are cleared afterwards."""
    yield server
    await server.admin("DELETE", "faults")


@pytest.fixture
async def raw(server: Server) -> AsyncIterator[RawClient]:
    async with aiohttp.ClientSession(server.url) as session:
        yield RawClient(session)


@pytest.fixture(scope="session")
async def client(server: Server) -> AsyncIterator[CosmosClient]:
    async with CosmosClient(server.url, EMULATOR_KEY) as connected:
        yield connected


@pytest.fixture(scope="session")
async def database(client: CosmosClient) -> DatabaseProxy:
    return await client.create_database_if_not_exists("tests")


@pytest.fixture(scope="session")
def unused_name() -> Callable[[], str]:
    """Names that no other test uses."""
    numbers = itertools.count()
    return lambda: f"container{next(numbers)}"


@pytest.fixture
def make_container(database: DatabaseProxy, unused_name: Callable[[], str]) -> MakeContainer:
    """Makes containers partitioned by /pk, with options of `create_container`."""

    async def make(**options: Any) -> ContainerProxy:
        return await database.create_container(
            unused_name(), options.pop("partition_key", PartitionKey("/pk")), **options
        )

    return make


@pytest.fixture
async def container(make_container: MakeContainer) -> ContainerProxy:
    return await make_container()

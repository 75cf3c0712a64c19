"""A real Azurite for the whole session."""

import socket
from collections.abc import AsyncIterator
from contextlib import ExitStack

import pytest
import pytest_asyncio

from local import azurite


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


@pytest_asyncio.fixture(scope="session")
async def storage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[azurite.Azurite]:
    """Azurite in memory."""
    running = await azurite.start(
        tmp_path_factory.mktemp("azurite"), *free_ports(3), in_memory=True
    )
    yield running
    await running.stop()

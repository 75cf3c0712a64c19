"""Fixtures: a stand-in on a free port, of its own for each test."""

from collections.abc import AsyncIterator

import pytest_asyncio

from local.web_pubsub import Settings
from tests.local.web_pubsub.servers import Server, serving


@pytest_asyncio.fixture
async def server() -> AsyncIterator[Server]:
    async with serving(Settings()) as running:
        yield running

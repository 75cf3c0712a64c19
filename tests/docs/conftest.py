"""One stack with the example assistant for all tests of the documentation."""

from collections.abc import AsyncIterator

import pytest

from local.stack.options import StackOptions
from local.stack.stack import Stack


@pytest.fixture(scope="session")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """What `make start` starts, on free ports and without a trace afterwards."""
    options = StackOptions(
        data_dir=tmp_path_factory.mktemp("stack"), free_ports=True, azurite_in_memory=True
    )
    async with Stack(options) as running:
        yield running

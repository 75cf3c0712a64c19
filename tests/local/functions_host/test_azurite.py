"""Azurite as a child process: start, persistence, refusal, and dying with its parent."""

import asyncio
import os
import socket
import sys
from pathlib import Path

import pytest
from azure.storage.queue.aio import QueueClient

from local import azurite
from tests.local.functions_host.conftest import free_ports

SCRIPT = """
import asyncio, sys
from pathlib import Path
from local import azurite

async def main():
    running = await azurite.start(Path(sys.argv[1]), *map(int, sys.argv[2:5]), in_memory=True)
    print(running.process.pid, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_data_survives_a_restart(tmp_path: Path):
    ports = free_ports(3)
    first = await azurite.start(tmp_path, *ports)
    async with QueueClient.from_connection_string(first.connection_string, "kept") as queue:
        await queue.create_queue()
        await queue.send_message("still here")
    await first.stop()
    await first.stop()  # no harm
    second = await azurite.start(tmp_path, *ports)
    async with QueueClient.from_connection_string(second.connection_string, "kept") as queue:
        assert [message.content for message in await queue.peek_messages()] == ["still here"]
    await second.stop()
    assert second.process.returncode is not None


async def test_taken_port(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ports = [taken.getsockname()[1], *free_ports(2)]
        with pytest.raises(azurite.AzuriteError, match="EADDRINUSE"):
            await azurite.start(tmp_path, *ports, in_memory=True)


@pytest.mark.skipif(sys.platform != "linux", reason="needs PR_SET_PDEATHSIG")
async def test_dies_with_its_parent(tmp_path: Path):
    ports = [str(port) for port in free_ports(3)]
    parent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", SCRIPT, str(tmp_path), *ports),
        cwd=Path(__file__).parents[3],
        stdout=asyncio.subprocess.PIPE,
    )
    assert parent.stdout is not None
    async with asyncio.timeout(20):
        child = int(await parent.stdout.readline())
        descriptor = os.pidfd_open(child)
        parent.kill()
        await parent.communicate()
        ended = asyncio.Event()
        asyncio.get_running_loop().add_reader(descriptor, ended.set)
        await ended.wait()
    asyncio.get_running_loop().remove_reader(descriptor)
    os.close(descriptor)

"""`python -m local.web_pubsub`: the announcement, the options, and how it stops."""

import asyncio
import signal
import subprocess
import sys
import time

import pytest

from tests.local.web_pubsub.processes import command_line_server, stop
from tests.local.web_pubsub.servers import known_server


@pytest.mark.parametrize("with_signal", [signal.SIGTERM, signal.SIGINT])
async def test_it_stops_at_once_and_says_goodbye(with_signal: signal.Signals) -> None:
    async with command_line_server("--port", "0") as (process, address):
        async with known_server(address) as server:
            client = await server.connect("ada")
            started = time.monotonic()
            stopping = asyncio.create_task(stop(process, with_signal))
            goodbye, code = await client.receive(), await client.close_code()
            exit_code = await stopping
        assert exit_code == 0
        assert time.monotonic() - started < 2
        assert (goodbye["event"], code) == ("disconnected", 1001)


async def test_a_client_that_does_not_read_cannot_keep_it_from_stopping() -> None:
    async with (
        command_line_server("--port", "0") as (process, address),
        known_server(address) as server,
    ):
        await server.connect("ada")
        for _ in range(20):
            await server.service.send_to_user("ada", "x" * 1_000_000)
        started = time.monotonic()
        assert await stop(process) == 0
        assert time.monotonic() - started < 2


async def test_a_port_in_use_is_named() -> None:
    async with command_line_server("--port", "0") as (_, address):
        port = address.rpartition(":")[2]
        command = [sys.executable, "-m", "local.web_pubsub", "--port", port]
        outcome = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True)
    assert outcome.returncode == 1
    assert f"127.0.0.1:{port}" in outcome.stderr


async def test_the_access_key_can_be_chosen() -> None:
    key = "0123456789012345678901234567890123456789"
    async with (
        command_line_server("--port", "0", "--access-key", key) as (_, address),
        known_server(address, key) as server,
    ):
        assert not await server.service.user_exists("ada")


async def test_a_short_access_key_is_refused() -> None:
    command = [sys.executable, "-m", "local.web_pubsub", "--access-key", "short"]
    outcome = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True)
    assert outcome.returncode == 2
    assert "at least 32 bytes" in outcome.stderr

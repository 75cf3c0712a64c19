"""`python -m local` as a person uses it: processes, signals and exit codes."""

import asyncio
import contextlib
import json
import os
import re
import signal
import socket
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest

from local.stack.processes import STOP_SECONDS

ROOT = Path(__file__).parents[3]


async def run(*arguments: str, **environ: str) -> Process:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LOCAL_")}
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "local",
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=PIPE,
        stderr=STDOUT,
        cwd=ROOT,
        env=clean | environ,
    )


async def output_of(process: Process) -> str:
    async with asyncio.timeout(30):
        output, _ = await process.communicate()
    return output.decode()


async def read_until(process: Process, text: str) -> str:
    assert process.stdout
    lines: list[str] = []
    async with asyncio.timeout(60):
        while line := (await process.stdout.readline()).decode():
            lines.append(line)
            if text in line:
                return "".join(lines)
    raise AssertionError(f"{text!r} isn't in the output:\n{''.join(lines)}")


@contextlib.asynccontextmanager
async def started(
    data_dir: Path, *arguments: str, command: str = "start"
) -> AsyncIterator[Process]:
    process = await run(
        command,
        "--free-ports",
        f"--data-dir={data_dir}",
        f"--json-ready-file={data_dir / 'ready.json'}",
        *arguments,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def ready(data_dir: Path) -> dict[str, Any]:
    return json.loads((data_dir / "ready.json").read_text())


async def assert_all_gone(addresses: dict[str, Any]) -> None:
    """Nobody listens any more where the stack did."""
    async with httpx.AsyncClient() as client:
        for part in ("functions", "cosmos", "web_pubsub", "identity", "example_assistant"):
            if addresses[part]:
                with pytest.raises(httpx.ConnectError):
                    await client.get(addresses[part])


async def test_start_prints_a_request_that_works_and_sigterm_stops_everything(
    app_root: Path, tmp_path: Path
):
    async with started(tmp_path, f"--app-root={app_root}", "--set", "COLOUR=blue") as process:
        output = await read_until(process, "Ctrl-C stops everything")
        addresses = ready(tmp_path)
        for part in ("functions", "cosmos", "web_pubsub", "identity", "example_assistant"):
            assert addresses[part] in output
        assert "[functions_host] " in output
        token = re.search(r"TOKEN=(\S+)", output)
        assert token
        assert jwt.decode(token[1], options={"verify_signature": False})["name"] == "Ada"
        assert f'Bearer $TOKEN" {addresses["functions"]}/users/me' in output
        async with httpx.AsyncClient(base_url=addresses["functions"]) as client:
            assert (await client.get("/settings/COLOUR")).json() == "blue"
        process.send_signal(signal.SIGTERM)
        assert (await output_of(process)).endswith("Stopped.\n")
        assert process.returncode == 0
        await assert_all_gone(addresses)


async def test_ctrl_c_while_it_starts_stops_everything(app_root: Path, tmp_path: Path):
    async with started(tmp_path, f"--app-root={app_root}") as process:
        await read_until(process, "cosmos listening")
        process.send_signal(signal.SIGINT)
        assert (await output_of(process)).endswith("Stopped.\n")
        assert process.returncode == 0


async def test_a_second_ctrl_c_waits_for_nobody(app_root: Path, tmp_path: Path):
    async with started(tmp_path, f"--app-root={app_root}", "--no-example-assistant") as process:
        await read_until(process, "Ctrl-C stops everything")
        url = f"{ready(tmp_path)['functions']}/slow"
        async with httpx.AsyncClient() as client:
            slow = asyncio.create_task(client.post(url))
            await read_until(process, "the slow request has begun")
            process.send_signal(signal.SIGINT)
            await read_until(process, "Stopping...")
            began = asyncio.get_running_loop().time()
            process.send_signal(signal.SIGINT)
            await output_of(process)
            assert asyncio.get_running_loop().time() - began < STOP_SECONDS
            with pytest.raises(httpx.TransportError):
                await slow
        assert process.returncode == 0
        await assert_all_gone(ready(tmp_path))


async def test_a_program_that_dies_stops_the_rest_and_is_named(app_root: Path, tmp_path: Path):
    async with started(tmp_path, f"--app-root={app_root}", "--no-example-assistant") as process:
        await read_until(process, "Ctrl-C stops everything")
        addresses = ready(tmp_path)
        assert addresses["example_assistant"] is None
        async with httpx.AsyncClient(base_url=addresses["functions"]) as client:
            with pytest.raises(httpx.TransportError):
                await client.post("/crash")
        output = await output_of(process)
        assert process.returncode == 1
        error = output[output.index("error: ") :]
        assert error.startswith("error: functions_host ended with exit code 7")
        assert "the app is crashing" in error
        await assert_all_gone(addresses)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
async def test_a_killed_stack_blocks_nothing_and_keeps_its_data(tmp_path: Path):
    async with started(tmp_path, command="services") as process:
        await read_until(process, "Settings for a Functions host")
        process.kill()
        await process.wait()
    addresses = ready(tmp_path)
    same_ports = [
        f"--{part.replace('_', '-')}-port={httpx.URL(addresses[part]).port}"
        for part in ("cosmos", "web_pubsub", "identity")
    ]
    keys = f"{addresses['identity']}/discovery/v2.0/keys"
    async with started(tmp_path, *same_ports, command="services") as process:
        await read_until(process, "Settings for a Functions host")
        async with httpx.AsyncClient() as client:
            kid = (await client.get(keys)).json()["keys"][0]["kid"]
        token = await output_of(await run("token", f"--data-dir={tmp_path}"))
        assert jwt.get_unverified_header(token.strip())["kid"] == kid
        process.send_signal(signal.SIGINT)
        await output_of(process)
        assert process.returncode == 0


async def test_a_taken_port_is_named(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        process = await run("services", f"--data-dir={tmp_path}", LOCAL_COSMOS_PORT=port)
        output = await output_of(process)
    assert process.returncode == 1
    assert output.startswith(f"error: port {port} of Cosmos DB is in use")
    assert "LOCAL_COSMOS_PORT" in output


async def test_a_wrong_option_is_named():
    process = await run("start", LOCAL_IDENTITY_PORT="many")
    assert "LOCAL_IDENTITY_PORT must be a port number" in await output_of(process)
    assert process.returncode == 1


async def test_token_says_what_it_was_told(tmp_path: Path):
    process = await run(
        "token",
        f"--data-dir={tmp_path}",
        "--name=Grace",
        "--tid=t",
        "--oid=o",
        "--app-id=app",
        "--expires-in=60",
        "--identity-url=http://127.0.0.1:5",
    )
    claims = jwt.decode((await output_of(process)).strip(), options={"verify_signature": False})
    assert (claims["name"], claims["tid"], claims["oid"]) == ("Grace", "t", "o")
    assert (claims["aud"], claims["exp"] - claims["iat"]) == ("app", 60)
    assert claims["iss"] == "http://127.0.0.1:5/t/v2.0"


async def test_token_names_the_identity_service_of_the_port_variable(tmp_path: Path):
    process = await run("token", f"--data-dir={tmp_path}", LOCAL_IDENTITY_PORT="5")
    claims = jwt.decode((await output_of(process)).strip(), options={"verify_signature": False})
    assert claims["iss"] == f"http://127.0.0.1:5/{claims['tid']}/v2.0"

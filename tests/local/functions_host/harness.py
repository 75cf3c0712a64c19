"""Starts the host as a process of its own on an application written for one test module."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent
from typing import Any

import httpx

READY = "functions_host listening on "
REPOSITORY = Path(__file__).parents[3]

# What every test application begins with: a journal that tests can wait for over HTTP.
PREAMBLE = """
import asyncio
import json
import logging
import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)
journal = []
written = asyncio.Condition()

async def note(entry):
    async with written:
        journal.append(entry)
        written.notify_all()

@app.route(route="journal/{count:int}", methods=["GET"])
async def aa_journal(req: func.HttpRequest) -> func.HttpResponse:
    count = int(req.route_params["count"])
    async with written:
        await asyncio.wait_for(written.wait_for(lambda: len(journal) >= count), 20)
    return func.HttpResponse(json.dumps(journal), mimetype="application/json")
"""


def write_app(
    folder: Path,
    source: str,
    host_json: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Path:
    """Write an application folder; the route prefix is empty unless `host_json` says more."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "function_app.py").write_text(PREAMBLE + dedent(source))
    document = {"version": "2.0", "extensions": {"http": {"routePrefix": ""}}}
    (folder / "host.json").write_text(json.dumps(document | dict(host_json or {})))
    if settings is not None:
        (folder / "local.settings.json").write_text(json.dumps(settings))
    return folder


@dataclass
class RunningHost:
    """A host that is ready, with a client for it and everything that it has printed."""

    process: asyncio.subprocess.Process
    address: str
    client: httpx.AsyncClient
    output: list[str] = field(default_factory=list)
    _grown: asyncio.Condition = field(default_factory=asyncio.Condition)
    _reader: asyncio.Task[None] | None = None
    _ended: bool = False

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self.address.rpartition(":")[2])

    @property
    def text(self) -> str:
        """All output so far."""
        return "".join(self.output)

    async def journal(self, count: int) -> list[Any]:
        """The application's journal once it has `count` entries."""
        response = await self.client.get(f"/journal/{count}", timeout=30)
        return response.raise_for_status().json()

    async def output_with(self, text: str, times: int = 1) -> str:
        """All output once `text` has come up `times` times; fails if the host ends before."""
        async with asyncio.timeout(20), self._grown:
            await self._grown.wait_for(lambda: self.text.count(text) >= times or self._ended)
        assert self.text.count(text) >= times, self.text
        return self.text

    async def stop(self) -> int:
        """Ask the host to stop; returns its exit code."""
        if self.process.returncode is None:
            self.process.terminate()
        async with asyncio.timeout(15):
            code = await self.process.wait()
        if self._reader is not None:
            await self._reader
        return code

    async def raw(self, request: bytes) -> bytes:
        """Everything that comes back for the bytes of a request with `Connection: close`."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(request)
            async with asyncio.timeout(10):
                return await reader.read()
        finally:
            writer.close()
            await writer.wait_closed()

    def follow(self) -> None:
        """Begin to collect the output."""
        self._reader = asyncio.ensure_future(self._follow())

    async def _follow(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            async with self._grown:
                self.output.append(line.decode())
                self._grown.notify_all()
        async with self._grown:
            self._ended = True
            self._grown.notify_all()


async def spawn(app_root: Path, *arguments: str, env: Mapping[str, str] | None = None):
    """Start the command line on an application folder, with its output in one pipe."""
    inherited = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "LANG", "TMPDIR")}
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "local.functions_host", "--app-root", str(app_root)),
        *("--port", "0", "--data-dir", str(app_root / "data"), *arguments),
        cwd=REPOSITORY,
        env=inherited | {"PYTHONUNBUFFERED": "1"} | dict(env or {}),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )


@asynccontextmanager
async def running_host(
    app_root: Path, *arguments: str, env: Mapping[str, str] | None = None
) -> AsyncIterator[RunningHost]:
    """A host on this folder, ready; it is stopped at the end."""
    process = await spawn(app_root, *arguments, env=env)
    host = RunningHost(process, "", httpx.AsyncClient())
    host.follow()
    try:
        output = await host.output_with(READY)
        host.address = output.split(READY)[1].split()[0]
        async with httpx.AsyncClient(base_url=host.address) as host.client:
            yield host
    finally:
        await host.stop()


async def refusal(app_root: Path, *arguments: str) -> str:
    """What the host prints when it refuses to start; fails if it starts."""
    process = await spawn(app_root, *arguments)
    async with asyncio.timeout(20):
        output, _ = await process.communicate()
    assert process.returncode == 1, output.decode()
    return output.decode()

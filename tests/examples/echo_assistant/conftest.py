"""The echo assistant as a real process beside a fake workbench."""

import asyncio
import contextlib
import os
import re
import sys
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp import web

from tests.examples.echo_assistant.fake_workbench import FakeWorkbench

REPOSITORY_ROOT = Path(__file__).parents[3]
API_KEY = "a key/with odd+characters"
QUOTED_API_KEY = "a%20key/with%20odd%2Bcharacters"


@dataclass
class RunningEcho:
    """A running echo assistant: `workbench` is its other side, `client` calls it."""

    url: str
    workbench: FakeWorkbench
    client: httpx.AsyncClient

    async def new_assistant(self, name: str = "Echo") -> str:
        """Create an assistant as the workbench does; its id."""
        assistant_id = str(uuid.uuid4())
        body = {"assistant_name": name, "template_id": "default"}
        await self.put_form(f"/{assistant_id}", "assistant", body)
        return assistant_id

    async def new_conversation(self, assistant_id: str) -> str:
        """Add an assistant to a new conversation; the conversation's id."""
        conversation_id = str(uuid.uuid4())
        path = f"/{assistant_id}/conversations/{conversation_id}"
        await self.put_form(path, "conversation", {"id": conversation_id, "title": "Talk"})
        return conversation_id

    async def put_form(
        self, path: str, field: str, body: dict[str, Any], export: bytes | None = None
    ) -> httpx.Response:
        """PUT a form: urlencoded, or multipart when there is an export."""
        files = None
        if export is not None:
            files = {"from_export": ("data.bin", export, "application/octet-stream")}
        data = {field: httpx.Response(200, json=body).text}
        response = await self.client.put(path, data=data, files=files)
        response.raise_for_status()
        return response

    async def say(
        self, assistant_id: str, conversation_id: str, content: str, **changes: Any
    ) -> httpx.Response:
        """Deliver message.created; `changes` replace parts of the message."""
        message = {
            "id": str(uuid.uuid4()),
            "sender": {"participant_role": "user", "participant_id": "tenant.ada"},
            "message_type": "chat",
            "timestamp": "2026-01-01T00:00:00Z",
            "content_type": "text/plain",
            "content": content,
            "filenames": [],
            "metadata": {},
            "has_debug_data": False,
        }
        event = {
            "id": uuid.uuid4().hex,
            "correlation_id": f"correlation of {content}",
            "conversation_id": conversation_id,
            "event": changes.pop("event", "message.created"),
            "timestamp": "2026-01-01T00:00:00Z",
            "data": {"message": message | changes},
        }
        path = f"/{assistant_id}/conversations/{conversation_id}/events"
        return await self.client.post(path, json=event)


@contextlib.asynccontextmanager
async def running_workbench() -> AsyncIterator[FakeWorkbench]:
    """A fake workbench on a free port."""
    workbench = FakeWorkbench()
    runner = web.ServerRunner(web.Server(workbench.handle))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    workbench.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield workbench
    await runner.cleanup()


@contextlib.asynccontextmanager
async def running_echo(workbench: FakeWorkbench, **settings: str) -> AsyncIterator[RunningEcho]:
    """The echo assistant's own process; `settings` are ECHO_ variables."""
    environment = {
        **os.environ,
        "ECHO_WORKBENCH_URL": workbench.url,
        "ECHO_PORT": "0",
        "ECHO_API_KEY": API_KEY,
        **settings,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "examples.echo_assistant",
        stdout=asyncio.subprocess.PIPE,
        env=environment,
        cwd=REPOSITORY_ROOT,
    )
    try:
        assert process.stdout
        async with asyncio.timeout(20):
            ready = (await process.stdout.readline()).decode()
        match = re.fullmatch(r"echo_assistant listening on (http://\S+)\n", ready)
        assert match, ready
        headers = {"X-API-Key": QUOTED_API_KEY}
        async with httpx.AsyncClient(base_url=match[1], headers=headers) as client:
            yield RunningEcho(match[1], workbench, client)
    finally:
        if process.returncode is None:
            process.terminate()
        async with asyncio.timeout(10):
            await process.communicate()


@pytest.fixture(scope="session")
async def shared_echo() -> AsyncIterator[RunningEcho]:
    """One process for all tests that don't need their own."""
    async with running_workbench() as workbench, running_echo(workbench) as echo:
        yield echo


@pytest.fixture
async def echo(shared_echo: RunningEcho) -> RunningEcho:
    """The running echo assistant, its workbench's notes empty."""
    await shared_echo.workbench.wait_for_registrations(1)
    shared_echo.workbench.calls = shared_echo.workbench.registrations()
    shared_echo.workbench.answers.clear()
    shared_echo.workbench.hold = None
    return shared_echo

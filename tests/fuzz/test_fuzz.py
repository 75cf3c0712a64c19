"""Requests made up from the API's own description: no 5xx, and nothing that it doesn't say."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from local.stack.options import StackOptions
from local.stack.stack import Stack
from tests.api.builders import answer_of, post_message, user_id_of
from tests.api.conftest import add_assistant, new_assistant, new_conversation
from tests.support.assistant_service import RecordingService

FOLDER = Path(__file__).parent
KEY = "a key that nobody guesses"
EXAMPLES = os.environ.get("FUZZ_EXAMPLES", "3")
SEED = os.environ.get("FUZZ_SEED", "1")
CONVERSATIONS = 3
TIMEOUT_SECONDS = float(os.environ.get("FUZZ_TIMEOUT_SECONDS", "600"))


@dataclass(frozen=True)
class World:
    """Something to make requests about, and who makes them."""

    url: str
    service_url: str
    ids: dict[str, list[str]]
    callers: dict[str, dict[str, str]]


@pytest.fixture
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A stack with a person's conversations, in which an assistant takes part."""
    options = StackOptions(
        data_dir=tmp_path_factory.mktemp("fuzz"),
        free_ports=True,
        example_assistant=False,
        azurite_in_memory=True,
        settings={"WORKBENCH__SERVICE__ASSISTANT_API_KEY__FIXED_KEY": KEY},
    )
    async with AsyncExitStack() as exits:
        stack = await exits.enter_async_context(Stack(options))
        person = await exits.enter_async_context(stack.api("Ada"))
        service = RecordingService(stack.functions_url, "fuzzed.test", KEY)
        await exits.enter_async_context(service)
        answer_of(await service.register(expires_in=86_400))
        yield await _build(stack, person, service)


async def _build(stack: Stack, person: httpx.AsyncClient, service: RecordingService) -> World:
    assistant = await new_assistant(person, service)
    cids = [(await new_conversation(person))["id"] for _ in range(CONVERSATIONS)]
    messages: list[str] = []
    shares: list[str] = []
    for cid in cids:
        await add_assistant(person, cid, assistant["id"])
        messages.append((await post_message(person, cid, debug_data={"d": 1}))["id"])
        share = {"conversation_id": cid, "label": "L", "conversation_permission": "read"}
        shares.append(answer_of(await person.post("/conversation-shares", json=share))["id"])
        files = {"files": ("a.txt", b"abc", "text/plain")}
        answer_of(await person.put(f"/conversations/{cid}/files", files=files))
    ids = {
        "conversation_id": cids,
        "conversation_ids": cids,
        "assistant_id": [assistant["id"]],
        "assistant_service_id": [service.service_id],
        "conversation_share_id": shares,
        "filename": ["a.txt"],
        "id": [cids[0], await user_id_of(person)],
        "message_id": messages,
        "participant_id": ["me", assistant["id"]],
        "state_id": ["s"],
    }
    as_service = {"X-Assistant-Service-ID": service.service_id, "X-API-Key": KEY}
    callers = {
        "person": {"Authorization": person.headers["Authorization"]},
        "service": as_service | {"X-Assistant-ID": assistant["id"]},
    }
    return World(stack.functions_url, service.url, ids, callers)


@pytest.mark.parametrize("caller", ["person", "service"])
async def test_nothing_made_up_breaks_the_service_or_its_description(
    world: World, caller: str, tmp_path: Path
) -> None:
    headers = [f"--header={name}: {value}" for name, value in world.callers[caller].items()]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()"),
        f"--config-file={FOLDER / 'schemathesis.toml'}",
        *("run", f"{world.url}/openapi.json", "--checks=all", "--exclude-deprecated"),
        *(f"--max-examples={EXAMPLES}", f"--seed={SEED}", "--warnings=off"),
        *headers,
        cwd=tmp_path,
        env={
            **os.environ,
            "SCHEMATHESIS_HOOKS": "tests.fuzz.hooks",
            "PYTHONPATH": str(FOLDER.parents[1]),
            "FUZZ_WORLD": json.dumps(world.ids),
            "FUZZ_CALLER": caller,
            "FUZZ_SERVICE_URL": world.service_url,
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(TIMEOUT_SECONDS):
        output, _ = await process.communicate()

    assert process.returncode == 0, output.decode()

"""Everything is still there after the Functions host, or the whole stack, was stopped."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from local.stack.options import StackOptions
from local.stack.stack import Stack
from tests.api.builders import answer_of, events_of, post_message
from tests.api.conftest import add_assistant, new_assistant, new_conversation
from tests.support.assistant_service import RecordingService
from tests.support.targets import own_stack

SERVICE_ID = "restart.test"


@pytest.fixture
def options(tmp_path: Path) -> StackOptions:
    """A stack that keeps all its data, blobs and queues and tables too, in a folder."""
    return StackOptions(data_dir=tmp_path, free_ports=True, example_assistant=False)


async def fill(stack: Stack, ada: httpx.AsyncClient) -> str:
    """A bit of everything; returns the id of the conversation that it is in."""
    await ada.put("/users/me", json={"image": "data:x"})
    cid = (await new_conversation(ada, title="Kept", metadata={"a": 1}))["id"]
    async with RecordingService(stack.functions_url, SERVICE_ID) as service:
        assert (await service.register(expires_in=3600)).status_code == 200
        await add_assistant(ada, cid, (await new_assistant(ada, service))["id"])
        message = await post_message(ada, cid, "kept", debug_data={"d": 1})
        gone = await post_message(ada, cid, "gone")
        await ada.delete(f"/conversations/{cid}/messages/{gone['id']}")
        status = {"status": message["id"]}
        assert (await ada.patch(f"/conversations/{cid}/participants/me", json=status)).is_success
        await service.wait_for_event(cid, "participant.updated")
    return cid


async def everything(ada: httpx.AsyncClient, cid: str) -> dict[str, Any]:
    """All that can be read of it."""
    conversation = f"/conversations/{cid}"
    kept = answer_of(await ada.get(f"{conversation}/messages"))["messages"]
    paths = [
        "/users/me",
        "/conversations",
        conversation,
        f"{conversation}/participants",
        f"{conversation}/events",
        *(f"{conversation}/messages/{message['id']}" for message in kept),
        *(f"{conversation}/messages/{message['id']}/debug_data" for message in kept),
        "/assistants",
        f"/assistant-service-registrations/{SERVICE_ID}",
    ]
    return {path: answer_of(await ada.get(path)) for path in paths}


async def test_a_restart_keeps_everything(options: StackOptions) -> None:
    async with own_stack(options) as stack, stack.api("Ada") as ada:
        cid = await fill(stack, ada)
        before = await everything(ada, cid)

        await stack.restart_functions_host()
        assert await everything(ada, cid) == before

        await stack.kill_functions_host()
        await stack.restart_functions_host()
        assert await everything(ada, cid) == before

    async with own_stack(options) as stack, stack.api("Ada") as ada:
        assert await everything(ada, cid) == before
        await goes_on(stack, ada, cid)


async def goes_on(stack: Stack, ada: httpx.AsyncClient, cid: str) -> None:
    """The next message gets the next number, and the assistant hears of it."""
    last = (await events_of(ada, cid))[-1]["sequence"]
    async with RecordingService(stack.functions_url, SERVICE_ID) as service:
        assert (await service.register()).status_code == 200
        posted = await post_message(ada, cid, "after")
        heard = await service.wait_for_event(cid, "message.created")

    assert heard["data"]["message"] == posted
    assert heard["sequence"] == last + 1

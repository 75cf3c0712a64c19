"""Files and crashes: whatever dies half-way, nothing is half there, and nothing stays behind."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Coroutine
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.stack.options import StackOptions
from local.stack.stack import Stack
from shared import resources
from tests.api.builders import answer_of, events_of
from tests.api.conftest import new_conversation
from tests.api.file_builders import blobs_in, files_of, names_in, put, save
from tests.support import backends
from tests.support.eventually import eventually
from tests.support.targets import own_stack

FILES = resources.FILES_BLOB_CONTAINER
CLEANUP_SECONDS = 3


@pytest.fixture(scope="module")
async def mortal(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """A stack whose Functions host may be killed; what a crash leaves is soon cleaned up."""
    folder: Path = tmp_path_factory.mktemp("mortal")
    options = StackOptions(
        data_dir=folder,
        free_ports=True,
        example_assistant=False,
        azurite_in_memory=True,
        settings={"WORKBENCH__FILES__CLEANUP_SECONDS": str(CLEANUP_SECONDS)},
    )
    async with own_stack(options, cosmos_control=True) as running:
        yield running


@pytest.fixture
async def ada(mortal: Stack) -> AsyncIterator[httpx.AsyncClient]:
    async with mortal.api("Ada") as client:
        yield client


@pytest.fixture
async def cid(mortal: Stack, ada: httpx.AsyncClient) -> AsyncIterator[str]:
    """A conversation with a file."""
    cid = (await new_conversation(ada))["id"]
    await save(ada, cid, {"old": b"old"})
    yield cid
    await mortal.cosmos_admin.clear_faults()


async def eventually_blobs(stack: Stack, cid: str, count: int) -> None:
    """Wait until a conversation has this many blobs."""

    async def there_are() -> bool:
        return len(await blobs_in(stack, FILES, cid)) == count

    await eventually(there_are)


async def cleanups_ahead(stack: Stack) -> int:
    """How many clean-ups have been asked for and not been done."""
    async with backends.queue(stack, resources.FILE_CLEANUPS_QUEUE) as queue:
        return (await queue.get_queue_properties()).approximate_message_count or 0


async def kill_before_commit(
    stack: Stack, sending: Coroutine[Any, Any, httpx.Response], ready: Awaitable[None]
) -> None:
    """Kill the host while the database sits on the transaction, which then never happens."""
    await stack.cosmos_admin.add_fault(operation="batch", reset=True, latency_ms=60_000)
    request = asyncio.create_task(sending)
    try:
        await ready
    finally:
        await stack.kill_functions_host()
        with pytest.raises(httpx.TransportError):
            await request
        await stack.cosmos_admin.clear_faults()
        await stack.restart_functions_host()


async def test_a_crash_between_bytes_and_records_leaves_nothing(
    mortal: Stack, ada: httpx.AsyncClient, cid: str
) -> None:
    sending = put(ada, cid, {"old": b"new", "b": b"x", "c": b"y"})
    await kill_before_commit(mortal, sending, eventually_blobs(mortal, cid, 4))

    assert await names_in(ada, cid) == ["old"]
    assert (await ada.get(f"{files_of(cid)}/old")).text == "old"
    assert len(await events_of(ada, cid)) == 1
    await eventually_blobs(mortal, cid, 1)
    assert (await ada.get(f"{files_of(cid)}/old")).text == "old"


async def test_a_crash_after_the_commit_takes_nothing_away(
    mortal: Stack, ada: httpx.AsyncClient, cid: str
) -> None:
    await save(ada, cid, {"old": b"new", "b": b"x"})
    await mortal.kill_functions_host()
    await mortal.restart_functions_host()
    await save(ada, cid, {"doomed": b"x"})
    sending = put(ada, cid, {"doomed": b"y"})
    await kill_before_commit(mortal, sending, eventually_blobs(mortal, cid, 5))

    # The clean-ups come in the order of the uploads: the last one shows that all have been.
    await eventually_blobs(mortal, cid, 4)

    assert (await ada.get(f"{files_of(cid)}/old")).text == "new"
    assert (await ada.get(f"{files_of(cid)}/old?version=1")).text == "old"
    assert (await ada.get(f"{files_of(cid)}/b")).text == "x"
    assert (await ada.get(f"{files_of(cid)}/doomed")).text == "x"


async def test_a_commit_that_was_not_confirmed_counts_once(
    mortal: Stack, ada: httpx.AsyncClient, cid: str
) -> None:
    await mortal.cosmos_admin.add_fault(operation="batch", reset_after=True, times=1)

    (saved,) = await save(ada, cid, {"old": b"new"})

    assert saved["current_version"] == 2
    assert [event["event"] for event in await events_of(ada, cid)] == [
        "file.created",
        "file.updated",
    ]
    assert (await ada.get(f"{files_of(cid)}/old")).text == "new"


async def test_a_crash_after_a_deletion_removes_the_bytes_all_the_same(
    mortal: Stack, ada: httpx.AsyncClient, cid: str
) -> None:
    waiting = await cleanups_ahead(mortal)

    async def the_clean_up_is_asked_for() -> bool:
        return await cleanups_ahead(mortal) > waiting

    sending = ada.delete(f"{files_of(cid)}/old")
    await kill_before_commit(mortal, sending, eventually(the_clean_up_is_asked_for))

    assert (await ada.get(f"{files_of(cid)}/old")).text == "old"
    assert (await ada.delete(f"{files_of(cid)}/old")).status_code == 204
    await eventually_blobs(mortal, cid, 0)


async def test_a_database_that_is_down_leaves_no_bytes(
    mortal: Stack, ada: httpx.AsyncClient, cid: str
) -> None:
    await mortal.cosmos_admin.add_fault(operation="batch", status=403)

    refused = await put(ada, cid, {"old": b"new"})

    assert refused.status_code == 503
    await mortal.cosmos_admin.clear_faults()
    assert (await ada.get(f"{files_of(cid)}/old")).text == "old"
    await eventually_blobs(mortal, cid, 1)


async def test_a_killed_commit_of_an_upload_can_be_repeated(
    mortal: Stack, ada: httpx.AsyncClient, cid: str
) -> None:
    url = f"{files_of(cid)}/uploads"
    upload = answer_of(await ada.post(url, json={"filename": "big"}))
    async with httpx.AsyncClient() as anybody:
        await anybody.put(upload["url"], content=b"x", headers=upload["headers"])
    sending = ada.post(f"{url}/{upload['upload_id']}")
    await kill_before_commit(mortal, sending, eventually_blobs(mortal, cid, 2))

    assert await names_in(ada, cid) == ["old"]
    saved = answer_of(await ada.post(f"{url}/{upload['upload_id']}"))

    assert (saved["current_version"], saved["file_size"]) == (1, 1)
    await eventually_blobs(mortal, cid, 2)
    assert (await ada.get(f"{files_of(cid)}/big")).text == "x"

"""Imports and duplications that fail or die half-way: nothing is visible, nothing stays behind."""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from local.stack.options import StackOptions
from local.stack.stack import Stack
from shared import resources
from tests.api.archive_builders import conversation_record, message_record, pack, send
from tests.api.assistant_builders import another_service, answering, calls
from tests.api.builders import answer_of, contents_of, user_id_of
from tests.api.conftest import add_assistant, new_assistant, new_conversation
from tests.api.file_builders import blobs_in, save
from tests.api.original_archive import original_archive
from tests.support import backends
from tests.support.assistant_service import RecordingService
from tests.support.eventually import eventually
from tests.support.targets import own_stack


@pytest.fixture(scope="module")
async def mortal(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """A stack whose Functions host may be killed; what a crash leaves is soon cleaned up."""
    options = StackOptions(
        data_dir=tmp_path_factory.mktemp("mortal"),
        free_ports=True,
        example_assistant=False,
        azurite_in_memory=True,
        settings={"WORKBENCH__TRANSFERS__CLEANUP_SECONDS": "4"},
    )
    async with own_stack(options) as running:
        yield running


@pytest.fixture
async def ada(mortal: Stack, request: pytest.FixtureRequest) -> AsyncIterator[httpx.AsyncClient]:
    async with mortal.api(f"Ada of {request.node.name}") as client:
        yield client


@pytest.fixture
async def service(mortal: Stack) -> AsyncIterator[RecordingService]:
    async with another_service(mortal) as recorder:
        yield recorder


async def documents(stack: Stack, container: str, partition: str) -> list[dict[str, Any]]:
    """What is stored in a partition."""
    async with backends.container(stack, container) as found:
        return [row async for row in found.query_items("SELECT * FROM c", partition_key=partition)]


async def linked(stack: Stack, client: httpx.AsyncClient, kind: str) -> list[str]:
    """What the links of a person point to."""
    source = f"user:{await user_id_of(client)}"
    links = await documents(stack, resources.LINKS, source)
    return [link["target"] for link in links if link["type"] == kind]


async def nothing_is_left(stack: Stack, cid: str) -> None:
    """Wait until there is neither a document nor a blob of a conversation."""

    async def is_gone() -> bool:
        left = await documents(stack, resources.CONVERSATIONS, cid)
        return not left and not await blobs_in(stack, resources.FILES_BLOB_CONTAINER, cid)

    await eventually(is_gone)


async def conversations_of(client: httpx.AsyncClient) -> list[str]:
    """The ids that a listing gives."""
    listed = answer_of(await client.get("/conversations?include_inactive=true"))["conversations"]
    return [conversation["id"] for conversation in listed]


async def test_a_failed_import_leaves_no_document_no_blob_and_no_link(
    mortal: Stack, ada: httpx.AsyncClient, service: RecordingService
) -> None:
    _, content = original_archive(service.service_id)
    service.hold = asyncio.Event()
    service.answer = answering(500, "no", method="PUT")
    importing = asyncio.create_task(send(ada, content))
    await service.wait_for(lambda me: bool(calls(me, "PUT")))
    [cid] = await linked(mortal, ada, "conversation")
    assert await documents(mortal, resources.CONVERSATIONS, cid)
    assert len(await blobs_in(mortal, resources.FILES_BLOB_CONTAINER, cid)) == 2
    assert await conversations_of(ada) == []

    service.hold.set()

    assert (await importing).status_code == 500
    assert await linked(mortal, ada, "conversation") == []
    assert await linked(mortal, ada, "assistant") == []
    await nothing_is_left(mortal, cid)


async def test_an_import_that_dies_leaves_nothing_once_it_is_cleaned_up(
    mortal: Stack, ada: httpx.AsyncClient, service: RecordingService
) -> None:
    _, content = original_archive(service.service_id)
    service.hold = asyncio.Event()
    importing = asyncio.create_task(send(ada, content))
    await service.wait_for(lambda me: bool(calls(me, "PUT")))
    [cid] = await linked(mortal, ada, "conversation")

    await mortal.kill_functions_host()
    service.hold.set()
    with contextlib.suppress(httpx.HTTPError):
        await importing
    await mortal.restart_functions_host()

    assert await conversations_of(ada) == []
    assert answer_of(await ada.get("/assistants"))["assistants"] == []
    await nothing_is_left(mortal, cid)


@pytest.mark.parametrize("kind", ["batch", "create"])
async def test_a_database_that_fails_half_way_leaves_nothing(
    mortal: Stack, ada: httpx.AsyncClient, kind: str
) -> None:
    await user_id_of(ada)
    one, two = conversation_record(), conversation_record()
    rows = [one, two, *(message_record(row[1]["conversation_id"]) for row in (one, two))]
    fault = {"operation": kind, "container": resources.CONVERSATIONS, "status": 500}
    await mortal.cosmos_admin.add_fault(**fault, times=1)

    try:
        response = await send(ada, pack(rows))
    finally:
        await mortal.cosmos_admin.clear_faults()

    assert response.status_code == 503
    assert await conversations_of(ada) == []
    assert await linked(mortal, ada, "conversation") == []


async def test_a_duplication_that_dies_leaves_nothing_and_the_original_alone(
    mortal: Stack, ada: httpx.AsyncClient, service: RecordingService
) -> None:
    cid = (await new_conversation(ada))["id"]
    await save(ada, cid, {"a": b"a"})
    assistant = await new_assistant(ada, service)
    await add_assistant(ada, cid, assistant["id"])
    service.hold = asyncio.Event()
    duplicating = asyncio.create_task(ada.post(f"/conversations/{cid}", json={}))
    await service.wait_for(lambda me: bool(calls(me, "GET", "/export-data")))
    [copy] = {*await linked(mortal, ada, "conversation")} - {cid}

    await mortal.kill_functions_host()
    service.hold.set()
    with contextlib.suppress(httpx.HTTPError):
        await duplicating
    await mortal.restart_functions_host()

    assert await conversations_of(ada) == [cid]
    await nothing_is_left(mortal, copy)
    assert len(await blobs_in(mortal, resources.FILES_BLOB_CONTAINER, cid)) == 1


async def test_an_import_that_dies_while_it_becomes_visible_is_there_in_the_end(
    mortal: Stack, ada: httpx.AsyncClient, service: RecordingService
) -> None:
    old_id = str(uuid.uuid4())
    fields = {"assistant_id": old_id, "owner_id": "x", "name": "New"}
    assistant = ("Assistant", fields | {"assistant_service_id": service.service_id})
    conversations = [conversation_record() for _ in range(2)]
    messages = [message_record(row["conversation_id"]) for _, row in conversations]
    entries = {f"assistants/{old_id}/assistant_data.bin": b"data"}
    service.hold = asyncio.Event()
    content = pack([assistant, *conversations, *messages], entries)
    importing = asyncio.create_task(send(ada, content))
    await service.wait_for(lambda me: bool(calls(me, "PUT")))
    for kind in ("create", "batch"):
        await mortal.cosmos_admin.add_fault(
            operation=kind,
            container=resources.CONVERSATIONS,
            spare=1,
            reset=True,
            latency_ms=60_000,
        )

    async def a_part_is_visible() -> bool:
        return len(await conversations_of(ada)) == 1

    async def everything_is_visible() -> bool:
        return len(await conversations_of(ada)) == 2

    service.hold.set()
    await eventually(a_part_is_visible)
    await mortal.kill_functions_host()
    with contextlib.suppress(httpx.HTTPError):
        await importing
    await mortal.cosmos_admin.clear_faults()
    await mortal.restart_functions_host()

    await eventually(everything_is_visible)
    for cid in await conversations_of(ada):
        assert await contents_of(ada, cid) == ["hello"]
    [found] = answer_of(await ada.get("/assistants"))["assistants"]
    assert found["name"] == "New"

"""Exports and duplications of what is changed or deleted meanwhile."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from local.stack.stack import Stack
from shared import resources
from tests.api.archive_builders import export
from tests.api.assistant_builders import calls, meet
from tests.api.builders import answer_of, contents_of, post_message
from tests.api.conftest import new_conversation
from tests.api.file_builders import blobs_in, names_in, save
from tests.support import backends
from tests.support.assistant_service import RecordingService
from tests.support.eventually import eventually

FILES = resources.FILES_BLOB_CONTAINER


@pytest.fixture(autouse=True)
async def _no_fault_stays(stack: Stack) -> AsyncIterator[None]:
    admin = stack.cosmos_admin
    yield
    await admin.clear_faults()


async def hold_a_query(stack: Stack) -> None:
    """Keep back the answer to the next query in a conversation."""
    await stack.cosmos_admin.add_fault(
        operation="query", container=resources.CONVERSATIONS, hold=True, times=1
    )


async def remove_blobs(stack: Stack, names: list[str]) -> None:
    """Remove blobs before anybody else knows of it, as a clean-up does."""
    async with backends.blobs(stack) as service:
        for name in names:
            await service.get_blob_client(FILES, name).delete_blob()


async def test_a_copy_leaves_out_versions_that_are_gone(
    stack: Stack, ada: httpx.AsyncClient
) -> None:
    cid = (await new_conversation(ada))["id"]
    await save(ada, cid, {"gone": b"gone"})
    await save(ada, cid, {"kept": b"old"})
    doomed = await blobs_in(stack, FILES, cid)
    await save(ada, cid, {"kept": b"new"})
    await remove_blobs(stack, doomed)

    [copy] = answer_of(await ada.post(f"/conversations/{cid}", json={}))["conversation_ids"]

    assert await names_in(ada, copy) == ["kept"]
    versions = answer_of(await ada.get(f"/conversations/{copy}/files/kept/versions"))["versions"]
    assert [version["version"] for version in versions] == [2]
    assert (await ada.get(f"/conversations/{copy}/files/kept")).text == "new"
    assert (await export(ada, cid)).rows["FileVersion"][0]["version"] == 2


async def test_a_message_that_is_deleted_while_it_is_copied_can_be_deleted_from_the_copy(
    stack: Stack, ada: httpx.AsyncClient
) -> None:
    cid = (await new_conversation(ada))["id"]
    message = await post_message(ada, cid, "doomed", debug_data={"d": 1})
    await hold_a_query(stack)
    duplicating = asyncio.create_task(ada.post(f"/conversations/{cid}", json={}))
    await eventually(stack.cosmos_admin.holds_an_answer)
    url = f"/conversations/{cid}/messages/{message['id']}"
    assert (await ada.delete(url)).status_code == 204

    await stack.cosmos_admin.clear_faults()

    [copy] = answer_of(await duplicating)["conversation_ids"]
    messages = f"/conversations/{copy}/messages"
    [copied] = answer_of(await ada.get(messages))["messages"]
    assert copied["has_debug_data"] is False
    assert (await ada.delete(f"{messages}/{copied['id']}")).status_code == 204
    assert await contents_of(ada, copy) == []


async def test_no_copy_is_left_of_what_is_deleted_while_it_is_copied(
    ada: httpx.AsyncClient, service: RecordingService
) -> None:
    meeting = await meet(ada, service)
    service.hold = asyncio.Event()
    duplicating = asyncio.create_task(ada.post(f"/conversations/{meeting.cid}", json={}))
    await service.wait_for(lambda me: bool(calls(me, "GET", "/export-data")))
    assert (await ada.delete(f"/conversations/{meeting.cid}")).status_code == 204

    service.hold.set()

    assert (await duplicating).status_code == 404
    assert answer_of(await ada.get("/conversations"))["conversations"] == []
    told = {call.path for call in calls(service, "PUT") if "/conversations/" in call.path}
    [copy] = {path for path in told if not path.endswith(meeting.cid)}
    assert calls(service, "DELETE", copy)


async def test_what_is_deleted_while_it_is_exported_is_not_exported_by_half(
    stack: Stack, ada: httpx.AsyncClient
) -> None:
    cid = (await new_conversation(ada))["id"]
    await post_message(ada, cid)
    await hold_a_query(stack)
    url = f"/conversations/export?id={cid}"
    exporting = asyncio.create_task(ada.get(url))
    await eventually(stack.cosmos_admin.holds_an_answer)
    assert (await ada.delete(f"/conversations/{cid}")).status_code == 204

    await stack.cosmos_admin.clear_faults()

    assert (await exporting).status_code == 409
    assert (await ada.get(url)).status_code == 200

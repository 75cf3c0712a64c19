"""Writes that were stored and not confirmed: the SDK sends them again, and meets its own first.

Nobody may take that for somebody else's doing.
"""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from local.stack.stack import Stack
from shared import resources
from tests.api.archive_builders import conversation_record, message_record, pack, send
from tests.api.assistant_builders import calls, meet
from tests.api.builders import (
    answer_of,
    get_conversation,
    negotiate,
    post_message,
    user_id_of,
)
from tests.api.conftest import new_assistant, new_conversation
from tests.api.file_builders import files_of
from tests.support.assistant_service import RecordingService
from tests.support.eventually import eventually


@pytest.fixture(autouse=True)
async def _no_fault_stays(stack: Stack) -> AsyncIterator[None]:
    admin = stack.cosmos_admin
    yield
    await admin.clear_faults()


async def unconfirmed(stack: Stack, operation: str, container: str, spare: int = 0) -> None:
    """The next such write but for some is stored, and its answer is lost."""
    await stack.cosmos_admin.add_fault(
        operation=operation, container=container, reset_after=True, times=1, spare=spare
    )


async def conversations_of(client: httpx.AsyncClient) -> list[str]:
    """The ids that a listing gives."""
    listed = answer_of(await client.get("/conversations"))["conversations"]
    return [conversation["id"] for conversation in listed]


async def test_a_conversation_is_created_once(stack: Stack, ada: httpx.AsyncClient) -> None:
    await user_id_of(ada)
    await unconfirmed(stack, "create", resources.CONVERSATIONS)

    created = await new_conversation(ada, title="Once")

    assert await conversations_of(ada) == [created["id"]]
    await post_message(ada, created["id"])


async def test_a_profile_is_created_once(stack: Stack, ada: httpx.AsyncClient) -> None:
    await unconfirmed(stack, "create", resources.USERS)

    first = answer_of(await ada.get("/users/me"))

    assert answer_of(await ada.get("/users/me")) == first


async def test_an_assistant_is_created_once(
    stack: Stack, ada: httpx.AsyncClient, service: RecordingService
) -> None:
    await user_id_of(ada)
    await unconfirmed(stack, "create", resources.ASSISTANTS)

    created = await new_assistant(ada, service)

    listed = answer_of(await ada.get("/assistants"))["assistants"]
    assert [assistant["id"] for assistant in listed] == [created["id"]]


async def test_an_upload_begins(stack: Stack, ada: httpx.AsyncClient) -> None:
    cid = (await new_conversation(ada))["id"]
    await unconfirmed(stack, "*", resources.CONVERSATIONS)

    upload = answer_of(await ada.post(f"{files_of(cid)}/uploads", json={"filename": "big"}))

    async with httpx.AsyncClient() as anybody:
        await anybody.put(upload["url"], content=b"x", headers=upload["headers"])
    committed = await ada.post(f"{files_of(cid)}/uploads/{upload['upload_id']}")
    assert answer_of(committed)["filename"] == "big"


async def test_an_archive_is_imported_once(stack: Stack, ada: httpx.AsyncClient) -> None:
    await user_id_of(ada)
    row = conversation_record()
    content = pack([row, message_record(row[1]["conversation_id"])])
    await unconfirmed(stack, "create", resources.CONVERSATIONS)

    result = answer_of(await send(ada, content))

    assert await conversations_of(ada) == result["conversation_ids"]


async def test_a_conversation_is_duplicated_once(stack: Stack, ada: httpx.AsyncClient) -> None:
    cid = (await new_conversation(ada))["id"]
    await unconfirmed(stack, "create", resources.CONVERSATIONS)

    result = answer_of(await ada.post(f"/conversations/{cid}", json={}))

    assert {*await conversations_of(ada)} == {cid, *result["conversation_ids"]}


async def test_an_assistant_is_renamed_everywhere(
    stack: Stack, ada: httpx.AsyncClient, service: RecordingService
) -> None:
    meeting = await meet(ada, service)
    await unconfirmed(stack, "replace", resources.ASSISTANTS)

    renamed = answer_of(await ada.patch(f"/assistants/{meeting.aid}", json={"name": "New"}))

    assert renamed["name"] == "New"
    shown = (await get_conversation(ada, meeting.cid))["participants"]
    assert [found["name"] for found in shown if found["role"] == "assistant"] == ["New"]


async def test_a_person_is_renamed_everywhere(stack: Stack, ada: httpx.AsyncClient) -> None:
    cid = (await new_conversation(ada))["id"]
    await unconfirmed(stack, "replace", resources.USERS)

    renamed = answer_of(await ada.put("/users/me", json={"image": "data:new"}))

    assert renamed["image"] == "data:new"
    shown = (await get_conversation(ada, cid))["participants"]
    assert [found["image"] for found in shown] == ["data:new"]


async def test_an_assistant_gets_its_first_stream(
    stack: Stack, ada: httpx.AsyncClient, service: RecordingService
) -> None:
    assistant = (await new_assistant(ada, service))["id"]
    await unconfirmed(stack, "*", resources.ASSISTANTS, spare=1)

    async with service.workbench(assistant) as client:
        assert "url" in await negotiate(client, f"/assistants/{assistant}")


async def test_of_two_who_rename_an_assistant_the_slower_one_has_the_last_word(
    stack: Stack, ada: httpx.AsyncClient, service: RecordingService
) -> None:
    """Everywhere: a refusal would come after the service has been told of the new name."""
    meeting = await meet(ada, service)
    url = f"/assistants/{meeting.aid}"
    await stack.cosmos_admin.add_fault(
        operation="read", container=resources.ASSISTANTS, hold=True, times=1
    )
    slower = asyncio.create_task(ada.patch(url, json={"name": "Slower"}))
    await eventually(stack.cosmos_admin.holds_an_answer)
    answer_of(await ada.patch(url, json={"name": "Faster", "image": "data:faster"}))

    await stack.cosmos_admin.clear_faults()

    renamed = answer_of(await slower)
    assert (renamed["name"], renamed["image"]) == ("Slower", "data:faster")
    told = calls(service, "PUT", meeting.aid)[-1]
    assert b"Slower" in told.body
    shown = (await get_conversation(ada, meeting.cid))["participants"]
    assert [found["name"] for found in shown if found["role"] == "assistant"] == ["Slower"]

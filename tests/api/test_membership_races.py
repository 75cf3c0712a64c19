"""Assistants that are deleted, or leave, while somebody puts them into a conversation."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from local.stack.stack import Stack
from shared import resources
from tests.api.archive_builders import send
from tests.api.assistant_builders import Meeting, calls, meet
from tests.api.builders import answer_of
from tests.api.conftest import new_assistant
from tests.support import backends
from tests.support.assistant_service import RecordingService
from tests.support.eventually import eventually


@pytest.fixture(autouse=True)
async def _no_fault_stays(stack: Stack) -> AsyncIterator[None]:
    admin = stack.cosmos_admin
    yield
    await admin.clear_faults()


async def hold(stack: Stack, operation: str, container: str, spare: int = 0) -> None:
    """Keep back the answer to the next such request but for some."""
    await stack.cosmos_admin.add_fault(
        operation=operation, container=container, hold=True, times=1, spare=spare
    )


def hold_back(service: RecordingService) -> asyncio.Event:
    """Have the service answer what it is asked from now on when the event is set."""
    service.hold = asyncio.Event()
    return service.hold


async def active_assistants(client: httpx.AsyncClient, cid: str) -> list[str]:
    """The ids of the assistants that take part in a conversation."""
    participants = answer_of(await client.get(f"/conversations/{cid}"))["participants"]
    return [
        found["id"]
        for found in participants
        if found["role"] == "assistant" and found["active_participant"]
    ]


async def delete(client: httpx.AsyncClient, aid: str) -> None:
    """Delete an assistant."""
    assert (await client.delete(f"/assistants/{aid}")).status_code == 204


async def copies_of(client: httpx.AsyncClient, cid: str) -> list[str]:
    """The person's other conversations."""
    listed = answer_of(await client.get("/conversations"))["conversations"]
    return [found["id"] for found in listed if found["id"] != cid]


async def test_an_assistant_that_is_deleted_while_it_is_told_does_not_join(
    ada: httpx.AsyncClient, cid: str, service: RecordingService
) -> None:
    aid = (await new_assistant(ada, service))["id"]
    held = hold_back(service)
    joining = asyncio.create_task(Meeting(ada, service, cid, aid).put())
    await service.wait_for(lambda me: bool(calls(me, "PUT", f"/conversations/{cid}")))
    service.hold = None
    await delete(ada, aid)

    held.set()

    assert (await joining).status_code == 404
    assert await active_assistants(ada, cid) == []


async def test_an_assistant_that_is_deleted_as_it_begins_to_join_is_not_told(
    stack: Stack, ada: httpx.AsyncClient, cid: str, service: RecordingService
) -> None:
    aid = (await new_assistant(ada, service))["id"]
    await hold(stack, "upsert", resources.LINKS)
    joining = asyncio.create_task(Meeting(ada, service, cid, aid).put())
    await eventually(stack.cosmos_admin.holds_an_answer)
    await delete(ada, aid)

    await stack.cosmos_admin.clear_faults()

    assert (await joining).status_code == 404
    assert await active_assistants(ada, cid) == []
    assert calls(service, "PUT", f"/conversations/{cid}") == []


async def test_an_assistant_that_joins_while_it_is_deleted_leaves(
    stack: Stack, ada: httpx.AsyncClient, cid: str, service: RecordingService
) -> None:
    meeting = Meeting(ada, service, cid, (await new_assistant(ada, service))["id"])
    await hold(stack, "query", resources.LINKS)
    deleting = asyncio.create_task(delete(ada, meeting.aid))
    await eventually(stack.cosmos_admin.holds_an_answer)
    assert (await meeting.put()).status_code == 200

    await stack.cosmos_admin.clear_faults()

    await deleting
    assert await active_assistants(ada, cid) == []


async def test_an_assistant_that_is_deleted_while_it_makes_a_conversation_leaves_nothing(
    stack: Stack, ada: httpx.AsyncClient, service: RecordingService
) -> None:
    owner = answer_of(await ada.get("/users/me"))["id"]
    aid = (await new_assistant(ada, service))["id"]
    held = hold_back(service)
    async with service.workbench(aid) as me:
        making = asyncio.create_task(me.post(f"/conversations/{owner}", json={}))
        await service.wait_for(lambda _: bool(_conversations_told(service)))
        service.hold = None
        await delete(ada, aid)

        held.set()

        assert (await making).status_code == 404
    assert await _aggregates(stack, _conversations_told(service)) == []


async def test_a_copy_is_without_an_assistant_that_was_deleted_meanwhile(
    ada: httpx.AsyncClient, service: RecordingService
) -> None:
    meeting = await meet(ada, service)
    held = hold_back(service)
    duplicating = asyncio.create_task(ada.post(f"/conversations/{meeting.cid}", json={}))
    await service.wait_for(lambda me: bool(calls(me, "GET", "/export-data")))
    service.hold = None
    await delete(ada, meeting.aid)

    held.set()

    [copy] = answer_of(await duplicating)["conversation_ids"]
    assert await active_assistants(ada, copy) == []


async def test_an_import_is_without_an_assistant_that_was_deleted_meanwhile(
    stack: Stack, ada: httpx.AsyncClient, service: RecordingService
) -> None:
    meeting = await meet(ada, service)
    exported = await ada.get("/conversations/export", params={"id": meeting.cid})
    told = len(calls(service, "PUT"))
    held = hold_back(service)
    importing = asyncio.create_task(send(ada, exported.content))
    await service.wait_for(lambda me: len(calls(me, "PUT")) > told)
    service.hold = None
    await delete(ada, meeting.aid)

    held.set()

    [imported] = answer_of(await importing)["conversation_ids"]
    assert await active_assistants(ada, imported) == []


async def test_an_assistant_that_leaves_meanwhile_is_told_that_it_is_back(
    stack: Stack, ada: httpx.AsyncClient, service: RecordingService
) -> None:
    meeting = await meet(ada, service)
    await hold(stack, "read", resources.ASSISTANTS)
    keeping = asyncio.create_task(meeting.put(active_participant=True))
    await eventually(stack.cosmos_admin.holds_an_answer)
    async with service.workbench(meeting.aid) as me:
        path = f"/conversations/{meeting.cid}/participants/me"
        left = await me.put(path, json={"active_participant": False})
    assert left.status_code == 200

    await stack.cosmos_admin.clear_faults()

    assert answer_of(await keeping)["active_participant"]
    path = f"/conversations/{meeting.cid}"
    assert len(calls(service, "PUT", path)) == 2


def _conversations_told(service: RecordingService) -> list[str]:
    """The conversations that the service was told of."""
    puts = [call.path for call in calls(service, "PUT") if "/conversations/" in call.path]
    return [path.rsplit("/", 1)[-1] for path in puts]


async def _aggregates(stack: Stack, cids: list[str]) -> list[dict[str, Any]]:
    """What is stored of conversations themselves."""
    async with backends.container(stack) as container:
        return [
            document
            for cid in cids
            async for document in container.query_items(
                "SELECT * FROM c WHERE c.type = 'conversation'", partition_key=cid
            )
        ]

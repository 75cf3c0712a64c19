"""Deleting a conversation: gone at once for everyone, and then gone altogether."""

import httpx

from local.stack.stack import Stack
from tests.api.conftest import Person, add_assistant, new_assistant, new_conversation
from tests.support import backends
from tests.support.assistant_service import RecordingService
from tests.support.eventually import eventually
from tests.support.subscriber import Subscriber


async def test_a_deleted_conversation_is_gone_and_everybody_is_told(
    ada: httpx.AsyncClient, service: RecordingService
) -> None:
    cid = (await new_conversation(ada))["id"]
    assistant = await new_assistant(ada, service)
    await add_assistant(ada, cid, assistant["id"])
    own = (await ada.post("/events/negotiate")).json()

    async with Subscriber(own["url"]) as subscriber:
        answer = await ada.delete(f"/conversations/{cid}")
        assert answer.status_code == 204, answer.text
        told = await subscriber.next("conversation.deleted")

    assert told["data"]["conversation"]["id"] == cid
    assert (await ada.get(f"/conversations/{cid}")).status_code == 404
    assert (await ada.get(f"/conversations/{cid}/messages")).status_code == 404
    listed = (await ada.get("/conversations?include_inactive=true")).json()["conversations"]
    assert cid not in [conversation["id"] for conversation in listed]
    await service.wait_for_event(cid, "conversation.deleted")
    await service.wait_for(
        lambda me: any(
            call.method == "DELETE" and call.path.endswith(f"/conversations/{cid}")
            for call in me.calls
        )
    )
    async with service.workbench(assistant["id"]) as me:
        assert (await me.get(f"/conversations/{cid}")).status_code == 404


async def test_only_the_owner_or_the_creating_assistant_may_delete(
    ada: httpx.AsyncClient, person: Person, service: RecordingService
) -> None:
    cid = (await new_conversation(ada))["id"]
    assistant = await new_assistant(ada, service)
    await add_assistant(ada, cid, assistant["id"])
    owner_id = (await ada.get("/users/me")).json()["id"]

    assert (await person().delete(f"/conversations/{cid}")).status_code == 404
    async with service.workbench(assistant["id"]) as me:
        assert (await me.delete(f"/conversations/{cid}")).status_code == 403
        created = (await me.post(f"/conversations/{owner_id}", json={})).json()
        assert (await me.delete(f"/conversations/{created['id']}")).status_code == 204
        assert (await me.get(f"/conversations/{created['id']}")).status_code == 404


async def test_nothing_of_a_deleted_conversation_is_left(
    ada: httpx.AsyncClient, stack: Stack
) -> None:
    cid = (await new_conversation(ada))["id"]
    for number in range(5):
        message = {"content": f"message {number}", "debug_data": {"n": number}}
        await ada.post(f"/conversations/{cid}/messages", json=message)

    await ada.delete(f"/conversations/{cid}")

    async with backends.container(stack) as container:

        async def is_empty() -> bool:
            found = container.query_items("SELECT c.id FROM c", partition_key=cid)
            return not [document async for document in found]

        await eventually(is_empty)

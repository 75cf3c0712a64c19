"""A person, an assistant and a subscriber in one conversation."""

import httpx

from tests.api.conftest import add_assistant, new_assistant, new_conversation
from tests.support.assistant_service import RecordingService
from tests.support.subscriber import Subscriber


async def test_a_message_reaches_the_assistant_and_the_subscriber(
    ada: httpx.AsyncClient, service: RecordingService
) -> None:
    conversation = await new_conversation(ada)
    cid = conversation["id"]
    assistant = await new_assistant(ada, service)
    await add_assistant(ada, cid, assistant["id"])
    negotiated = (await ada.post(f"/conversations/{cid}/events/negotiate")).json()

    async with Subscriber(negotiated["url"]) as subscriber:
        posted = await ada.post(f"/conversations/{cid}/messages", json={"content": "hello"})
        assert posted.status_code == 200, posted.text
        seen = await subscriber.next("message.created")
        got = await service.wait_for_event(cid, "message.created")

        assert seen["data"]["message"]["content"] == "hello"
        assert got == seen
        assert got["correlation_id"] == posted.headers["x-request-id"]

        async with service.workbench(assistant["id"]) as me:
            reply = await me.post(f"/conversations/{cid}/messages", json={"content": "hi"})
            assert reply.status_code == 200, reply.text
        answered = await subscriber.next("message.created")

    assert answered["data"]["message"]["sender"] == {
        "participant_role": "assistant",
        "participant_id": assistant["id"],
    }
    assert answered["sequence"] == seen["sequence"] + 1

"""Leaving takes effect at once, also for addresses negotiated before and in bad weather."""

import httpx

from local.stack.stack import Stack
from tests.api.builders import admit, leave, negotiate, post_message
from tests.api.conftest import Person, add_assistant, new_assistant, new_conversation
from tests.support import backends
from tests.support.assistant_service import RecordingService
from tests.support.subscriber import Subscriber


async def test_an_address_negotiated_before_leaving_gives_nothing_after(
    ada: httpx.AsyncClient, person: Person, stack: Stack
) -> None:
    cid = (await new_conversation(ada))["id"]
    bert_id = await admit(stack, cid, bert := person())
    url = (await negotiate(bert, f"/conversations/{cid}"))["url"]
    await leave(bert, cid)

    async with backends.web_pubsub(stack) as web_pubsub, Subscriber(url) as subscriber:
        await post_message(ada, cid, "not heard")
        await web_pubsub.send_to_user(bert_id, {"event": "the end"})
        assert await subscriber.next() == {"event": "the end"}


async def test_leaving_succeeds_while_the_real_time_channel_is_down(
    ada: httpx.AsyncClient, stack: Stack
) -> None:
    cid = (await new_conversation(ada))["id"]
    await stack.web_pubsub_admin.add_fault(operation="*", status=503)
    try:
        answer = await ada.patch(
            f"/conversations/{cid}/participants/me", json={"active_participant": False}
        )
    finally:
        await stack.web_pubsub_admin.clear_faults()

    assert answer.status_code == 200, answer.text


async def test_a_status_does_not_bring_back_an_assistant_that_left(
    ada: httpx.AsyncClient, service: RecordingService
) -> None:
    cid = (await new_conversation(ada))["id"]
    assistant = (await new_assistant(ada, service))["id"]
    await add_assistant(ada, cid, assistant)
    path = f"/conversations/{cid}/participants/{assistant}"
    await ada.patch(path, json={"active_participant": False})

    answer = await ada.patch(path, json={"status": "gone fishing"})

    assert answer.status_code == 200, answer.text
    assert answer.json()["active_participant"] is False

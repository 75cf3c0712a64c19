"""The whole product with the example assistant, as real processes, stopped and started again."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from local.stack.options import StackOptions
from local.stack.stack import Stack
from tests.api.builders import admit, answer_of, contents_of, negotiate, post_message
from tests.api.conftest import add_assistant, new_conversation
from tests.support.subscriber import Subscriber
from tests.support.targets import own_stack


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> StackOptions:
    """A stack that keeps its data."""
    return StackOptions(data_dir=tmp_path_factory.mktemp("echo"), free_ports=True)


@pytest.fixture
async def running(options: StackOptions) -> AsyncIterator[Stack]:
    """The stack, with whatever was in its data folder."""
    async with own_stack(options) as stack:
        yield stack


async def echo_service(client: httpx.AsyncClient) -> dict[str, Any]:
    """What the only assistant service that is online says of itself."""
    [info] = answer_of(await client.get("/assistant-services"))["assistant_service_infos"]
    return info


async def invite_echo(client: httpx.AsyncClient, cid: str) -> dict[str, Any]:
    """A new assistant of the example's, in the conversation."""
    info = await echo_service(client)
    body = {"assistant_service_id": info["assistant_service_id"], "name": "Echo"}
    assistant = answer_of(await client.post("/assistants", json=body))
    await add_assistant(client, cid, assistant["id"])
    return assistant


async def follow(client: httpx.AsyncClient, cid: str) -> Subscriber:
    """The client's WebSocket in the conversation."""
    return Subscriber((await negotiate(client, f"/conversations/{cid}"))["url"])


async def seen(subscriber: Subscriber, count: int) -> list[tuple[str, str]]:
    """Who said what, in the next so many messages."""
    messages = [
        (await subscriber.next("message.created", seconds=20))["data"]["message"]
        for _ in range(count)
    ]
    return [(found["sender"]["participant_role"], found["content"]) for found in messages]


async def test_a_person_talks_with_the_example_assistant(running: Stack) -> None:
    async with running.api("Ada") as ada:
        cid = (await new_conversation(ada))["id"]
        assistant = await invite_echo(ada, cid)

        async with await follow(ada, cid) as people:
            await post_message(ada, cid, "hello")
            heard = await seen(people, 2)

        assert heard == [("user", "hello"), ("assistant", "Echo: hello")]
        assert await contents_of(ada, cid) == ["hello", "Echo: hello"]
        states = answer_of(
            await ada.get(f"/assistants/{assistant['id']}/conversations/{cid}/states")
        )
        config = answer_of(await ada.get(f"/assistants/{assistant['id']}/config"))
        assert [state["id"] for state in states["states"]] == ["echo_log"]
        assert config["config"] == {"prefix": "Echo: "}


async def test_two_people_see_each_others_messages_and_a_third_sees_nothing(
    running: Stack,
) -> None:
    async with (
        running.api("Ada") as ada,
        running.api("Grace") as grace,
        running.api("Mallory") as mallory,
    ):
        cid = (await new_conversation(ada))["id"]
        await admit(running, cid, grace)

        async with await follow(ada, cid) as by_ada, await follow(grace, cid) as by_grace:
            await post_message(ada, cid, "hello, Grace")
            await post_message(grace, cid, "hello, Ada")
            both = [await seen(by_ada, 2), await seen(by_grace, 2)]

        assert both == [[("user", "hello, Grace"), ("user", "hello, Ada")]] * 2
        assert await contents_of(grace, cid) == ["hello, Grace", "hello, Ada"]
        refused = [
            await mallory.get(f"/conversations/{cid}"),
            await mallory.get(f"/conversations/{cid}/messages"),
            await mallory.get(f"/conversations/{cid}/participants"),
            await mallory.get(f"/conversations/{cid}/events"),
            await mallory.post(f"/conversations/{cid}/messages", json={"content": "me too"}),
            await mallory.post(f"/conversations/{cid}/events/negotiate"),
        ]
        assert [response.status_code for response in refused] == [404] * len(refused)


async def test_everything_is_still_there_after_a_restart_and_the_assistant_answers_again(
    options: StackOptions,
) -> None:
    async with own_stack(options) as before, before.api("Restarter") as ada:
        cid = (await new_conversation(ada, title="Kept"))["id"]
        assistant = await invite_echo(ada, cid)
        async with await follow(ada, cid) as people:
            await post_message(ada, cid, "first")
            await seen(people, 2)

    async with own_stack(options) as after, after.api("Restarter") as ada:
        conversation = answer_of(await ada.get(f"/conversations/{cid}"))
        assistants = answer_of(await ada.get("/assistants"))["assistants"]
        messages = await contents_of(ada, cid)
        async with await follow(ada, cid) as people:
            await post_message(ada, cid, "second")
            heard = await seen(people, 2)

    assert conversation["title"] == "Kept"
    assert [found["id"] for found in assistants] == [assistant["id"]]
    assert messages == ["first", "Echo: first"]
    assert heard == [("user", "second"), ("assistant", "Echo: second")]


async def test_messages_posted_while_the_assistant_is_down_are_answered_when_it_is_back(
    running: Stack,
) -> None:
    async with running.api("Patient") as ada:
        cid = (await new_conversation(ada))["id"]
        await invite_echo(ada, cid)
        await running.stop_example_assistant()

        async with await follow(ada, cid) as people:
            await post_message(ada, cid, "anybody there?")
            await running.restart_example_assistant()
            heard = await seen(people, 2)

    assert heard == [("user", "anybody there?"), ("assistant", "Echo: anybody there?")]

"""Titles by a model, through the real client, against a server that speaks its protocol."""

import json
import uuid
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from aiohttp import web

from local.stack.stack import Stack
from shared import resources
from tests.api.builders import events_of, get_conversation, post_message
from tests.api.conftest import add_assistant, new_assistant, new_conversation
from tests.support import backends
from tests.support.assistant_service import RecordingService
from tests.support.azure import Answer, Asked, FakeAzure, completion, title
from tests.support.eventually import eventually

COUNT = "__auto_title_count"
UNTITLED = "New Conversation"
TOOK_TOO_LONG = "error=TimeoutError"


@pytest.fixture
async def ada(azure_stack: Stack) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody with nothing yet, where conversations are titled."""
    async with azure_stack.api(f"Ada {uuid.uuid4()}") as client:
        yield client


@pytest.fixture
async def service(azure_stack: Stack) -> AsyncIterator[RecordingService]:
    """An assistant service of that stack's."""
    recorder = RecordingService(azure_stack.functions_url, f"titled-{uuid.uuid4()}.test")
    async with recorder:
        await recorder.register()
        yield recorder


@pytest.fixture
def unique() -> str:
    """A word that no other test's message has."""
    return uuid.uuid4().hex


def log_of(stack: Stack) -> str:
    """What the Functions host has logged so far."""
    return (stack.data_dir / "logs" / "functions_host.log").read_text()


async def until_titled(client: httpx.AsyncClient, cid: str, count: int) -> dict[str, Any]:
    """The conversation when this many titles were proposed."""

    async def counted() -> bool:
        return (await get_conversation(client, cid))["metadata"].get(COUNT) == count

    await eventually(counted)
    return await get_conversation(client, cid)


async def settle(azure: FakeAzure, client: httpx.AsyncClient, cid: str, count: int) -> None:
    """Have another message titled: what was asked for before it has been dealt with by then."""
    last = uuid.uuid4().hex
    await post_message(client, cid, last)
    await azure.wait_for(last)
    await until_titled(client, cid, count)


async def test_a_person_s_message_gives_the_conversation_a_title(
    ada: httpx.AsyncClient, azure: FakeAzure, unique: str
) -> None:
    cid = (await new_conversation(ada))["id"]

    message = await post_message(ada, cid, unique)
    titled = await until_titled(ada, cid, 1)

    assert titled["title"] == f"About {unique}"
    (event,) = [
        found for found in await events_of(ada, cid) if found["event"] == "conversation.updated"
    ]
    assert event["data"]["conversation"]["title"] == f"About {unique}"
    assert event["data"]["conversation"]["latest_message"] is None
    (created,) = [
        found for found in await events_of(ada, cid) if found["event"] == "message.created"
    ]
    assert created["data"]["message"]["id"] == message["id"]
    assert event["correlation_id"] == created["correlation_id"]
    asked = azure.requests_after(unique)[0]
    token = "token of the app for https://cognitiveservices.azure.com"
    assert asked.headers["authorization"] == f"Bearer {token}"
    assert asked.query == {"api-version": "2025-02-01-preview"}
    assert asked.path == "/openai/deployments/titles/chat/completions"


async def test_the_model_is_told_the_title_the_last_ten_chat_messages_and_the_form_of_its_answer(
    ada: httpx.AsyncClient, azure: FakeAzure, service: RecordingService, unique: str
) -> None:
    cid = (await new_conversation(ada))["id"]
    assistant = await new_assistant(ada, service)
    await add_assistant(ada, cid, assistant["id"])
    async with service.workbench(assistant["id"]) as me:
        for number in range(10):
            await post_message(me, cid, f"answer {number}")
    await post_message(ada, cid, "not chat", message_type="note")
    await post_message(ada, cid, unique)

    asked = await azure.wait_for(unique)

    *told, note = asked.body["messages"]
    assert told == [
        *({"role": "assistant", "content": f"answer {number}"} for number in range(1, 10)),
        {"role": "user", "content": unique},
    ]
    assert note["role"] == "developer"
    assert json.dumps(UNTITLED) in note["content"]
    assert asked.body["model"] == "gpt-4o-mini"
    form = asked.body["response_format"]["json_schema"]
    assert form["strict"] is True
    assert list(form["schema"]["properties"]) == ["title"]


async def test_long_messages_are_shown_in_part(
    ada: httpx.AsyncClient, azure: FakeAzure, unique: str
) -> None:
    cid = (await new_conversation(ada))["id"]
    await post_message(ada, cid, unique * 5000)

    asked = await azure.wait_for((unique * 5000)[:4000])

    assert len(asked.last_message) == 4000


async def test_a_conversation_is_titled_three_times_at_most(
    ada: httpx.AsyncClient, azure: FakeAzure, unique: str
) -> None:
    cid = (await new_conversation(ada))["id"]
    for number in (1, 2, 3):
        await post_message(ada, cid, f"{unique} {number}")
        await until_titled(ada, cid, number)

    await post_message(ada, cid, f"{unique} 4")
    other = (await new_conversation(ada))["id"]
    await settle(azure, ada, other, 1)

    assert azure.requests_after(f"{unique} 4") == []
    assert (await get_conversation(ada, cid))["title"] == f"About {unique} 3"


async def test_a_title_of_one_s_own_stays(
    ada: httpx.AsyncClient, azure: FakeAzure, unique: str
) -> None:
    created = (await new_conversation(ada, title="Mine"))["id"]
    renamed = (await new_conversation(ada))["id"]
    await ada.patch(f"/conversations/{renamed}", json={"title": "Mine, too"})

    for cid in (created, renamed):
        await post_message(ada, cid, unique)
    await settle(azure, ada, (await new_conversation(ada))["id"], 1)

    assert azure.requests_after(unique) == []
    assert (await get_conversation(ada, created))["title"] == "Mine"
    assert (await get_conversation(ada, renamed))["title"] == "Mine, too"


async def test_only_a_person_s_chat_prompts_for_a_title(
    ada: httpx.AsyncClient, azure: FakeAzure, service: RecordingService, unique: str
) -> None:
    cid = (await new_conversation(ada))["id"]
    assistant = await new_assistant(ada, service)
    await add_assistant(ada, cid, assistant["id"])

    async with service.workbench(assistant["id"]) as me:
        await post_message(me, cid, unique)
    for kind in ("command", "log", "note", "notice"):
        await post_message(ada, cid, f"{unique} {kind}", message_type=kind)
    await settle(azure, ada, cid, 1)

    assert [asked for asked in azure.asked if asked.last_message.startswith(unique)] == []


async def test_a_title_set_while_the_model_thinks_stays(
    ada: httpx.AsyncClient, azure: FakeAzure, unique: str
) -> None:
    cid = (await new_conversation(ada))["id"]
    with azure.holding():
        await post_message(ada, cid, unique)
        await azure.wait_for(unique)
        await ada.patch(f"/conversations/{cid}", json={"title": "Mine"})
    await settle(azure, ada, (await new_conversation(ada))["id"], 1)

    after = await get_conversation(ada, cid)
    assert (after["title"], after["metadata"].get(COUNT)) == ("Mine", None)


async def test_two_at_once_count_once(
    ada: httpx.AsyncClient, azure: FakeAzure, unique: str
) -> None:
    cid = (await new_conversation(ada))["id"]
    with azure.holding():
        for number in (1, 2):
            await post_message(ada, cid, f"{unique} {number}")
            await azure.wait_for(f"{unique} {number}")
    await until_titled(ada, cid, 1)
    await settle(azure, ada, cid, 2)

    kinds = [found["event"] for found in await events_of(ada, cid)]
    assert kinds.count("conversation.updated") == 2


async def test_a_request_that_comes_again_changes_nothing_more(
    azure_stack: Stack, ada: httpx.AsyncClient, azure: FakeAzure, unique: str
) -> None:
    cid = (await new_conversation(ada))["id"]
    message = await post_message(ada, cid, unique)
    await until_titled(ada, cid, 1)
    request = {
        "conversation_id": cid,
        "message_id": message["id"],
        "titles_before": 0,
        "correlation_id": uuid.uuid4().hex,
    }

    async with backends.queue(azure_stack, resources.TITLES_QUEUE) as queue:
        await queue.send_message(json.dumps(request))
        await settle(azure, ada, cid, 2)

    assert len(azure.requests_after(unique)) == 1


async def test_a_blank_proposal_keeps_the_title_and_counts(
    ada: httpx.AsyncClient, azure: FakeAzure, unique: str
) -> None:
    cid = (await new_conversation(ada))["id"]
    azure.answers[unique] = lambda _: title("  ")

    await post_message(ada, cid, unique)

    assert (await until_titled(ada, cid, 1))["title"] == UNTITLED


def refusal(_: Asked) -> web.Response:
    return completion(None, refusal="I would rather not")


def html(_: Asked) -> web.Response:
    return web.Response(text="<h1>Maintenance</h1>", content_type="text/html")


def not_found(_: Asked) -> web.Response:
    return web.json_response({"error": {"message": "no such deployment"}}, status=404)


NO_TITLES: dict[str, Answer] = {
    "refuses": refusal,
    "is not there": not_found,
    "answers with a page": html,
    "answers with no choice": lambda _: web.json_response({"choices": []}),
    "answers with a list": lambda _: web.json_response([1]),
    "answers with prose": lambda _: completion("Certainly! Here is a title"),
    "answers with another object": lambda _: completion('{"name": "x"}'),
    "answers with an essay": lambda _: title("word " * 100),
    "answers with control characters": lambda _: title("a\u0000b"),
}


@pytest.mark.parametrize("answer", NO_TITLES.values(), ids=NO_TITLES)
async def test_a_model_that_proposes_no_title_changes_nothing_and_is_asked_once(
    azure_stack: Stack, ada: httpx.AsyncClient, azure: FakeAzure, unique: str, answer: Answer
) -> None:
    cid = (await new_conversation(ada))["id"]
    azure.answers[unique] = answer

    await post_message(ada, cid, unique)
    await azure.wait_for(unique)
    await settle(azure, ada, (await new_conversation(ada))["id"], 1)

    after = await get_conversation(ada, cid)
    assert (after["title"], after["metadata"].get(COUNT)) == (UNTITLED, None)
    assert len(azure.requests_after(unique)) == 1
    assert "propose_title' (Failed" not in log_of(azure_stack), "the queue would try again"
    await settle(azure, ada, cid, 1)


async def test_a_model_that_fails_is_asked_once_more_and_then_left_alone(
    ada: httpx.AsyncClient, azure: FakeAzure, unique: str
) -> None:
    cid = (await new_conversation(ada))["id"]
    azure.answers[unique] = lambda _: web.json_response({"error": {}}, status=500)

    await post_message(ada, cid, unique)
    await azure.wait_for(unique, times=2)
    await settle(azure, ada, cid, 1)

    assert len(azure.requests_after(unique)) == 2


async def test_a_model_that_takes_too_long_is_left_alone(
    ada: httpx.AsyncClient, azure: FakeAzure, unique: str, azure_stack: Stack
) -> None:
    cid = (await new_conversation(ada))["id"]
    before = log_of(azure_stack).count(TOOK_TOO_LONG)

    async def gave_up() -> bool:
        return log_of(azure_stack).count(TOOK_TOO_LONG) > before

    with azure.holding():
        await post_message(ada, cid, unique)
        await eventually(gave_up)

    after = await get_conversation(ada, cid)
    assert (after["title"], after["metadata"].get(COUNT)) == (UNTITLED, None)


async def test_a_message_deleted_meanwhile_prompts_for_nothing(
    azure_stack: Stack, ada: httpx.AsyncClient, azure: FakeAzure
) -> None:
    cid = (await new_conversation(ada))["id"]
    await ada.delete(f"/conversations/{cid}")
    gone = {"message_id": str(uuid.uuid4()), "titles_before": 0, "correlation_id": ""}
    other = (await new_conversation(ada))["id"]
    asked_before = len(azure.asked)

    async with (
        backends.queues(azure_stack) as queues,
        backends.queue(azure_stack, resources.TITLES_QUEUE) as queue,
    ):
        for conversation_id in (cid, str(uuid.uuid4()), other):
            request = {**gone, "conversation_id": conversation_id}
            await queue.send_message(json.dumps(request))
        await settle(azure, ada, other, 1)
        poison = queues.get_queue_client(f"{resources.TITLES_QUEUE}-poison")
        assert (await poison.get_queue_properties()).approximate_message_count == 0
    assert len(azure.asked) == asked_before + 1

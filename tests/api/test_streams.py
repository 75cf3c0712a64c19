"""Events of conversations as WebSockets carry them."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import httpx
import pytest
from azure.messaging.webpubsubservice.aio import WebPubSubServiceClient

from local.stack.stack import Stack
from tests.api.builders import (
    admit,
    events_of,
    leave,
    negotiate,
    post_message,
    sequences,
    user_id_of,
)
from tests.api.conftest import Person, add_assistant, new_assistant, new_conversation
from tests.support import backends
from tests.support.assistant_service import RecordingService
from tests.support.subscriber import Subscriber

POSTS = 16


@pytest.fixture
async def web_pubsub(stack: Stack) -> AsyncIterator[WebPubSubServiceClient]:
    """The hub, as its owner has it."""
    async with backends.web_pubsub(stack) as client:
        yield client


class TestNegotiating:
    """What the three routes give."""

    async def test_the_address_is_for_a_websocket_and_for_a_short_time(
        self, ada: httpx.AsyncClient, path: str, cid: str, stack: Stack
    ) -> None:
        await post_message(ada, cid)
        own = await negotiate(ada, "")
        of_conversation = await negotiate(ada, path)

        host = stack.addresses.web_pubsub.replace("http", "ws")
        hub = backends.settings_of(stack).web_pubsub.hub
        for connection in (own, of_conversation):
            assert connection["url"].startswith(f"{host}/client/hubs/{hub}?")
            assert connection["protocol"] == "json.reliable.webpubsub.azure.v1"
            assert connection["expires_at"].endswith("Z")
        assert (own["last_sequence"], of_conversation["last_sequence"]) == (None, 1)

    @pytest.mark.parametrize(
        "frame",
        [
            {"type": "sendToGroup", "group": "conversation.{cid}", "dataType": "text", "data": "x"},
            {"type": "joinGroup", "group": "conversation.{other}"},
        ],
        ids=lambda frame: frame["type"],
    )
    async def test_a_connection_may_neither_publish_nor_listen_elsewhere(
        self, ada: httpx.AsyncClient, path: str, cid: str, frame: dict[str, Any]
    ) -> None:
        group = frame["group"].format(cid=cid, other=uuid.uuid4())
        url = (await negotiate(ada, path))["url"]
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(url, protocols=["json.webpubsub.azure.v1"]) as socket,
        ):
            assert (await socket.receive_json(timeout=10))["event"] == "connected"
            await socket.send_json({**frame, "group": group, "ackId": 1})
            ack = await socket.receive_json(timeout=10)

        assert (ack["type"], ack["success"], ack["error"]["name"]) == ("ack", False, "Forbidden")


class TestConversationStream:
    """Everything in one conversation."""

    async def test_it_carries_all_events_as_they_are_replayed(
        self, ada: httpx.AsyncClient, path: str, cid: str, service: RecordingService
    ) -> None:
        assistant_id = (await new_assistant(ada, service))["id"]
        state = {"state_id": "s", "event": "updated", "state": None}
        announce = f"/assistants/{assistant_id}/states/events?conversation_id={cid}"
        async with (
            Subscriber((await negotiate(ada, path))["url"]) as subscriber,
            service.workbench(assistant_id) as me,
        ):
            await add_assistant(ada, cid, assistant_id)
            message = await post_message(ada, cid)
            await ada.patch(path, json={"title": "T"})
            await ada.patch(f"{path}/participants/me", json={"status": "typing"})
            assert (await me.post(announce, json=state)).status_code == 204
            await ada.delete(f"{path}/messages/{message['id']}")
            while not subscriber.events or subscriber.events[-1]["event"] != "message.deleted":
                await subscriber.next()

        assert subscriber.events == await events_of(ada, cid)
        assert sequences(subscriber.events) == [1, 2, 3, 4, 5, 6]
        assert [event["event"] for event in subscriber.events] == [
            "participant.created",
            "message.created",
            "conversation.updated",
            "participant.updated",
            "assistant.state.updated",
            "message.deleted",
        ]

    async def test_two_people_see_each_others_messages(
        self, ada: httpx.AsyncClient, person: Person, path: str, cid: str, stack: Stack
    ) -> None:
        await admit(stack, cid, bert := person(), "read_write")
        async with (
            Subscriber((await negotiate(ada, path))["url"]) as to_ada,
            Subscriber((await negotiate(bert, path))["url"]) as to_bert,
        ):
            for sender in (ada, bert):
                posted = await post_message(sender, cid)
                for subscriber in (to_ada, to_bert):
                    assert (await subscriber.next())["data"]["message"] == posted

    async def test_an_assistant_may_follow_it_too(
        self, ada: httpx.AsyncClient, path: str, cid: str, service: RecordingService
    ) -> None:
        assistant_id = (await new_assistant(ada, service))["id"]
        await add_assistant(ada, cid, assistant_id)
        async with service.workbench(assistant_id) as me:
            url = (await negotiate(me, path))["url"]
        async with Subscriber(url) as subscriber:
            posted = await post_message(ada, cid)
            assert (await subscriber.next())["data"]["message"] == posted

    async def test_an_event_too_large_for_it_says_so_and_is_replayed(
        self, ada: httpx.AsyncClient, path: str, cid: str
    ) -> None:
        async with Subscriber((await negotiate(ada, path))["url"]) as subscriber:
            posted = await post_message(ada, cid, "x" * 1_200_000)
            event = await subscriber.next()

        assert (event["event"], event["sequence"], event["data"]) == ("message.created", 1, None)
        (replayed,) = await events_of(ada, cid)
        assert replayed == event | {"data": {"message": posted}}

    async def test_sixteen_posts_at_once_arrive_without_a_gap(
        self, ada: httpx.AsyncClient, path: str, cid: str
    ) -> None:
        async with Subscriber((await negotiate(ada, path))["url"]) as subscriber:
            await asyncio.gather(*(post_message(ada, cid, str(n)) for n in range(POSTS)))
            for _ in range(POSTS):
                await subscriber.next("message.created")

        assert sorted(sequences(subscriber.events)) == list(range(1, POSTS + 1))


class TestOwnStream:
    """What happens in all conversations of a person."""

    async def test_it_carries_what_keeps_a_list_of_conversations_fresh(
        self, ada: httpx.AsyncClient, person: Person, service: RecordingService
    ) -> None:
        first, second, foreign = [
            (await new_conversation(client))["id"] for client in (ada, ada, person())
        ]
        assistant_id = (await new_assistant(ada, service))["id"]
        state = {"state_id": "s", "event": "focus", "state": None}
        announce = f"/assistants/{assistant_id}/states/events?conversation_id={first}"
        async with (
            Subscriber((await negotiate(ada, ""))["url"]) as subscriber,
            service.workbench(assistant_id) as me,
        ):
            await add_assistant(ada, first, assistant_id)
            assert (await me.post(announce, json=state)).status_code == 204
            await ada.patch(f"/conversations/{second}", json={"title": "T"})
            last = await post_message(ada, first)
            while not subscriber.events or subscriber.events[-1]["event"] != "message.created":
                await subscriber.next()

        assert [(event["conversation_id"], event["event"]) for event in subscriber.events] == [
            (first, "participant.created"),
            (second, "conversation.updated"),
            (first, "message.created"),
        ]
        assert subscriber.events[-1]["data"] == {"message": last}
        assert foreign not in {event["conversation_id"] for event in subscriber.events}


class TestAssistantStream:
    """An assistant that prefers a WebSocket."""

    async def test_it_gets_its_events_there_and_not_by_http(
        self, ada: httpx.AsyncClient, cid: str, service: RecordingService
    ) -> None:
        assistant_id = (await new_assistant(ada, service))["id"]
        async with service.workbench(assistant_id) as me:
            url = (await negotiate(me, f"/assistants/{assistant_id}"))["url"]
        async with Subscriber(url) as subscriber:
            await add_assistant(ada, cid, assistant_id)
            posted = await post_message(ada, cid)
            event = await subscriber.next("message.created")

        assert event["data"]["message"] == posted
        assert sequences(subscriber.events) == [1, 2]
        assert service.events(cid) == []


class TestAccessTakenAway:
    """Who left receives nothing more."""

    @pytest.mark.parametrize("stream", ["conversation", "own"])
    async def test_an_open_connection_of_a_person_goes_silent(
        self,
        ada: httpx.AsyncClient,
        person: Person,
        path: str,
        cid: str,
        stack: Stack,
        web_pubsub: WebPubSubServiceClient,
        stream: str,
    ) -> None:
        bert_id = await admit(stack, cid, bert := person())
        url = (await negotiate(bert, path if stream == "conversation" else ""))["url"]
        async with Subscriber(url) as subscriber:
            await post_message(ada, cid, "heard")
            assert (await subscriber.next())["data"]["message"]["content"] == "heard"

            await leave(bert, cid)
            await post_message(ada, cid, "not heard")
            await web_pubsub.send_to_user(bert_id, {"event": "the end"})

            assert await subscriber.next() == {"event": "the end"}

    async def test_an_open_connection_of_an_assistant_goes_silent(
        self,
        ada: httpx.AsyncClient,
        path: str,
        cid: str,
        service: RecordingService,
        web_pubsub: WebPubSubServiceClient,
    ) -> None:
        assistant_id = (await new_assistant(ada, service))["id"]
        await add_assistant(ada, cid, assistant_id)
        async with service.workbench(assistant_id) as me:
            url = (await negotiate(me, path))["url"]
        async with Subscriber(url) as subscriber:
            gone = {"active_participant": False}
            await ada.patch(f"{path}/participants/{assistant_id}", json=gone)
            await post_message(ada, cid, "not heard")
            await web_pubsub.send_to_user(assistant_id, {"event": "the end"})

            assert await subscriber.next() == {"event": "the end"}

    async def test_who_is_left_still_hears_everything(
        self, ada: httpx.AsyncClient, person: Person, path: str, cid: str, stack: Stack
    ) -> None:
        await admit(stack, cid, bert := person())
        async with Subscriber((await negotiate(ada, path))["url"]) as subscriber:
            await leave(bert, cid)
            gone = (await subscriber.next("participant.updated"))["data"]["participant"]

        assert (gone["id"], gone["active_participant"]) == (await user_id_of(bert), False)

"""The vendor's Python client SDK, with groups, recovery and reconnection."""

import asyncio
import functools
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from azure.messaging.webpubsubclient.aio import WebPubSubClient, WebPubSubClientCredential
from azure.messaging.webpubsubclient.models import (
    CallbackType,
    SendMessageError,
    WebPubSubDataType,
    WebPubSubProtocolType,
)

from local.web_pubsub import Settings
from tests.local.web_pubsub.servers import Server, serving


class Listener:
    """A vendor client, with what it reported in queues."""

    def __init__(self, client: WebPubSubClient) -> None:
        self.client = client
        self.reports: dict[CallbackType, asyncio.Queue[Any]] = {}

    async def __aenter__(self) -> "Listener":
        subscribe: Any = self.client.subscribe
        for kind in CallbackType:
            self.reports[kind] = asyncio.Queue()
            await subscribe(kind, functools.partial(self._report, kind))
        await self.client.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.close()

    async def _report(self, kind: CallbackType, report: Any = None) -> None:
        self.reports[kind].put_nowait(report)

    async def next(self, kind: CallbackType) -> Any:
        return await asyncio.wait_for(self.reports[kind].get(), 20)


def listener(server: Server, **options: Any) -> Listener:
    protocol = options.pop("protocol", WebPubSubProtocolType.JSON_RELIABLE)

    async def fresh_url() -> str:
        return await server.client_url("ada", **options)

    credential = WebPubSubClientCredential(fresh_url)
    client = WebPubSubClient(
        credential,
        protocol_type=protocol,
        reconnect_retry_backoff_factor=0.1,
        message_retry_backoff_factor=0.01,
    )
    return Listener(client)


@pytest_asyncio.fixture(params=list(WebPubSubProtocolType))
async def ada(server: Server, request: pytest.FixtureRequest) -> AsyncIterator[Listener]:
    roles = ["webpubsub.joinLeaveGroup", "webpubsub.sendToGroup.g"]
    async with listener(server, protocol=request.param, roles=roles, groups=["own"]) as client:
        yield client


async def test_messages_of_servers_and_groups_arrive(server: Server, ada: Listener) -> None:
    connected = await ada.next(CallbackType.CONNECTED)
    assert (connected.user_id, len(connected.connection_id)) == ("ada", 32)
    await server.service.send_to_user("ada", {"a": 1})
    message = await ada.next(CallbackType.SERVER_MESSAGE)
    assert (message.data_type, message.data) == (WebPubSubDataType.JSON, {"a": 1})
    await server.service.send_to_group("own", "hello", content_type="text/plain")
    message = await ada.next(CallbackType.GROUP_MESSAGE)
    assert (message.group, message.data_type, message.data) == ("own", "text", "hello")
    await ada.client.join_group("g")
    await ada.client.send_to_group("g", memoryview(b"\x00\xff"), WebPubSubDataType.BINARY)
    message = await ada.next(CallbackType.GROUP_MESSAGE)
    assert (message.from_user_id, bytes(message.data)) == ("ada", b"\x00\xff")
    await ada.client.leave_group("g")
    assert not await server.service.group_exists("g")


async def test_refusals_reach_the_caller(ada: Listener) -> None:
    with pytest.raises(SendMessageError) as caught:
        await ada.client.send_to_group("other", "x", WebPubSubDataType.TEXT)
    assert caught.value.error_detail is not None
    assert caught.value.error_detail.name == "Forbidden"
    with pytest.raises(SendMessageError) as caught:
        await ada.client.send_event("typing", "x", WebPubSubDataType.TEXT)
    assert caught.value.error_detail is not None
    assert "upstream event handlers" in (caught.value.error_detail.message or "")


async def test_a_closed_connection_is_replaced_by_a_new_one(server: Server) -> None:
    async with listener(server, roles=["webpubsub.joinLeaveGroup"], groups=["own"]) as ada:
        first = (await ada.next(CallbackType.CONNECTED)).connection_id
        await ada.client.join_group("joined")
        await server.service.close_all_connections(reason="maintenance")
        assert (await ada.next(CallbackType.DISCONNECTED)).message == "maintenance"
        second = (await ada.next(CallbackType.CONNECTED)).connection_id
        assert second != first
        async with asyncio.timeout(5):
            while not await server.service.group_exists("joined"):
                pass
        [connection] = await server.connections()
        assert connection["groups"] == ["joined", "own"]


async def test_nothing_is_lost_or_doubled_while_connections_break() -> None:
    async with serving(Settings()) as server, listener(server, groups=["g"]) as ada:
        connection_id = (await ada.next(CallbackType.CONNECTED)).connection_id
        for number in range(60):
            if number in (20, 40):
                async with asyncio.timeout(5):
                    while not (await server.connections())[0]["attached"]:
                        pass  # the client takes a second to notice the drop before
                await server.drop(connection_id)
            await server.service.send_to_group("g", {"number": number})
        received = [await ada.next(CallbackType.GROUP_MESSAGE) for _ in range(60)]
        assert [message.data["number"] for message in received] == list(range(60))
        assert [message.sequence_id for message in received] == list(range(1, 61))
        assert ada.reports[CallbackType.DISCONNECTED].empty()
        await server.service.send_to_group("g", {"number": 60})
        assert (await ada.next(CallbackType.GROUP_MESSAGE)).data == {"number": 60}

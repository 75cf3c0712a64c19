"""The subprotocol json.reliable.webpubsub.azure.v1, frame by frame."""

import asyncio
import time
from typing import Any

import jwt
import pytest

from local.web_pubsub import DEFAULT_ACCESS_KEY, Settings
from tests.local.web_pubsub.raw_client import JSON, RELIABLE, RawClient
from tests.local.web_pubsub.servers import Server, serving


def numbered(frames: list[dict[str, Any]]) -> list[tuple[int, Any]]:
    return [(frame["sequenceId"], frame["data"]) for frame in frames]


async def test_messages_are_numbered_and_survive_a_drop(server: Server) -> None:
    client = await server.connect("ada", RELIABLE, groups=["g"])
    assert client.connected["reconnectionToken"]
    await server.service.send_to_group("g", "1")
    await server.service.send_to_all("2")
    assert numbered(await client.receive_many(2)) == [(1, "1"), (2, "2")]

    await client.send(type="sequenceAck", sequenceId=1)
    await client.nothing_else_came()
    await server.drop(client.connection_id)
    assert await server.service.connection_exists(client.connection_id)
    await server.service.send_to_group("g", "3")
    back = await server.recover(client, RELIABLE)
    assert back.connection_id == client.connection_id
    assert back.connected["userId"] == "ada"
    await server.service.send_to_group("g", "4")
    assert numbered(await back.receive_many(3)) == [(2, "2"), (3, "3"), (4, "4")]

    await back.send(type="sequenceAck", sequenceId=4)
    await back.nothing_else_came()
    await server.drop(client.connection_id)
    again = await server.recover(back, RELIABLE)
    await again.nothing_else_came()


async def test_ack_ids_are_remembered_across_a_recovery(server: Server) -> None:
    client = await server.connect("ada", RELIABLE, roles=["webpubsub.sendToGroup"])
    sent = {"type": "sendToGroup", "group": "g", "data": 1, "ackId": 1}
    assert (await client.ask(**sent))["success"]
    await server.drop(client.connection_id)
    back = await server.recover(client, RELIABLE)
    assert (await back.ask(**sent))["error"]["name"] == "Duplicate"


async def test_a_second_socket_replaces_the_first(server: Server) -> None:
    client = await server.connect("ada", RELIABLE)
    back = await server.recover(client, RELIABLE)
    assert await client.close_code() == 1006
    await server.service.send_to_user("ada", "1")
    assert (await back.receive())["sequenceId"] == 1


async def refusal(server: Server, url: str, protocol: str | None = RELIABLE) -> int | None:
    """Give the code with which an attempt to recover is refused."""
    protocols = () if protocol is None else (protocol,)
    async with server.session.ws_connect(url, protocols=protocols) as socket:
        await socket.receive(timeout=10)
        return socket.close_code


async def test_recovery_is_refused_with_1008(server: Server) -> None:
    client = await server.connect("ada", RELIABLE)
    stranger = await server.connect("eve", RELIABLE)
    simple = await server.connect("bob", JSON)
    own, others = client.connection_id, stranger.connected["reconnectionToken"]
    expired = jwt.encode({"aud": own, "exp": time.time() - 60}, DEFAULT_ACCESS_KEY, "HS256")
    for token in ("nonsense", others, expired):
        assert await refusal(server, server.recovery_url(own, token)) == 1008
    assert await refusal(server, server.recovery_url("none", others)) == 1008
    own_token = client.connected["reconnectionToken"]
    assert await refusal(server, server.recovery_url(own, own_token), JSON) == 1008
    assert await refusal(server, server.recovery_url(own, own_token), None) == 1008
    token = jwt.encode(
        {"aud": simple.connection_id, "exp": time.time() + 60}, DEFAULT_ACCESS_KEY, "HS256"
    )
    assert await refusal(server, server.recovery_url(simple.connection_id, token), JSON) == 1008
    await client.nothing_else_came()  # refused attempts do not disturb the owner


async def test_a_connection_closed_normally_cannot_be_recovered(server: Server) -> None:
    client = await server.connect("ada", RELIABLE)
    await client.socket.close()
    url = server.recovery_url(client.connection_id, client.connected["reconnectionToken"])
    assert await refusal(server, url) == 1008


async def test_a_connection_closed_by_the_server_cannot_be_recovered(server: Server) -> None:
    client = await server.connect("ada", RELIABLE)
    await server.service.close_connection(client.connection_id, reason="access was taken away")
    assert (await client.receive())["message"] == "access was taken away"
    url = server.recovery_url(client.connection_id, client.connected["reconnectionToken"])
    assert await refusal(server, url) == 1008


async def test_state_is_kept_for_a_limited_time() -> None:
    async with serving(Settings(recovery_seconds=0.05)) as server:
        client = await server.connect("ada", RELIABLE, groups=["g"])
        await server.drop(client.connection_id)
        async with asyncio.timeout(5):
            while await server.service.group_exists("g"):
                pass
        url = server.recovery_url(client.connection_id, client.connected["reconnectionToken"])
        assert await refusal(server, url) == 1008


@pytest.mark.parametrize(
    "settings", [Settings(max_unacked_messages=3), Settings(max_unacked_size=300)]
)
async def test_too_many_unacknowledged_messages_end_the_connection(settings: Settings) -> None:
    async with serving(settings) as server:
        client = await server.connect("ada", RELIABLE)
        for number in range(4):
            await server.service.send_to_all(str(number))
        frames = await client.receive_many(4)
        assert frames[-1]["event"] == "disconnected"
        assert await client.close_code() == 1008
        assert await server.connections() == []


async def test_a_user_removed_from_a_group_while_away_gets_no_more(server: Server) -> None:
    client = await server.connect("ada", RELIABLE, groups=["g"])
    await server.drop(client.connection_id)
    await server.service.send_to_group("g", "1")
    await server.service.remove_user_from_group("g", "ada")
    await server.service.send_to_group("g", "2")
    back = await server.recover(client, RELIABLE)
    assert (await back.receive())["data"] == "1"
    await back.nothing_else_came()


async def test_messages_out_of_time_are_not_sent_again() -> None:
    seconds = 0.0
    async with serving(Settings(clock=lambda: seconds)) as server:
        sender = await server.connect("bob", JSON, roles=["webpubsub.sendToGroup"])
        client = await server.connect("ada", RELIABLE, groups=["g"])
        await server.drop(client.connection_id)
        sent = {"type": "sendToGroup", "group": "g"}
        assert (await sender.ask(**sent, data=1, ttlSeconds=60, ackId=1))["success"]
        assert (await sender.ask(**sent, data=2, ttlSeconds=300, ackId=2))["success"]
        assert (await sender.ask(**sent, data=3, ackId=3))["success"]
        seconds = 100.0
        back = await server.recover(client, RELIABLE)
        assert numbered(await back.receive_many(2)) == [(2, 2), (3, 3)]


async def test_protocol_pings_keep_a_connection_alive_and_find_a_dead_one() -> None:
    async with serving(Settings(keep_alive_seconds=0.05)) as server:
        url = await server.client_url("ada")
        async with server.session.ws_connect(url, protocols=(RELIABLE,), autoping=False) as silent:
            connected = await silent.receive_json()
            assert (await silent.receive(timeout=5)).type.name == "PING"
            # Never answered: the service takes the network for broken and keeps the state.
            async with asyncio.timeout(5):
                while (await server.connections())[0]["attached"]:
                    pass
        own, token = connected["connectionId"], connected["reconnectionToken"]
        async with RawClient(server.session, server.recovery_url(own, token), RELIABLE) as back:
            assert back.connection_id == own

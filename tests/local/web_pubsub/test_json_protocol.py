"""The subprotocol json.webpubsub.azure.v1, frame by frame."""

import asyncio
from typing import Any

import pytest

from local.web_pubsub import Settings
from tests.local.web_pubsub.raw_client import JSON, RELIABLE
from tests.local.web_pubsub.servers import Server, serving

ALL_ROLES = ["webpubsub.joinLeaveGroup", "webpubsub.sendToGroup"]


async def test_connected_comes_first(server: Server) -> None:
    client = await server.connect("ada")
    assert client.socket.protocol == "json.webpubsub.azure.v1"
    assert client.connected == {
        "type": "system",
        "event": "connected",
        "userId": "ada",
        "connectionId": client.connection_id,
    }
    assert (await server.connect()).connected["userId"] is None


async def test_members_of_a_group_hear_each_other(server: Server) -> None:
    ada = await server.connect("ada", roles=ALL_ROLES, groups=["g"])
    bob = await server.connect("bob", roles=ALL_ROLES)
    assert await bob.ask(type="joinGroup", group="g", ackId=1) == {
        "type": "ack",
        "ackId": 1,
        "success": True,
    }
    await bob.send(type="SENDTOGROUP", group="g", data={"n": 1})
    await bob.send(type="sendToGroup", group="g", dataType="text", data="ü", noEcho=True)
    await ada.send(type="sendToGroup", group="g", dataType="binary", data="AP8=", noEcho=True)
    message = {"type": "message", "from": "group", "group": "g"}
    first = message | {"fromUserId": "bob", "dataType": "json", "data": {"n": 1}}
    assert await ada.receive_many(2) == [
        first,
        message | {"fromUserId": "bob", "dataType": "text", "data": "ü"},
    ]
    assert await bob.receive_many(2) == [
        first,
        message | {"fromUserId": "ada", "dataType": "binary", "data": "AP8="},
    ]
    assert (await bob.ask(type="leaveGroup", group="g", ackId=2))["success"]
    await ada.send(type="sendToGroup", group="g", data=2, noEcho=True)
    await ada.nothing_else_came()
    await bob.nothing_else_came()


async def test_roles_are_enforced_for_each_group(server: Server) -> None:
    client = await server.connect(
        "ada", roles=["webpubsub.joinLeaveGroup.a", "webpubsub.sendToGroup.b", "own.role"]
    )
    outcomes = [
        (await client.ask(type=kind, group=group, data=1, ackId=number))["success"]
        for number, (kind, group) in enumerate(
            (kind, group) for kind in ("joinGroup", "sendToGroup", "leaveGroup") for group in "ab"
        )
    ]
    assert outcomes == [True, False, False, True, True, False]
    await client.send(type="joinGroup", group="b")  # no ackId: dropped without an answer
    await client.nothing_else_came()
    assert not await server.service.group_exists("b")


async def test_a_repeated_ack_id_is_not_carried_out_twice(server: Server) -> None:
    listener = await server.connect("bob", groups=["g"])
    client = await server.connect("ada", roles=ALL_ROLES)
    sent = {"type": "sendToGroup", "group": "g", "data": 1, "ackId": 7}
    assert (await client.ask(**sent))["success"]
    again = await client.ask(**sent)
    assert (again["success"], again["error"]["name"]) == (False, "Duplicate")
    assert (await listener.receive())["data"] == 1
    await listener.nothing_else_came()


async def test_a_failed_ack_id_may_be_tried_again(server: Server) -> None:
    client = await server.connect("ada")
    joined = {"type": "joinGroup", "group": "g", "ackId": 1}
    assert (await client.ask(**joined))["error"]["name"] == "Forbidden"
    await server.service.grant_permission("joinLeaveGroup", client.connection_id)
    assert (await client.ask(**joined))["success"]


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        ({"type": "joinGroup", "group": " "}, "group name"),
        ({"type": "joinGroup", "group": "g" * 1025}, "group name"),
        ({"type": "sendToGroup", "group": "g", "data": None}, "not json"),
        ({"type": "sendToGroup", "group": "g", "data": 1, "dataType": "text"}, "not text"),
        ({"type": "sendToGroup", "group": "g", "data": "?", "dataType": "binary"}, "base64"),
        ({"type": "sendToGroup", "group": "g", "data": "", "dataType": "protobuf"}, "protobuf"),
        ({"type": "sendToGroup", "group": "g", "data": 1, "metadata": {"a": "b"}}, "metadata"),
        ({"type": "event", "event": "typing", "data": 1}, "upstream event handlers"),
    ],
)
async def test_frames_at_fault_are_answered(
    server: Server, frame: dict[str, Any], reason: str
) -> None:
    client = await server.connect("ada", roles=ALL_ROLES)
    answer = await client.ask(**frame, ackId=1)
    assert answer["error"]["name"] == "BadRequest"
    assert reason in answer["error"]["message"]
    await client.nothing_else_came()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "JSON"),
        ("[]", "frame"),
        ('{"type":"invoke","invocationId":"1"}', "'invoke'"),
        ('{"type":"streamData","streamId":"1"}', "'streamdata'"),
        ('{"type":"joinGroup"}', "group"),
        ('{"type":"joinGroup","group":"g","ackId":"1"}', "ackId"),
        ('{"type":"joinGroup","group":"g","ackId":-1}', "ackId"),
        ('{"type":"sendToGroup","group":"g","data":1,"ttlSeconds":301}', "ttlSeconds"),
        ('{"type":"sequenceAck","sequenceId":1}', "sequenceAck"),
    ],
)
async def test_malformed_frames_end_the_connection(server: Server, text: str, reason: str) -> None:
    client = await server.connect("ada")
    await client.socket.send_str(text)
    goodbye = await client.receive()
    assert (goodbye["type"], goodbye["event"]) == ("system", "disconnected")
    assert reason in goodbye["message"]
    assert await client.close_code() == 1008
    assert await server.connections() == []


async def test_binary_messages_end_the_connection(server: Server) -> None:
    client = await server.connect("ada")
    await client.socket.send_bytes(b"{}")
    assert "binary" in (await client.receive())["message"]
    assert await client.close_code() == 1008


async def test_a_message_over_the_limit_ends_the_connection(server: Server) -> None:
    client = await server.connect("ada", roles=ALL_ROLES)
    await client.send(type="sendToGroup", group="g", data="x" * 1_000_000)
    await client.nothing_else_came()
    await client.send(type="sendToGroup", group="g", data="x" * 1024 * 1024)
    assert await client.close_code() == 1009
    assert await server.connections() == []


async def test_a_plain_client_that_sends_is_refused(server: Server) -> None:
    client = await server.connect("ada", protocol=None)
    await client.socket.send_str("hello")
    assert await client.close_code() == 1003


async def test_a_dropped_connection_is_gone(server: Server) -> None:
    client = await server.connect("ada", groups=["g"])
    await server.drop(client.connection_id)
    assert await client.close_code() == 1006
    assert not await server.service.group_exists("g")
    assert await server.connections() == []


@pytest.mark.parametrize("protocol", [None, JSON, RELIABLE])
async def test_a_client_that_does_not_read_is_cut_off(protocol: str | None) -> None:
    async with serving(Settings(max_unacked_size=1_000_000)) as server:
        await server.connect("ada", protocol)
        async with asyncio.timeout(20):
            while await server.service.user_exists("ada"):
                await server.service.send_to_user("ada", "x" * 500_000)

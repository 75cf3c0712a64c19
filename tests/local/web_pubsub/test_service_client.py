"""The data plane as the vendor's Python service client calls it."""

import asyncio
import io
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.core.rest import HttpRequest
from azure.messaging.webpubsubservice import WebPubSubServiceClient as SyncServiceClient
from azure.messaging.webpubsubservice.aio import WebPubSubServiceClient

from tests.local.web_pubsub.servers import Server

ODD_GROUP = "room/1 {ü}'%2F@"


async def test_messages_reach_all_a_user_a_group_and_a_connection(server: Server) -> None:
    ada = await server.connect("ada", groups=["g"])
    bob = await server.connect("bob")
    await server.service.send_to_all({"to": "all"})
    await server.service.send_to_user("ada", {"to": "ada"})
    await server.service.send_to_group("g", {"to": "g"})
    await server.service.send_to_connection(bob.connection_id, {"to": "bob"})

    server_message = {"type": "message", "from": "server", "dataType": "json"}
    assert await ada.receive_many(3) == [
        server_message | {"data": {"to": "all"}},
        server_message | {"data": {"to": "ada"}},
        {
            "type": "message",
            "from": "group",
            "group": "g",
            "fromUserId": None,
            "dataType": "json",
            "data": {"to": "g"},
        },
    ]
    assert [frame["data"]["to"] for frame in await bob.receive_many(2)] == ["all", "bob"]
    await ada.nothing_else_came()
    await bob.nothing_else_came()


@pytest.mark.parametrize(
    ("content_type", "message", "data_type", "data"),
    [
        ("application/json", "text", "json", "text"),
        ("application/json", {"ü": [1, None]}, "json", {"ü": [1, None]}),
        # As bytes: of a str with such letters the client counts the length wrongly.
        ("text/plain", 'a "quoted" ü'.encode(), "text", 'a "quoted" ü'),
        ("application/octet-stream", b"\x00\xff", "binary", "AP8="),
    ],
)
async def test_content_types(
    server: Server, content_type: str, message: Any, data_type: str, data: Any
) -> None:
    client = await server.connect("ada")
    await server.service.send_to_all(message, content_type=content_type)
    frame = await client.receive()
    assert (frame["dataType"], frame["data"]) == (data_type, data)


async def test_plain_clients_get_the_content_alone(server: Server) -> None:
    client = await server.connect("ada", protocol=None)
    await server.service.send_to_user("ada", {"a": 1})
    await server.service.send_to_user(
        "ada", io.BytesIO(b"\x00\xff"), content_type="application/octet-stream"
    )
    assert await client.socket.receive_json() == {"a": 1}
    assert await client.socket.receive_bytes() == b"\x00\xff"


async def test_sending_to_nobody_is_accepted(server: Server) -> None:
    await server.service.send_to_user("nobody", "x")
    await server.service.send_to_group("nothing", "x")
    await server.service.send_to_connection("none", "x")


async def test_excluded_connections_and_a_filter_narrow_a_send(server: Server) -> None:
    ada = await server.connect("ada", groups=["g"])
    bob = await server.connect("bob", groups=["g"])
    eve = await server.connect("eve's twin", groups=["g", "admins"])
    await server.service.send_to_group("g", "1", excluded=[ada.connection_id, bob.connection_id])
    await server.service.send_to_group(
        "g", "2", filter="userId ne 'bob' and not('admins' in groups)"
    )
    await server.service.send_to_all(
        "3", filter="userId eq 'eve''s twin' or startswith(userId, 'b')"
    )
    await server.service.send_to_all("4", filter=f"connectionId eq '{ada.connection_id}'")

    assert [frame["data"] for frame in await ada.receive_many(2)] == ["2", "4"]
    assert [frame["data"] for frame in await bob.receive_many(1)] == ["3"]
    assert [frame["data"] for frame in await eve.receive_many(2)] == ["1", "3"]
    for client in (ada, bob, eve):
        await client.nothing_else_came()


async def test_a_wrong_filter_is_refused_with_the_reason(server: Server) -> None:
    with pytest.raises(HttpResponseError, match="unknown 'nonsense'") as caught:
        await server.service.send_to_all("x", filter="nonsense eq 1")
    assert caught.value.status_code == 400


async def test_group_names_of_every_kind(server: Server) -> None:
    client = await server.connect("a/b c")
    await server.service.add_connection_to_group(ODD_GROUP, client.connection_id)
    assert await server.service.group_exists(ODD_GROUP)
    await server.service.send_to_group(ODD_GROUP, "x", filter="userId eq 'a/b c'")
    assert (await client.receive())["group"] == ODD_GROUP
    await server.service.remove_connection_from_group(ODD_GROUP, client.connection_id)
    assert not await server.service.group_exists(ODD_GROUP)
    with pytest.raises(HttpResponseError, match="group name"):
        await server.service.send_to_group("g" * 1025, "x")


async def test_users_join_and_leave_groups(server: Server) -> None:
    phone, laptop = await server.connect("ada"), await server.connect("ada")
    await server.service.add_user_to_group("g", "ada")
    await server.service.send_to_group("g", "1")
    assert (await phone.receive())["data"] == (await laptop.receive())["data"] == "1"

    await server.service.remove_user_from_group("g", "ada")
    await server.service.send_to_group("g", "2")
    await phone.nothing_else_came()
    await laptop.nothing_else_came()


async def test_all_groups_are_left_at_once(server: Server) -> None:
    ada, bob = (
        await server.connect("ada", groups=["g", "h"]),
        await server.connect("bob", groups=["g"]),
    )
    await server.service.remove_connection_from_all_groups(ada.connection_id)
    assert not await server.service.group_exists("h")
    await server.service.remove_user_from_all_groups("bob")
    assert not await server.service.group_exists("g")
    await server.service.send_to_group("g", "1")
    await bob.nothing_else_came()


async def test_unknown_connections_cannot_join(server: Server) -> None:
    with pytest.raises(ResourceNotFoundError):
        await server.service.add_connection_to_group("g", "none")


async def test_existence(server: Server) -> None:
    client = await server.connect("ada", groups=["g"])
    service = server.service
    assert await service.connection_exists(client.connection_id)
    assert await service.user_exists("ada")
    assert await service.group_exists("g")
    await client.socket.close()
    assert not await service.connection_exists(client.connection_id)
    assert not await service.user_exists("ada")
    assert not await service.group_exists("g")


async def test_closing_tells_the_reason(server: Server) -> None:
    one, two, three, four = [
        await server.connect(user, groups=["g"] if user == "ada" else []) for user in "abcd"
    ]
    service = server.service
    await service.close_connection(one.connection_id, reason="enough")
    assert await one.receive() == {"type": "system", "event": "disconnected", "message": "enough"}
    assert await one.close_code() == 1000
    await service.close_user_connections("b", reason="b")
    assert (await two.receive())["message"] == "b"
    await service.add_connection_to_group("g", three.connection_id)
    await service.close_group_connections("g", reason="g")
    assert (await three.receive())["message"] == "g"
    await service.close_all_connections(excluded=[four.connection_id])
    await four.nothing_else_came()
    await service.close_all_connections(reason="all")
    assert (await four.receive())["message"] == "all"


async def test_permissions_are_granted_and_revoked(server: Server) -> None:
    client = await server.connect("ada")
    service, connection = server.service, client.connection_id
    refused = await client.ask(type="joinGroup", group="g", ackId=1)
    assert refused["error"]["name"] == "Forbidden"
    await service.grant_permission("joinLeaveGroup", connection, target_name="g")
    assert await service.has_permission("joinLeaveGroup", connection, target_name="g")
    assert not await service.has_permission("joinLeaveGroup", connection, target_name="h")
    assert not await service.has_permission("sendToGroup", connection, target_name="g")
    assert (await client.ask(type="joinGroup", group="g", ackId=2))["success"]
    await service.revoke_permission("joinLeaveGroup", connection, target_name="g")
    assert not (await client.ask(type="leaveGroup", group="g", ackId=3))["success"]
    await service.grant_permission("sendToGroup", connection)
    assert await service.has_permission("sendToGroup", connection, target_name="any")
    with pytest.raises(ResourceNotFoundError):
        await service.grant_permission("sendToGroup", "none", target_name="g")


async def test_connections_of_a_group_are_listed_in_pages(server: Server) -> None:
    clients = [await server.connect(f"user {number}", groups=["g"]) for number in range(5)]
    wanted = [(client.connection_id, client.connected["userId"]) for client in clients]
    for top, count in ((None, 5), (4, 4), (2, 2)):
        options: dict[str, Any] = {} if top is None else {"top": top}
        found = [
            (member.connection_id, member.user_id)
            async for member in server.service.list_connections(group="g", maxpagesize=2, **options)
        ]
        assert found == wanted[:count]


async def test_the_synchronous_client_is_served_too(server: Server) -> None:
    client = await server.connect("ada")
    with SyncServiceClient.from_connection_string(server.connection_string, "CONVERSATIONS") as own:
        await asyncio.to_thread(own.send_to_user, "ada", {"via": "sync"})
    assert (await client.receive())["data"] == {"via": "sync"}


async def test_a_body_over_the_limit_is_refused(server: Server) -> None:
    client = await server.connect("ada")
    text = "x" * (1024 * 1024)
    with SyncServiceClient.from_connection_string(server.connection_string, server.hub) as own:
        await asyncio.to_thread(own.send_to_all, text, content_type="text/plain")
        assert (await client.receive())["data"] == text
        with pytest.raises(HttpResponseError) as caught:
            await asyncio.to_thread(own.send_to_all, text + "x", content_type="text/plain")
    assert caught.value.status_code == 413


async def request(
    server: Server, method: str, path: str, expected_status: int, **options: Any
) -> str:
    """Make a request for which the service client has no method, signed by it all the same."""
    wanted = HttpRequest(method, f"/api/hubs/{server.hub}{path}", **options)
    response = await server.service.send_request(wanted)
    text = response.text()
    assert response.status_code == expected_status, text
    return text


async def test_connections_are_put_into_groups_by_a_filter(server: Server) -> None:
    ada, bob = await server.connect("ada"), await server.connect("bob")
    body = {"groups": ["g", "h"], "filter": "userId eq 'ada'"}
    await request(server, "POST", "/:addToGroups", 200, json=body)
    assert [sorted(item["groups"]) for item in await server.connections()] == [["g", "h"], []]
    await server.service.send_to_group("h", "x")
    assert (await ada.receive())["group"] == "h"
    await request(server, "POST", "/:removeFromGroups", 200, json={"groups": ["h"]})
    assert [item["groups"] for item in await server.connections()] == [["g"], []]
    await bob.nothing_else_came()
    for wrong in ({"groups": []}, {"groups": [" "]}, {"groups": ["g"], "filter": "x"}, {}):
        await request(server, "POST", "/:addToGroups", 400, json=wrong)


@pytest.mark.parametrize(
    ("query", "content_type", "body", "status", "reason"),
    [
        ("", "application/json", b"{", 400, "not application/json"),
        ("", "application/json", b"NaN", 400, "NaN is not JSON"),
        ("", "text/plain", b"\xff", 400, "not text/plain"),
        ("", "text/html", b"x", 415, "text/html"),
        ("?messageTtlSeconds=301", "text/plain", b"x", 400, "messageTtlSeconds"),
        ("?messageTtlSeconds=60", "text/plain", b"x", 202, ""),
    ],
)
async def test_what_is_sent_is_checked(
    server: Server, query: str, content_type: str, body: bytes, status: int, reason: str
) -> None:
    headers = {"Content-Type": content_type}
    path = f"/:send{query}"
    text = await request(server, "POST", path, status, content=body, headers=headers)
    assert reason in text


async def test_wrong_pages_and_permissions_are_refused(server: Server) -> None:
    for query in ("maxpagesize=201", "maxpagesize=0", "top=x", "continuationToken=-1"):
        await request(server, "GET", f"/groups/g/connections?{query}", 400)
    text = await request(server, "PUT", "/permissions/fly/connections/c", 400)
    assert "'fly'" in text


async def test_hubs_are_worlds_of_their_own(server: Server) -> None:
    here = await server.connect("ada", groups=["g"])
    async with WebPubSubServiceClient.from_connection_string(
        server.connection_string, "other"
    ) as elsewhere:
        await elsewhere.send_to_all("x")
        await elsewhere.send_to_group("g", "x")
        assert not await elsewhere.user_exists("ada")
    await here.nothing_else_came()

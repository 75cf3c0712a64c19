"""The vendor's JavaScript client, run by node, against the stand-in."""

import shutil
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.local.web_pubsub.processes import (
    JavaScriptClient,
    command_line_server,
    install_javascript,
    javascript_client,
    stop,
)
from tests.local.web_pubsub.servers import Server, known_server

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")


@pytest.fixture(scope="module", autouse=True)
def packages() -> None:
    install_javascript()


@pytest_asyncio.fixture(params=["json", "reliable"])
async def ada(server: Server, request: pytest.FixtureRequest) -> AsyncIterator[JavaScriptClient]:
    roles = ["webpubsub.joinLeaveGroup", "webpubsub.sendToGroup.g"]
    url = await server.client_url("ada", roles=roles, groups=["own"])
    async with javascript_client(url, request.param) as client:
        assert (await client.do("start"))["event"] == "done"
        yield client
        assert (await client.do("stop"))["event"] == "done"


async def test_messages_of_servers_and_groups_arrive(server: Server, ada: JavaScriptClient) -> None:
    connected = await ada.next("connected")
    assert (connected["userId"], len(connected["connectionId"])) == ("ada", 32)
    await server.service.send_to_user("ada", {"a": 1})
    message = await ada.next("server")
    assert (message["dataType"], message["data"]) == ("json", {"a": 1})
    await server.service.send_to_group("own", "hello", content_type="text/plain")
    message = await ada.next("group")
    assert (message["group"], message["dataType"], message["data"]) == ("own", "text", "hello")
    assert (await ada.do("join", group="g"))["event"] == "done"
    sent = await ada.do("send", group="g", data="AP8=", dataType="binary")
    assert sent["event"] == "done", sent
    message = await ada.next("group")
    assert (message["fromUserId"], message["data"]) == ("ada", "AP8=")
    assert (await ada.do("leave", group="g"))["event"] == "done"
    assert not await server.service.group_exists("g")


async def test_refusals_and_duplicates_reach_the_caller(ada: JavaScriptClient) -> None:
    assert (await ada.do("send", group="h", data="x", dataType="text"))["name"] == "Forbidden"
    assert "upstream" in (await ada.do("event", name="typing"))["message"]
    for duplicate in (False, True):
        outcome = await ada.do("send", group="g", data=1, dataType="json", ackId=5)
        assert outcome["duplicate"] is duplicate


async def test_nothing_is_lost_or_doubled_while_connections_break(server: Server) -> None:
    url = await server.client_url("ada", groups=["g"])
    async with javascript_client(url, "reliable") as ada:
        await ada.do("start")
        connection_id = (await ada.next("connected"))["connectionId"]
        for number in range(30):
            if number in (10, 20):
                while not (await server.connections())[0]["attached"]:
                    pass  # the client needs a moment to notice the drop before
                await server.drop(connection_id)
            await server.service.send_to_group("g", {"number": number})
        received = [await ada.next("group") for _ in range(30)]
        assert [message["data"]["number"] for message in received] == list(range(30))
        assert [message["sequenceId"] for message in received] == list(range(1, 31))
        assert not ada.has("disconnected")


async def test_a_restarted_server_gets_its_clients_back() -> None:
    async with command_line_server("--port", "0") as (process, address):
        async with known_server(address) as server:
            url = await server.client_url("ada", roles=["webpubsub.joinLeaveGroup"], groups=["own"])
        async with javascript_client(url, "reliable") as ada:
            await ada.do("start")
            first = await ada.next("connected")
            await ada.do("join", group="joined")
            assert await stop(process) == 0
            port = address.rpartition(":")[2]
            async with command_line_server("--port", port), known_server(address) as server:
                # The new process knows nothing of the connection: recovery ends with 1008.
                await ada.next("disconnected")
                second = await ada.next("connected")
                assert second["connectionId"] != first["connectionId"]
                while not await server.service.group_exists("joined"):
                    pass  # the client joins its groups again by itself
                await server.service.send_to_group("own", {"back": True})
                assert (await ada.next("group"))["data"] == {"back": True}

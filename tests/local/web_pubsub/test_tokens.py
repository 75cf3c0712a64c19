"""Who is let in: tokens of service clients and of clients."""

import time
from typing import Any

import aiohttp
import jwt
import pytest
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import ClientAuthenticationError
from azure.messaging.webpubsubservice.aio import WebPubSubServiceClient

from local.web_pubsub import DEFAULT_ACCESS_KEY, Settings
from tests.local.web_pubsub.raw_client import JSON, RELIABLE, RawClient
from tests.local.web_pubsub.servers import Server, serving

OTHER_KEY = "another-key-of-more-than-thirty-two-bytes"


def signed(key: str = DEFAULT_ACCESS_KEY, **claims: Any) -> str:
    return jwt.encode({"exp": time.time() + 60} | claims, key, "HS256")


async def post(server: Server, path: str, token: str | None, **options: Any) -> tuple[int, str]:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    async with server.session.post(server.url + path, headers=headers, **options) as response:
        return response.status, await response.text()


async def upgrade(server: Server, path: str, protocol: str | None = JSON) -> int:
    """Try to open a WebSocket and give the status of the answer."""
    protocols = () if protocol is None else (protocol,)
    try:
        async with server.session.ws_connect(server.url + path, protocols=protocols):
            return 101
    except aiohttp.WSServerHandshakeError as error:
        return error.status


async def test_a_service_client_with_another_key_is_refused(server: Server) -> None:
    other = WebPubSubServiceClient(server.url, server.hub, AzureKeyCredential(OTHER_KEY))
    async with other:
        with pytest.raises(ClientAuthenticationError):
            await other.send_to_all("x")


async def test_request_tokens_must_fit_the_request(server: Server) -> None:
    path = f"/api/hubs/{server.hub}/:send?api-version=2024-12-01&filter=userId%20eq%20%27a%27"
    good = server.url + path
    for audience in (
        good,
        good.replace("%27", "'").replace("127.0.0.1", "LOCALHOST"),
        f"{server.url}/api/hubs/{server.hub}/:send",
    ):
        assert await post(server, path, signed(aud=audience), json=1) == (202, "")
    for token in (
        None,
        "nonsense",
        signed(OTHER_KEY, aud=good),
        signed(aud=good, exp=time.time() - 60),
        signed(aud=good + "x"),
        signed(aud=good.replace("conversations", "other")),
        signed(aud=good.replace("127.0.0.1", "elsewhere.example")),
        signed(aud="not a url"),
        signed(),
    ):
        assert await post(server, path, token, json=1) == (401, "")


async def test_another_endpoint_can_be_made_known() -> None:
    async with serving(Settings(endpoints=("https://pubsub.example",))) as server:
        path = f"/api/hubs/{server.hub}/:send"
        token = signed(aud=f"https://pubsub.example{path}")
        assert await post(server, path, token, json=1) == (202, "")


async def test_client_tokens_must_fit_the_hub(server: Server) -> None:
    path = f"/client/hubs/{server.hub}"
    good = server.url + path
    for token in (signed(aud=good), signed(aud=[good.upper()])):
        assert await upgrade(server, f"{path}?access_token={token}") == 101
        assert await upgrade(server, f"/client/?hub={server.hub}&access_token={token}") == 101
    for token in (
        "nonsense",
        signed(OTHER_KEY, aud=good),
        signed(aud=good, exp=time.time() - 60),
        signed(aud=good + "x"),
        signed(aud=good.replace("127.0.0.1", "elsewhere.example")),
    ):
        assert await upgrade(server, f"{path}?access_token={token}") == 401
    assert await upgrade(server, path) == 401


async def test_the_token_may_come_as_a_header(server: Server) -> None:
    token = signed(aud=f"{server.url}/client/hubs/{server.hub}", sub="ada")
    headers = {"Authorization": f"Bearer {token}"}
    url = f"{server.url}/client/hubs/{server.hub}"
    async with server.session.ws_connect(url, headers=headers, protocols=(JSON,)) as socket:
        assert (await socket.receive_json())["userId"] == "ada"


async def test_claims_may_be_strings_or_lists(server: Server) -> None:
    url = f"{server.url}/client/hubs/{server.hub}"
    token = signed(aud=url, sub="ada", role="webpubsub.sendToGroup.g", **{"webpubsub.group": "g"})
    async with RawClient(server.session, f"{url}?access_token={token}", JSON) as client:
        sent = {"type": "sendToGroup", "group": "g", "data": "x"}
        assert (await client.ask(**sent))["group"] == "g"


async def test_tokens_are_generated_on_request(server: Server) -> None:
    path = f"/api/hubs/{server.hub}/:generateToken"
    query = "?userId=ada&role=webpubsub.joinLeaveGroup&group=g&group=h&minutesToExpire=5"
    headers = {"Authorization": f"Bearer {signed(aud=server.url + path)}"}
    async with server.session.post(server.url + path + query, headers=headers) as response:
        token = (await response.json())["token"]
    claims = jwt.decode(token, options={"verify_signature": False})
    assert 290 < claims["exp"] - time.time() < 310
    url = f"{server.url}/client/hubs/{server.hub}?access_token={token}"
    async with RawClient(server.session, url, JSON) as client:
        assert (await client.ask(type="joinGroup", group="i", ackId=1))["success"]
        [connection] = await server.connections()
        assert (connection["userId"], connection["groups"]) == ("ada", ["g", "h", "i"])


async def test_what_is_not_served_is_refused_by_name(server: Server) -> None:
    url = f"{server.url}/client/hubs/{server.hub}"
    path = f"/client/hubs/{server.hub}?access_token="
    token = signed(aud=url)
    assert await upgrade(server, path + token, "protobuf.webpubsub.azure.v1") == 501
    assert await upgrade(server, path + token, "mqtt") == 501
    assert await upgrade(server, path + token + "&webpubsub_mode=sendEvent", None) == 501
    assert await upgrade(server, f"/clients/mqtt/hubs/{server.hub}", "mqtt") == 501
    assert await upgrade(server, f"/clients/socketio/hubs/{server.hub}", None) == 501
    pattern = signed(aud=url, role="webpubsub.joinLeaveGroups.a*")
    assert await upgrade(server, path + pattern) == 501

    path = f"/api/hubs/{server.hub}/:send"
    token = signed(aud=server.url + path)
    protobuf = {"Content-Type": "application/x-protobuf", "Authorization": f"Bearer {token}"}
    async with server.session.post(server.url + path, headers=protobuf) as response:
        assert (response.status, "x-protobuf" in await response.text()) == (501, True)
    path = f"/api/hubs/{server.hub}/:generateToken"
    token = signed(aud=server.url + path)
    status, text = await post(server, path + "?clientType=MQTT", token)
    assert (status, "MQTT" in text) == (501, True)
    status, text = await post(server, f"/api/hubs/{server.hub}/:sendMqtt", token)
    assert (status, ":sendMqtt" in text) == (404, True)


async def test_an_unknown_subprotocol_is_not_echoed(server: Server) -> None:
    client = await server.connect("ada", protocol=None)
    assert client.socket.protocol is None
    url = await server.client_url("ada")
    async with server.session.ws_connect(url, protocols=("unheard.of", RELIABLE)) as socket:
        assert socket.protocol == RELIABLE


async def test_bad_hub_names_are_refused(server: Server) -> None:
    path = "/api/hubs/1hub/:send"
    status, text = await post(server, path, signed(aud=server.url + path), json=1)
    assert (status, "hub name" in text) == (400, True)


async def test_short_access_keys_are_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Settings(access_key="short")

"""Ordered faults and the other requests for tests."""

import time
from typing import Any

import aiohttp
import pytest
from azure.core.exceptions import HttpResponseError, ServiceRequestError

from tests.local.web_pubsub.servers import Server


async def order(server: Server, **fault: Any) -> int:
    async with server.session.post(f"{server.url}/_admin/faults", json=fault) as response:
        return response.status


async def clear(server: Server) -> None:
    async with server.session.delete(f"{server.url}/_admin/faults") as response:
        assert response.status == 204


async def test_a_fault_works_for_its_operation_as_often_as_ordered(server: Server) -> None:
    assert await order(server, operation="send", status=503, times=2) == 201
    for _ in range(2):
        with pytest.raises(HttpResponseError) as caught:
            await server.service.send_to_all("x")
        assert caught.value.status_code == 503
        assert not await server.service.user_exists("ada")
    await server.service.send_to_all("x")


async def test_a_fault_for_everything_lasts_until_cleared(server: Server) -> None:
    assert await order(server, operation="*", status=500) == 201
    for _ in range(3):
        with pytest.raises(HttpResponseError):
            await server.service.user_exists("ada")
    with pytest.raises(aiohttp.WSServerHandshakeError, match="500"):
        await server.connect("ada")
    await clear(server)
    await server.connect("ada")


async def test_answers_can_be_late(server: Server) -> None:
    assert await order(server, operation="send", latency_ms=50, times=1) == 201
    started = time.monotonic()
    await server.service.send_to_all("x")
    assert time.monotonic() - started >= 0.05


async def test_requests_can_be_cut_off(server: Server) -> None:
    assert await order(server, operation="send", reset=True, times=1) == 201
    with pytest.raises(ServiceRequestError):
        await server.service.send_to_all("x")
    await server.service.send_to_all("x")


@pytest.mark.parametrize(
    "fault",
    [{"operation": "unknown"}, {"operation": "send", "status": 200}, {"operation": "*", "x": 1}],
)
async def test_wrong_faults_are_refused(server: Server, fault: dict[str, Any]) -> None:
    assert await order(server, **fault) == 400


async def test_health_and_hubs_are_shown(server: Server) -> None:
    client = await server.connect("ada", groups=["h", "g"])
    async with server.session.head(f"{server.url}/api/health") as response:
        assert response.status == 200
    async with server.session.get(f"{server.url}/_admin/health") as response:
        assert await response.json() == {"status": "ok", "connections": 1}
    assert await server.connections() == [
        {
            "connectionId": client.connection_id,
            "userId": "ada",
            "groups": ["g", "h"],
            "subprotocol": "json.webpubsub.azure.v1",
            "attached": True,
        }
    ]
    async with server.session.post(f"{server.url}/_admin/connections/none/drop") as response:
        assert response.status == 404

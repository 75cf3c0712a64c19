"""Counting requests and ordering faults, over HTTP as another process would."""

import asyncio
import time

import aiohttp
import pytest
from azure.cosmos import exceptions
from azure.cosmos.aio import ContainerProxy

from tests.local.cosmos.conftest import RawClient, Server


async def test_requests_are_counted_by_kind(admin: Server, container: ContainerProxy):
    mark = (await admin.admin("POST", "requests/mark"))["mark"]
    await container.read()
    await container.create_item({"id": "a", "pk": "p"})
    await container.upsert_item({"id": "b", "pk": "p"})
    await container.read_item("a", "p")
    await container.patch_item("a", "p", [{"op": "set", "path": "/n", "value": 1}])
    await container.replace_item("a", {"id": "a", "pk": "p"})
    await container.execute_item_batch([("read", ("a",)), ("read", ("b",))], partition_key="p")
    query = container.query_items("SELECT * FROM c", partition_key="p", max_item_count=1)
    assert len([item async for item in query]) == 2
    await container.delete_item("a", "p")
    with pytest.raises(exceptions.CosmosResourceNotFoundError):
        await container.read_item("a", "p")
    report = await admin.admin("GET", f"requests?since={mark}")
    assert report["counts"].pop("metadata") >= 1
    expected = {"create": 1, "upsert": 1, "read": 2, "patch": 1, "replace": 1, "batch": 1}
    assert report["counts"] == {**expected, "query": 2, "delete": 1}
    assert report["total"] == 10
    assert report["charge"] > 30
    entries = [one for one in report["entries"] if one["kind"] != "metadata"]
    assert {one["container"] for one in entries} == {container.id}
    assert [one["status"] for one in entries if one["kind"] == "read"] == [200, 404]


async def test_throttled_requests_are_retried_after_the_time_given(
    admin: Server, container: ContainerProxy
):
    await container.create_item({"id": "a", "pk": "p"})
    mark = (await admin.admin("POST", "requests/mark"))["mark"]
    fault = {"operation": "read", "container": container.id, "status": 429}
    await admin.admin("POST", "faults", {**fault, "retry_after_ms": 20, "times": 2})
    started = time.monotonic()
    assert (await container.read_item("a", "p"))["id"] == "a"
    assert time.monotonic() - started >= 0.04
    report = await admin.admin("GET", f"requests?since={mark}")
    statuses = [one["status"] for one in report["entries"] if one["kind"] == "read"]
    assert statuses == [429, 429, 200]


async def test_faults_hit_only_what_they_name_until_cleared(
    admin: Server, raw: RawClient, container: ContainerProxy
):
    await container.create_item({"id": "a", "pk": "p"})
    path = f"/{container.container_link}/docs/a/"
    headers = {"x-ms-documentdb-partitionkey": '["p"]'}
    await admin.admin("POST", "faults", {"container": "elsewhere", "status": 503})
    await admin.admin("POST", "faults", {"operation": "delete", "status": 503})
    await admin.admin("POST", "faults", {"status": 503, "probability": 0})
    assert (await raw.send("GET", path, headers=headers)).status == 200
    await admin.admin("POST", "faults", {"status": 503})
    answer = await raw.send("GET", path, headers=headers)
    assert (answer.status, answer.body["code"]) == (503, "ServiceUnavailable")
    await admin.admin("DELETE", "faults")
    assert (await raw.send("GET", path, headers=headers)).status == 200


async def test_latency(admin: Server, raw: RawClient, container: ContainerProxy):
    await admin.admin("POST", "faults", {"operation": "query", "latency_ms": 60})
    started = time.monotonic()
    await raw.query(container, "SELECT * FROM c")
    assert time.monotonic() - started >= 0.06


@pytest.mark.parametrize(("kind", "stored"), [("reset", False), ("reset_after", True)])
async def test_dropped_connections(
    admin: Server, raw: RawClient, container: ContainerProxy, kind: str, stored: bool
):
    fault = {"operation": "create", "container": container.id, kind: True}
    await admin.admin("POST", "faults", fault)
    headers = {"x-ms-documentdb-partitionkey": '["p"]'}
    path = f"/{container.container_link}/docs/"
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await raw.send("POST", path, {"id": "a", "pk": "p"}, headers)
    await admin.admin("DELETE", "faults")
    found = [item async for item in container.query_items("SELECT * FROM c")]
    assert bool(found) == stored


async def test_the_client_repeats_a_write_that_was_processed_but_not_answered(
    admin: Server, container: ContainerProxy
):
    await admin.admin("POST", "faults", {"operation": "create", "reset_after": True, "times": 1})
    with pytest.raises(exceptions.CosmosResourceExistsError):
        await container.create_item({"id": "a", "pk": "p"})


async def test_an_answer_is_held_back_until_the_faults_are_removed(
    admin: Server, container: ContainerProxy
):
    await admin.admin("POST", "faults", {"operation": "create", "hold": True, "spare": 1})
    await container.create_item({"id": "spared", "pk": "p"})
    creating = asyncio.ensure_future(container.create_item({"id": "held", "pk": "p"}))
    async with asyncio.timeout(10):
        while (await admin.admin("GET", "faults"))["held"] == 0:
            assert not creating.done()
    assert (await container.read_item("held", "p"))["id"] == "held"
    assert not creating.done()

    await admin.admin("DELETE", "faults")

    assert (await creating)["id"] == "held"


@pytest.mark.parametrize(
    "fault",
    [{"operation": "guess"}, {"status": 200}, {"probability": 2}, {"typo": 1}, [], {"times": "x"}],
)
async def test_faulty_faults_are_refused(admin: Server, fault):
    with pytest.raises(aiohttp.ClientResponseError) as caught:
        await admin.admin("POST", "faults", fault)
    assert caught.value.status == 400


async def test_health(server: Server):
    assert await server.admin("GET", "health") == {"status": "ok"}


async def test_writes_do_not_make_the_client_read_ranges_again(
    admin: Server, container: ContainerProxy
):
    await container.upsert_item({"id": "a", "pk": "p"})
    await container.read_item("a", partition_key="p")
    mark = (await admin.admin("POST", "requests/mark"))["mark"]
    for number in range(3):
        await container.upsert_item({"id": "a", "pk": "p", "number": number})
        await container.read_item("a", partition_key="p")
    report = await admin.admin("GET", f"requests?since={mark}")
    assert "metadata" not in report["counts"]

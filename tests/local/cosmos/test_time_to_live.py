"""Expiry: by the container's default and the item's own ttl."""

import pytest
from azure.cosmos import PartitionKey, exceptions
from azure.cosmos.aio import ContainerProxy, DatabaseProxy

from tests.local.cosmos.conftest import MakeContainer, Server


async def ids_in(container: ContainerProxy) -> list[str]:
    query = container.query_items("SELECT VALUE c.id FROM c ORDER BY c.id", partition_key="p")
    return [str(item) async for item in query]


async def test_items_expire_by_their_own_ttl(make_container: MakeContainer, server: Server):
    container = await make_container(default_ttl=-1)
    for name, ttl in (("keep", {}), ("never", {"ttl": -1}), ("soon", {"ttl": 10})):
        await container.create_item({"id": name, "pk": "p", **ttl})
    await container.create_item({"id": "later", "pk": "p", "ttl": 1000})
    server.clock.advance(11)
    assert await ids_in(container) == ["keep", "later", "never"]
    with pytest.raises(exceptions.CosmosResourceNotFoundError):
        await container.read_item("soon", "p")
    with pytest.raises(exceptions.CosmosResourceNotFoundError):
        await container.replace_item("soon", {"id": "soon", "pk": "p"})
    counts = [n async for n in container.query_items("SELECT VALUE COUNT(1) FROM c")]
    assert counts == [3]


async def test_the_default_applies_unless_the_item_says_otherwise(
    make_container: MakeContainer, server: Server
):
    container = await make_container(default_ttl=10)
    await container.create_item({"id": "default", "pk": "p"})
    await container.create_item({"id": "never", "pk": "p", "ttl": -1})
    await container.create_item({"id": "longer", "pk": "p", "ttl": 20})
    server.clock.advance(11)
    assert await ids_in(container) == ["longer", "never"]


async def test_writing_renews(make_container: MakeContainer, server: Server):
    container = await make_container(default_ttl=10)
    await container.create_item({"id": "a", "pk": "p"})
    server.clock.advance(8)
    await container.patch_item("a", "p", [{"op": "set", "path": "/n", "value": 1}])
    server.clock.advance(8)
    assert await ids_in(container) == ["a"]


async def test_without_a_default_nothing_expires(container: ContainerProxy, server: Server):
    await container.create_item({"id": "a", "pk": "p", "ttl": 1})
    server.clock.advance(100)
    assert await ids_in(container) == ["a"]


async def test_an_expired_id_and_unique_key_can_be_taken(
    make_container: MakeContainer, server: Server
):
    container = await make_container(
        default_ttl=-1, unique_key_policy={"uniqueKeys": [{"paths": ["/name"]}]}
    )
    await container.create_item({"id": "a", "pk": "p", "name": "x", "ttl": 5})
    await container.create_item({"id": "b", "pk": "p", "name": "y", "ttl": 5})
    server.clock.advance(6)
    await container.create_item({"id": "a", "pk": "p", "name": "z"})
    await container.upsert_item({"id": "c", "pk": "p", "name": "y"})
    assert await ids_in(container) == ["a", "c"]


async def test_changing_the_default_applies_to_what_is_there(
    database: DatabaseProxy, make_container: MakeContainer, server: Server
):
    container = await make_container()
    await container.create_item({"id": "a", "pk": "p"})
    await container.create_item({"id": "b", "pk": "p", "ttl": 1000})
    await database.replace_container(container, PartitionKey("/pk"), default_ttl=10)
    server.clock.advance(11)
    assert await ids_in(container) == ["b"]


@pytest.mark.parametrize("ttl", [0, -2, 1.5, "10", True, 2**31])
async def test_faulty_values_are_refused(make_container: MakeContainer, ttl):
    container = await make_container(default_ttl=-1)
    with pytest.raises(exceptions.CosmosHttpResponseError) as caught:
        await container.create_item({"id": "a", "pk": "p", "ttl": ttl})
    assert caught.value.status_code == 400

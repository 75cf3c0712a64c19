"""Single items through the vendor's client: life cycle, preconditions, limits."""

import pytest
from azure.core import MatchConditions
from azure.cosmos import PartitionKey, exceptions
from azure.cosmos.aio import ContainerProxy
from azure.cosmos.partition_key import NonePartitionKeyValue

from tests.local.cosmos.conftest import MakeContainer


async def test_life_cycle(container: ContainerProxy):
    created = await container.create_item({"id": "a", "pk": "p", "text": "ä€😀"})
    assert {"_rid", "_self", "_etag", "_ts", "_attachments"} < created.keys()
    assert await container.read_item("a", "p") == created

    replaced = await container.replace_item("a", {"id": "a", "pk": "p", "n": 1})
    assert replaced["n"] == 1
    assert "text" not in replaced
    assert replaced["_etag"] != created["_etag"]
    assert replaced["_rid"] == created["_rid"]

    upserted = await container.upsert_item({"id": "a", "pk": "p", "n": 2})
    assert upserted["n"] == 2
    assert (await container.upsert_item({"id": "b", "pk": "p"}))["id"] == "b"

    await container.delete_item("a", "p")
    with pytest.raises(exceptions.CosmosResourceNotFoundError):
        await container.read_item("a", "p")
    with pytest.raises(exceptions.CosmosResourceNotFoundError):
        await container.delete_item("a", "p")


async def test_an_id_is_unique_within_its_partition(container: ContainerProxy):
    await container.create_item({"id": "a", "pk": "p"})
    await container.create_item({"id": "a", "pk": "q"})
    with pytest.raises(exceptions.CosmosResourceExistsError):
        await container.create_item({"id": "a", "pk": "p"})


@pytest.mark.parametrize("key", [None, True, 1, 1.5, -3, "x", "ü'\"/"])
async def test_partition_key_values_of_every_type(container: ContainerProxy, key):
    await container.create_item({"id": "a", "pk": key})
    assert (await container.read_item("a", key))["pk"] == key
    found = [item async for item in container.query_items("SELECT * FROM c", partition_key=key)]
    assert [item["pk"] for item in found] == [key]


async def test_a_missing_partition_key_is_a_value_of_its_own(container: ContainerProxy):
    await container.create_item({"id": "a"})
    assert "pk" not in await container.read_item("a", NonePartitionKeyValue)
    with pytest.raises(exceptions.CosmosResourceNotFoundError):
        await container.read_item("a", None)


@pytest.mark.parametrize("name", ["with space", "ünïcode", "a%2Fb", "semi;colon", "a+b&c=d"])
async def test_ids_survive_the_url(container: ContainerProxy, name):
    await container.create_item({"id": name, "pk": "p"})
    assert (await container.read_item(name, "p"))["id"] == name


async def test_if_match(container: ContainerProxy):
    first = await container.create_item({"id": "a", "pk": "p", "n": 1})
    current = {"etag": first["_etag"], "match_condition": MatchConditions.IfNotModified}
    await container.replace_item("a", {"id": "a", "pk": "p", "n": 2}, **current)
    with pytest.raises(exceptions.CosmosAccessConditionFailedError):
        await container.replace_item("a", {"id": "a", "pk": "p", "n": 3}, **current)
    with pytest.raises(exceptions.CosmosAccessConditionFailedError):
        await container.upsert_item({"id": "a", "pk": "p", "n": 3}, **current)
    with pytest.raises(exceptions.CosmosAccessConditionFailedError):
        await container.delete_item("a", "p", **current)
    assert (await container.read_item("a", "p"))["n"] == 2


async def test_if_none_match_spares_the_body(container: ContainerProxy):
    item = await container.create_item({"id": "a", "pk": "p"})
    again = await container.read_item(
        "a", "p", etag=item["_etag"], match_condition=MatchConditions.IfModified
    )
    assert dict(again) == {}
    other = await container.read_item(
        "a", "p", etag='"other"', match_condition=MatchConditions.IfModified
    )
    assert other == item


async def test_no_response_leaves_the_body_out(container: ContainerProxy):
    answer = await container.create_item({"id": "a", "pk": "p"}, no_response=True)
    assert dict(answer) == {}
    assert answer.get_response_headers()["etag"]


async def test_charges_grow_with_size(container: ContainerProxy):
    small = await container.create_item({"id": "a", "pk": "p"})
    large = await container.create_item({"id": "b", "pk": "p", "text": "x" * 10_240})
    charges = [
        float(one.get_response_headers()["x-ms-request-charge"])
        for one in (small, large, await container.read_item("a", "p"))
    ]
    assert 5 <= charges[0] <= 8
    assert charges[1] > 8 * charges[0] / 1.5
    assert charges[2] == 1


@pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")
async def test_items_over_2_mb_are_refused(container: ContainerProxy):
    await container.create_item({"id": "a", "pk": "p", "text": "x" * (2 * 1024 * 1024 - 500)})
    with pytest.raises(exceptions.CosmosHttpResponseError) as caught:
        await container.create_item({"id": "b", "pk": "p", "text": "x" * (2 * 1024 * 1024)})
    assert caught.value.status_code == 413


@pytest.mark.parametrize("name", ["x" * 1024, "ä" * 512])
async def test_ids_over_1023_bytes_are_refused(container: ContainerProxy, name):
    with pytest.raises(exceptions.CosmosHttpResponseError) as caught:
        await container.create_item({"id": name, "pk": "p"})
    assert caught.value.status_code == 400
    await container.create_item({"id": name[:-2], "pk": "p"})


async def test_partition_keys_over_2048_bytes_are_refused(container: ContainerProxy):
    await container.create_item({"id": "a", "pk": "x" * 2048})
    with pytest.raises(exceptions.CosmosHttpResponseError) as caught:
        await container.create_item({"id": "a", "pk": "x" * 2049})
    assert caught.value.status_code == 400


async def test_unique_keys_hold_within_a_partition(make_container: MakeContainer):
    container = await make_container(
        unique_key_policy={"uniqueKeys": [{"paths": ["/name", "/kind"]}]}
    )
    await container.create_item({"id": "a", "pk": "p", "name": "x", "kind": 1})
    await container.create_item({"id": "b", "pk": "p", "name": "x", "kind": "1"})
    await container.create_item({"id": "c", "pk": "q", "name": "x", "kind": 1})
    await container.create_item({"id": "d", "pk": "p"})
    for taken in ({"name": "x", "kind": 1}, {"name": None}):
        with pytest.raises(exceptions.CosmosResourceExistsError):
            await container.create_item({"id": "e", "pk": "p", **taken})
    with pytest.raises(exceptions.CosmosResourceExistsError):
        await container.replace_item("d", {"id": "d", "pk": "p", "name": "x", "kind": 1})


async def test_the_id_can_be_the_partition_key(make_container: MakeContainer):
    container = await make_container(partition_key=PartitionKey("/id"))
    for name in "abc":
        await container.create_item({"id": name})
    assert (await container.read_item("b", "b"))["id"] == "b"
    found = await container.read_items([("a", "a"), ("c", "c"), ("x", "x")])
    assert [item["id"] for item in found] == ["a", "c"]


async def test_nested_partition_keys(make_container: MakeContainer):
    container = await make_container(partition_key=PartitionKey("/user/id"))
    await container.create_item({"id": "a", "user": {"id": "u"}})
    assert (await container.read_item("a", "u"))["user"] == {"id": "u"}

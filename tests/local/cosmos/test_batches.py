"""Transactional batches through the vendor's client."""

from typing import Any

import pytest
from azure.cosmos import exceptions
from azure.cosmos.aio import ContainerProxy


def statuses_of(error: exceptions.CosmosBatchOperationError) -> list[int]:
    return [one["statusCode"] for one in error.operation_responses or []]


async def ids_in(container: ContainerProxy) -> list[Any]:
    query = container.query_items("SELECT VALUE c.id FROM c ORDER BY c.id")
    return [item async for item in query]


async def test_every_kind_of_operation(container: ContainerProxy):
    for name in "rdux":
        await container.create_item({"id": name, "pk": "p", "n": 1})
    results = await container.execute_item_batch(
        [
            ("create", ({"id": "c", "pk": "p"},)),
            ("upsert", ({"id": "u", "pk": "p", "n": 2},)),
            ("upsert", ({"id": "v", "pk": "p", "n": 2},)),
            ("replace", ("r", {"id": "r", "pk": "p", "n": 3})),
            ("patch", ("x", [{"op": "incr", "path": "/n", "value": 3}])),
            ("read", ("r",)),
            ("delete", ("d",)),
        ],
        partition_key="p",
    )
    assert [result["statusCode"] for result in results] == [201, 200, 201, 200, 200, 200, 204]
    assert results[5]["resourceBody"]["n"] == 3
    assert results[4]["resourceBody"]["n"] == 4
    assert results[3]["eTag"] == results[5]["eTag"] == results[3]["resourceBody"]["_etag"]
    assert await ids_in(container) == ["c", "r", "u", "v", "x"]


async def test_one_failure_undoes_everything(container: ContainerProxy):
    await container.create_item({"id": "taken", "pk": "p"})
    with pytest.raises(exceptions.CosmosBatchOperationError) as caught:
        await container.execute_item_batch(
            [
                ("create", ({"id": "a", "pk": "p"},)),
                ("delete", ("taken",)),
                ("replace", ("absent", {"id": "absent", "pk": "p"})),
                ("create", ({"id": "b", "pk": "p"},)),
            ],
            partition_key="p",
        )
    assert caught.value.error_index == 2
    assert statuses_of(caught.value) == [424, 424, 404, 424]
    assert await ids_in(container) == ["taken"]


async def test_a_stale_etag_fails_the_batch(container: ContainerProxy):
    first = await container.create_item({"id": "head", "pk": "p", "n": 1})
    head, message = {"id": "head", "pk": "p"}, {"id": "message", "pk": "p"}

    async def post() -> None:  # the client takes the options out of the list that it is given
        replace = ("replace", ("head", head), {"if_match_etag": first["_etag"]})
        await container.execute_item_batch([replace, ("create", (message,))], partition_key="p")

    await post()
    with pytest.raises(exceptions.CosmosBatchOperationError) as caught:
        await post()
    assert statuses_of(caught.value) == [412, 424]


async def test_a_false_patch_condition_fails_the_batch(container: ContainerProxy):
    await container.create_item({"id": "a", "pk": "p", "n": 1})
    patch = ("a", [{"op": "incr", "path": "/n", "value": 1}])
    with pytest.raises(exceptions.CosmosBatchOperationError) as caught:
        await container.execute_item_batch(
            [("patch", patch, {"filter_predicate": "from c where c.n > 1"})], partition_key="p"
        )
    assert statuses_of(caught.value) == [412]


async def test_items_must_be_of_the_partition(container: ContainerProxy):
    with pytest.raises(exceptions.CosmosBatchOperationError) as caught:
        await container.execute_item_batch(
            [("create", ({"id": "a", "pk": "other"},))], partition_key="p"
        )
    assert statuses_of(caught.value) == [400]


@pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")
async def test_limits(container: ContainerProxy):
    creates = [("create", ({"id": str(number), "pk": "p"},)) for number in range(101)]
    with pytest.raises(exceptions.CosmosHttpResponseError) as caught:
        await container.execute_item_batch(creates, partition_key="p")
    assert caught.value.status_code == 400
    large = [("create", ({"id": name, "pk": "p", "text": "x" * 1_100_000},)) for name in "ab"]
    with pytest.raises(exceptions.CosmosHttpResponseError) as caught:
        await container.execute_item_batch(large, partition_key="p")
    assert caught.value.status_code == 413
    assert await ids_in(container) == []
    assert len(await container.execute_item_batch(creates[:100], partition_key="p")) == 100

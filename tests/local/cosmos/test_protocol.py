"""The protocol itself: account, databases, containers, signatures, headers and refusals."""

import base64
from collections.abc import Callable

import pytest
from azure.cosmos import PartitionKey, exceptions
from azure.cosmos.aio import ContainerProxy, CosmosClient, DatabaseProxy

from tests.local.cosmos.conftest import RawClient, Server

OTHER_KEY = base64.b64encode(b"another key").decode()


async def test_databases_come_and_go(client: CosmosClient):
    database = await client.create_database("short-lived")
    with pytest.raises(exceptions.CosmosResourceExistsError):
        await client.create_database("short-lived")
    await database.create_container("c", PartitionKey("/pk"))
    assert "short-lived" in [one["id"] async for one in client.list_databases()]
    await client.delete_database("short-lived")
    with pytest.raises(exceptions.CosmosResourceNotFoundError):
        await database.read()


async def test_containers_come_and_go(database: DatabaseProxy, unused_name: Callable[[], str]):
    name = unused_name()
    policy = {
        "indexingMode": "consistent",
        "automatic": True,
        "includedPaths": [{"path": "/a/?"}],
        "excludedPaths": [{"path": "/*"}],
        "compositeIndexes": [
            [{"path": "/a", "order": "ascending"}, {"path": "/b", "order": "descending"}]
        ],
    }
    unique = {"uniqueKeys": [{"paths": ["/a"]}]}
    container = await database.create_container(
        name,
        PartitionKey("/pk"),
        indexing_policy=policy,
        default_ttl=60,
        unique_key_policy=unique,  # type: ignore[arg-type]  # mistyped by the client
    )
    found = await container.read()
    assert found["indexingPolicy"] == policy
    assert found["defaultTtl"] == 60
    assert found["uniqueKeyPolicy"] == unique
    assert found["partitionKey"] == {"paths": ["/pk"], "kind": "Hash", "version": 2}
    assert name in [one["id"] async for one in database.list_containers()]
    with pytest.raises(exceptions.CosmosResourceExistsError):
        await database.create_container(name, PartitionKey("/pk"))
    await container.create_item({"id": "a", "pk": "p"})
    await database.delete_container(name)
    again = await database.create_container(name, PartitionKey("/pk"))
    assert [item async for item in again.read_all_items()] == []


async def test_replacing_a_container_changes_its_indexes(
    database: DatabaseProxy, container: ContainerProxy
):
    await container.create_item({"id": "a", "pk": "p", "n": 1})
    policy = {"includedPaths": [], "excludedPaths": [{"path": "/*"}]}
    key = PartitionKey("/pk")
    await database.replace_container(container, key, indexing_policy=policy)
    with pytest.raises(exceptions.CosmosHttpResponseError) as caught:
        [item async for item in container.query_items("SELECT * FROM c ORDER BY c.n")]
    assert caught.value.status_code == 400
    with pytest.raises(exceptions.CosmosHttpResponseError) as caught:
        await database.replace_container(container, PartitionKey("/other"))
    assert caught.value.status_code == 400


@pytest.mark.parametrize(
    ("options", "status", "names"),
    [
        ({"partitionKey": {"paths": ["/a", "/b"], "kind": "MultiHash"}}, 501, "MultiHash"),
        ({"partitionKey": {"paths": []}}, 400, "partitionKey"),
        ({"defaultTtl": 0}, 400, "defaultTtl"),
        ({"computedProperties": []}, 501, "computedProperties"),
        ({"indexingPolicy": {"includedPaths": [{"path": "/a/?"}]}}, 400, "/*"),
        ({"indexingPolicy": {"includedPaths": [{"path": "a"}]}}, 400, "'a'"),
        ({"indexingPolicy": {"includedPaths": [{"path": "/*"}, {"path": "/a"}]}}, 400, "/a"),
        ({"indexingPolicy": [1]}, 400, "indexingPolicy"),
        ({"indexingPolicy": {"vectorIndexes": [{}]}}, 501, "vectorIndexes"),
        ({"uniqueKeyPolicy": {"uniqueKeys": [{"paths": "/a"}]}}, 400, "unique keys"),
        ({"id": "a/b"}, 400, "a/b"),
    ],
)
async def test_definitions_that_cannot_be_kept_are_refused(
    raw: RawClient, database: DatabaseProxy, options, status, names
):
    body = {"id": "faulty", "partitionKey": {"paths": ["/pk"], "kind": "Hash"}, **options}
    answer = await raw.send("POST", f"/{database.database_link}/colls/", body)
    assert answer.status == status
    assert names in answer.body["message"]


async def test_a_wrong_key_is_refused(server: Server):
    client = CosmosClient(server.url, OTHER_KEY)
    try:
        with pytest.raises(exceptions.CosmosHttpResponseError) as caught:
            await client.create_database("never")
    finally:
        await client.close()
    assert caught.value.status_code == 401


async def test_a_signature_is_good_for_one_resource_and_verb(
    raw: RawClient, container: ContainerProxy
):
    await container.create_item({"id": "a", "pk": "p"})
    link = f"{container.container_link}/docs/a"
    key = {"x-ms-documentdb-partitionkey": '["p"]'}
    signed = raw.sign("GET", "docs", link)
    for method, path, headers, status in (
        ("GET", f"/{link}", {**signed, **key}, 200),
        ("GET", f"/{link}/", {**signed, **key}, 200),
        ("DELETE", f"/{link}", {**signed, **key}, 401),
        ("GET", f"/{link}b", {**signed, **key}, 401),
        ("GET", f"/{link}", {**signed, **key, "x-ms-date": "today"}, 401),
        ("GET", f"/{link}", key, 401),
        ("GET", f"/{link}", {**key, "authorization": "type=aad&ver=1.0&sig=x"}, 401),
    ):
        async with raw.session.request(method, path, headers=headers) as response:
            assert response.status == status
            if status == 401:
                assert (await response.json())["code"] == "Unauthorized"


async def test_answers_carry_the_usual_headers(raw: RawClient, container: ContainerProxy):
    item = await container.create_item({"id": "a", "pk": "p"})
    path = f"/{container.container_link}/docs/a/"
    headers = {"x-ms-documentdb-partitionkey": '["p"]', "x-ms-activity-id": "my-id"}
    answer = await raw.send("GET", path, headers=headers)
    assert answer.body == item
    assert answer.headers["etag"] == item["_etag"]
    assert answer.headers["x-ms-request-charge"] == "1.0"
    assert answer.headers["x-ms-activity-id"] == "my-id"
    assert answer.headers["x-ms-session-token"].startswith("0:-1#")
    assert answer.headers["x-ms-alt-content-path"] == container.container_link
    answer = await raw.query(container, "SELECT VALUE c.id FROM c")
    assert answer.body["Documents"] == ["a"]
    assert answer.body["_count"] == 1
    assert answer.headers["x-ms-item-count"] == "1"
    assert float(answer.headers["x-ms-request-charge"]) >= 2.3


async def test_partition_ranges_are_read_once(raw: RawClient, container: ContainerProxy):
    path = f"/{container.container_link}/pkranges/"
    first = await raw.send("GET", path, headers={"A-IM": "Incremental Feed"})
    assert [one["id"] for one in first.body["PartitionKeyRanges"]] == ["0"]
    again = await raw.send("GET", path, headers={"If-None-Match": first.headers["etag"]})
    assert again.status == 304


async def test_a_query_over_all_partitions_must_be_allowed(
    raw: RawClient, container: ContainerProxy
):
    headers = {"content-type": "application/query+json", "x-ms-documentdb-isquery": "True"}
    body = {"query": "SELECT * FROM c"}
    answer = await raw.send("POST", f"/{container.container_link}/docs/", body, headers)
    assert answer.status == 400


async def test_the_partition_key_must_be_given_and_right(raw: RawClient, container: ContainerProxy):
    path = f"/{container.container_link}/docs/"
    item = {"id": "a", "pk": "p"}
    answer = await raw.send("POST", path, item)
    assert answer.status == 400
    answer = await raw.send("POST", path, item, {"x-ms-documentdb-partitionkey": '["q"]'})
    assert (answer.status, answer.headers["x-ms-substatus"]) == (400, "1001")


@pytest.mark.parametrize(
    ("method", "path", "headers", "names"),
    [
        ("GET", "docs/", {"A-IM": "Incremental Feed"}, "change feed"),
        ("POST", "docs/", {"x-ms-cosmos-is-query-plan-request": "True"}, "query plans"),
        ("POST", "sprocs/x", {}, "stored procedures"),
        ("GET", "triggers/", {}, "triggers"),
        ("GET", "udfs/", {}, "user-defined functions"),
        ("POST", "docs/", {"x-ms-documentdb-isquery": "True", "x-ms-start-epk": "0"}, "effective"),
    ],
)
async def test_what_is_not_supported_is_named(
    raw: RawClient, container: ContainerProxy, method, path, headers, names
):
    answer = await raw.send(method, f"/{container.container_link}/{path}", headers=headers)
    assert answer.status == 501
    assert names in answer.body["message"]


@pytest.mark.parametrize(
    "item", ['{"id": "a", "pk": "p", "n": NaN}', "[1]", '{"id": "a"', '{"id": "\\ud800"}', "\xff"]
)
async def test_faulty_json_is_refused(raw: RawClient, container: ContainerProxy, item: str):
    path = f"/{container.container_link}/docs/"
    headers = raw.sign("POST", "docs", container.container_link)
    headers["x-ms-documentdb-partitionkey"] = '["p"]'
    body = item.encode("latin-1")
    async with raw.session.post(path, data=body, headers=headers) as response:
        assert response.status == 400
        assert (await response.json())["code"] == "BadRequest"


async def test_the_account_is_as_consistent_as_the_one_in_azure(raw: RawClient):
    async with raw.session.get("/", headers=raw.sign("GET", "", "")) as response:
        account = await response.json()
    policy = account["userConsistencyPolicy"]
    assert policy == {"defaultConsistencyLevel": "BoundedStaleness"}

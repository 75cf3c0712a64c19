"""A whole stack as an object, with the real stand-ins and Azurite."""

import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from azure.cosmos.aio import ContainerProxy, CosmosClient
from azure.data.tables.aio import TableServiceClient
from azure.storage.blob.aio import BlobServiceClient
from azure.storage.queue.aio import QueueServiceClient

from local.stack import Stack, StackError, StackOptions
from local.stack.errors import DataFolderInUseError
from local.stack.provisioning import provision
from shared import resources


@pytest.fixture(scope="session")
async def stack(app_root: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    options = StackOptions(
        data_dir=tmp_path_factory.mktemp("stack"),
        free_ports=True,
        azurite_in_memory=True,
        settings={"COLOUR": "green"},
        app_root=app_root,
    )
    async with Stack(options) as running:
        yield running


async def names_of(listed: Any) -> list[str]:
    items = [item async for item in listed]
    return sorted(item["id"] if isinstance(item, dict) else item.name for item in items)


async def test_what_the_product_needs_is_there(stack: Stack):
    at = stack.addresses
    await provision(at.cosmos, at.cosmos_key, at.storage_connection_string)  # once more: no error
    storage = at.storage_connection_string
    async with QueueServiceClient.from_connection_string(storage) as queues:
        expected = sorted([*resources.QUEUES, *resources.POISON_QUEUES])
        assert await names_of(queues.list_queues()) == expected
    async with TableServiceClient.from_connection_string(storage) as tables:
        assert await names_of(tables.list_tables()) == sorted(resources.TABLES)
    async with BlobServiceClient.from_connection_string(storage) as blobs:
        found = await names_of(blobs.list_containers())
        assert set(resources.BLOB_CONTAINERS) <= set(found)
    async with CosmosClient(at.cosmos, at.cosmos_key) as cosmos:
        database = cosmos.get_database_client(resources.COSMOS_DATABASE)
        found = await names_of(database.list_containers())
        assert found == sorted(container.name for container in resources.COSMOS_CONTAINERS)
        for container in resources.COSMOS_CONTAINERS:
            await _assert_as_specified(database.get_container_client(container.name), container)


async def _assert_as_specified(proxy: ContainerProxy, container: resources.CosmosContainer) -> None:
    properties = await proxy.read()
    assert properties["partitionKey"]["paths"] == [container.partition_key_path]
    assert properties.get("defaultTtl") == container.default_ttl
    included = properties["indexingPolicy"]["includedPaths"]
    assert {path["path"] for path in included} >= set(container.indexed_paths)


async def test_the_functions_host_has_the_settings(stack: Stack):
    async with stack.api() as nobody:
        for name, value in stack.addresses.environment.items():
            assert (await nobody.get(f"/settings/{name}")).json() == value
    assert stack.addresses.environment["COLOUR"] == "green"


async def test_tokens_are_accepted_by_the_published_keys(stack: Stack):
    async with stack.api("Grace") as grace:
        token = (await grace.get("/authorization")).text.removeprefix("Bearer ")
    async with httpx.AsyncClient() as client:
        keys = (await client.get(stack.addresses.environment["WORKBENCH__AUTH__JWKS_URL"])).json()
    key = jwt.PyJWKSet.from_dict(keys)[jwt.get_unverified_header(token)["kid"]]
    claims = jwt.decode(token, key, algorithms=["RS256"], options={"verify_aud": False})
    assert claims["name"] == "Grace"
    [issuer] = json.loads(stack.addresses.environment["WORKBENCH__AUTH__ISSUERS"])
    assert claims["iss"] == issuer.replace("{tid}", claims["tid"])


async def test_token_claims_can_be_set(stack: Stack):
    token = stack.token("Ada", tid="t", oid="o", app_id="app", expires_in=-5)
    claims = jwt.decode(token, options={"verify_signature": False})
    assert (claims["tid"], claims["oid"], claims["aud"]) == ("t", "o", "app")
    assert claims["exp"] < time.time()


async def test_cosmos_requests_are_counted(stack: Stack):
    async with CosmosClient(stack.addresses.cosmos, stack.addresses.cosmos_key) as cosmos:
        database = cosmos.get_database_client(resources.COSMOS_DATABASE)
        users = database.get_container_client(resources.USERS)
        await users.upsert_item({"id": "ada"})
        async with stack.cosmos_requests() as requests:
            await users.read_item("ada", partition_key="ada")
            await users.read_item("ada", partition_key="ada")
    assert requests.total == 2
    assert requests.counts["read"] == 2
    assert {entry["container"] for entry in requests.entries} == {resources.USERS}


async def test_the_functions_host_comes_back_at_its_address(stack: Stack):
    async with stack.api() as nobody:
        await stack.kill_functions_host()
        with pytest.raises(httpx.TransportError):
            await nobody.get("/settings/COLOUR")
        await stack.restart_functions_host()
        assert (await nobody.get("/settings/COLOUR")).json() == "green"
        await stack.restart_functions_host()
        assert (await nobody.get("/settings/COLOUR")).json() == "green"


async def test_the_example_assistant_runs_and_registers(stack: Stack):
    assert stack.addresses.example_assistant
    log = (stack.data_dir / "logs" / "echo_assistant.log").read_text()
    assert "echo_assistant registered" in log
    async with httpx.AsyncClient(base_url=stack.addresses.example_assistant) as client:
        assert (await client.get("/")).json()["assistant_service_id"] == "echo-assistant.example"


async def test_the_example_assistant_comes_back_with_its_assistants(stack: Stack):
    assert stack.addresses.example_assistant
    headers = {"X-API-Key": ""}
    async with httpx.AsyncClient(
        base_url=stack.addresses.example_assistant, headers=headers
    ) as client:
        form = {"assistant": '{"assistant_name": "Echo", "template_id": "default"}'}
        await client.put("/some-assistant", data=form)
        await stack.stop_example_assistant()
        with pytest.raises(httpx.TransportError):
            await client.get("/")
        await stack.restart_example_assistant()
        assert (await client.get("/some-assistant")).status_code == 200


async def test_a_data_folder_has_one_stack(stack: Stack):
    with pytest.raises(DataFolderInUseError):
        await Stack(stack.options).__aenter__()


async def test_a_stack_without_host_has_no_address_of_it(tmp_path: Path):
    stack = Stack(StackOptions(data_dir=tmp_path, free_ports=True, functions_host=False))
    async with stack:
        assert stack.addresses.example_assistant is None
        with pytest.raises(StackError, match="no functions"):
            stack.api()
        with pytest.raises(StackError, match="no example assistant"):
            await stack.restart_example_assistant()


async def test_a_part_that_can_t_start_is_named_and_nothing_is_left(tmp_path: Path):
    options = StackOptions(data_dir=tmp_path, free_ports=True, app_root=tmp_path / "missing")
    stack = Stack(options)
    with pytest.raises(StackError, match="functions_host ended"):
        await stack.__aenter__()
    async with httpx.AsyncClient() as client:
        for url in (stack.addresses.cosmos, stack.addresses.identity):
            with pytest.raises(httpx.ConnectError):
                await client.get(url)

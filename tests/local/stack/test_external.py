"""Stacks that use services which run already, played by the stand-ins of another stack."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from azure.cosmos.aio import CosmosClient
from azure.messaging.webpubsubservice.aio import WebPubSubServiceClient

from local.stack import Stack, StackOptions
from local.stack.errors import NotOursError, ServiceMissingError
from local.stack.external import ExternalNames, ExternalServices, remove_external_data
from local.stack.ports import reserve_free_port
from shared import resources


@pytest.fixture(scope="module")
async def other(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """Whose services they are."""
    options = StackOptions(
        data_dir=tmp_path_factory.mktemp("other"),
        free_ports=True,
        functions_host=False,
        azurite_in_memory=True,
    )
    async with Stack(options) as running:
        yield running


@pytest.fixture
def services(other: Stack) -> ExternalServices:
    """How one gets to them."""
    settings = other.addresses.environment
    return ExternalServices(
        settings["WORKBENCH__COSMOS__ENDPOINT"],
        settings["WORKBENCH__COSMOS__KEY"],
        settings["WORKBENCH__WEB_PUBSUB__CONNECTION_STRING"],
    )


def stack_with(services: ExternalServices, folder: Path, **options: Any) -> Stack:
    """A stack without a Functions host that uses them."""
    return Stack(
        StackOptions(
            data_dir=folder,
            free_ports=True,
            functions_host=False,
            external=services,
            **options,
        )
    )


async def databases(services: ExternalServices) -> set[str]:
    """The databases of the account but the other stack's own."""
    async with CosmosClient(services.cosmos_endpoint, services.cosmos_key) as client:
        found = {database["id"] async for database in client.list_databases()}
    return found - {resources.COSMOS_DATABASE}


async def test_a_stack_has_a_database_and_a_hub_of_its_own_and_leaves_nothing(
    services: ExternalServices, tmp_path: Path
) -> None:
    async with stack_with(services, tmp_path, azurite_in_memory=True) as stack:
        settings = stack.addresses.environment
        name = settings["WORKBENCH__COSMOS__DATABASE"]
        assert await databases(services) == {name}
        async with CosmosClient(stack.addresses.cosmos, stack.addresses.cosmos_key) as client:
            listed = client.get_database_client(name).list_containers()
            containers = {container["id"] async for container in listed}
        hub = settings["WORKBENCH__WEB_PUBSUB__HUB"]
        connection_string = settings["WORKBENCH__WEB_PUBSUB__CONNECTION_STRING"]
        async with WebPubSubServiceClient.from_connection_string(connection_string, hub) as client:
            await client.send_to_all("hello", content_type="text/plain")
        with pytest.raises(NotOursError, match="no Cosmos DB of its own"):
            await stack.cosmos_admin.clear_faults()
        with pytest.raises(NotOursError, match="no Web PubSub of its own"):
            await stack.web_pubsub_admin.clear_faults()

    assert containers == {container.name for container in resources.COSMOS_CONTAINERS}
    assert hub != resources.WEB_PUBSUB_HUB
    await services.wait(seconds=5)
    assert await databases(services) == set()


async def test_a_stack_that_keeps_its_data_finds_its_database_again(
    services: ExternalServices, tmp_path: Path
) -> None:
    async with stack_with(services, tmp_path) as before:
        name = before.addresses.environment["WORKBENCH__COSMOS__DATABASE"]
    async with stack_with(services, tmp_path) as after:
        assert after.addresses.environment["WORKBENCH__COSMOS__DATABASE"] == name
    assert await databases(services) == {name}

    await remove_external_data(services, tmp_path)
    assert await databases(services) == set()
    await remove_external_data(services, tmp_path)  # once more: no error


def test_two_data_folders_have_different_names(tmp_path: Path) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
    one, two = (ExternalNames.of_data_folder(folder) for folder in folders)
    assert one.database != two.database
    assert one.hub != two.hub


async def test_a_service_that_does_not_answer_is_named() -> None:
    nobody = f"http://127.0.0.1:{reserve_free_port()}/"
    services = ExternalServices(nobody, "key", f"Endpoint={nobody};AccessKey=key;Version=1.0;")
    with pytest.raises(ServiceMissingError, match=f"doesn't answer at {nobody}"):
        await services.wait(seconds=0.01)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("Endpoint=http://localhost;Port=8080;AccessKey=a==;Version=1.0;", "http://localhost:8080"),
        ("endpoint=https://a.example/;accesskey=a", "https://a.example"),
        ("Endpoint=http://127.0.0.1:8080;AccessKey=a", "http://127.0.0.1:8080"),
    ],
)
def test_the_address_of_web_pubsub_is_that_of_its_connection_string(text: str, url: str) -> None:
    assert ExternalServices("http://c", "key", text).web_pubsub_url == url


async def test_func_takes_the_place_of_our_functions_host(tmp_path: Path, core_tools: Path) -> None:
    options = StackOptions(
        data_dir=tmp_path / "data",
        free_ports=True,
        example_assistant=False,
        azurite_in_memory=True,
        settings={"COLOUR": "green"},
        core_tools=str(core_tools),
    )
    async with Stack(options) as stack, stack.api("Ada") as ada:
        assert (await ada.get("/users/me")).status_code == 200
        await stack.kill_functions_host()
        with pytest.raises(httpx.TransportError):
            await ada.get("/users/me")
        await stack.restart_functions_host()
        assert (await ada.get("/users/me")).status_code == 200

    asked = core_tools.with_name("asked").read_text().splitlines()
    port = stack.functions_url.rpartition(":")[2]
    assert asked == [f"start --port {port} --cors *, COLOUR=green"] * 2

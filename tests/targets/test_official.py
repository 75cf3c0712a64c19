"""WORKBENCH_TEST_TARGET=official against our own stand-ins at the addresses of emulators."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from azure.cosmos.aio import CosmosClient

from local.stack import Stack, StackOptions
from local.stack.host_settings import example_settings
from shared import resources
from tests.support import targets
from tests.support.core_tools import write_func
from tests.support.targets import official
from tests.support.targets.official import Official
from tests.targets.imitation import run_tests


@pytest.fixture(scope="module")
async def emulators(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """What `make services-official` would have started."""
    options = StackOptions(
        data_dir=tmp_path_factory.mktemp("emulators"),
        free_ports=True,
        functions_host=False,
        azurite_in_memory=True,
    )
    async with Stack(options) as running:
        yield running


@pytest.fixture
def environment(emulators: Stack) -> dict[str, str]:
    """The variables that send the tests there."""
    settings = emulators.addresses.environment
    return {
        targets.VARIABLE: "official",
        official.COSMOS_ENDPOINT: settings["WORKBENCH__COSMOS__ENDPOINT"],
        official.COSMOS_KEY: settings["WORKBENCH__COSMOS__KEY"],
        official.WEB_PUBSUB: settings["WORKBENCH__WEB_PUBSUB__CONNECTION_STRING"],
    }


async def databases(emulators: Stack) -> set[str]:
    """The databases in the imitated emulator but the one that every stack makes."""
    async with CosmosClient(emulators.addresses.cosmos, emulators.addresses.cosmos_key) as client:
        found = {database["id"] async for database in client.list_databases()}
    return found - {resources.COSMOS_DATABASE}


async def test_tests_of_the_api_run_against_emulators(
    emulators: Stack, environment: dict[str, str], tmp_path: Path
) -> None:
    """People, real time, assistants, what lies behind, and what only our stand-ins can do."""
    (tmp_path / "bin").mkdir()
    write_func(tmp_path / "bin")
    path = f"{tmp_path / 'bin'}:{os.environ['PATH']}"

    run = await run_tests(
        tmp_path,
        {**environment, "PATH": path},
        "tests/api/test_deletion.py",
        "tests/api/test_departures.py",
        "tests/api/test_live_conversation.py",
        "tests/api/test_events.py",
    )

    assert (run.exit_code, run.failed) == (pytest.ExitCode.OK, 0), run.output
    assert run.passed >= 10
    assert dict(run.skipped) == {
        "official: needs a Web PubSub that tells its connections and fails on demand": 1
    }
    assert f"official: {tmp_path / 'bin' / 'func'}, Cosmos DB at" in run.output
    assert await databases(emulators) == set()


def test_the_addresses_are_the_settings_example_s() -> None:
    services = Official({}).services
    example = example_settings()
    assert services.cosmos_endpoint == example["WORKBENCH__COSMOS__ENDPOINT"]
    assert services.cosmos_key == example["WORKBENCH__COSMOS__KEY"]
    assert services.web_pubsub_url == "http://127.0.0.1:8080"


@pytest.mark.parametrize(
    ("attribute", "missing"),
    [
        ("cosmos_admin", "official: needs a Cosmos DB that counts requests and fails on demand"),
        (
            "web_pubsub_admin",
            "official: needs a Web PubSub that tells its connections and fails on demand",
        ),
    ],
)
def test_what_emulators_can_not_do_skips_the_test(
    tmp_path: Path, attribute: str, missing: str
) -> None:
    stack = Official({}).own_stack(StackOptions(data_dir=tmp_path))
    with pytest.raises(pytest.skip.Exception, match=missing):
        getattr(stack, attribute)


def test_the_process_of_core_tools_is_not_the_app_s(tmp_path: Path) -> None:
    write_func(tmp_path)
    stack = Official({"PATH": str(tmp_path)}).own_stack(StackOptions(data_dir=tmp_path))
    with pytest.raises(pytest.skip.Exception, match="official: needs a Functions host that runs"):
        _ = stack.functions_pid

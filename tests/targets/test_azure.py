"""WORKBENCH_TEST_TARGET=azure against a local stack that poses as a deployment."""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from local.stack import Stack, StackOptions
from tests.support import backends, targets
from tests.support.assistant_service import RecordingService
from tests.support.targets import azd, azure
from tests.support.targets.azure import Azure
from tests.targets.imitation import free_ports, run_tests

APP_ID = "11111111-2222-4333-8444-555555555555"
TUNNEL = "http://127.0.0.1:{port}"

OUTPUTS = {
    "SERVICE_API_URI": "https://func.example",
    "AZURE_COSMOS_ENDPOINT": "https://cosmos.example:443/",
    "AZURE_STORAGE_ACCOUNT": "stexample",
    "AZURE_WEB_PUBSUB_ENDPOINT": "https://wps.example",
}


def write_environment(folder: Path, values: dict[str, str]) -> None:
    """Write what azd would, with one environment that is the default."""
    (folder / "test").mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"version": 1, "defaultEnvironment": "test"}))
    lines = (f"{name}={json.dumps(value)}\n" for name, value in values.items())
    (folder / "test" / ".env").write_text("".join(lines))


@dataclass(frozen=True)
class Deployed:
    """A local stack that trusts the identity service of the tests, as a test deployment does."""

    stack: Stack
    ports: range

    def values(self) -> dict[str, str]:
        """azd's values: main.bicep's outputs, and keys, since there is no identity to be had."""
        settings = self.stack.addresses.environment
        return {
            "SERVICE_API_URI": self.stack.functions_url,
            "AZURE_COSMOS_ENDPOINT": settings["WORKBENCH__COSMOS__ENDPOINT"],
            "AZURE_STORAGE_ACCOUNT": "devstoreaccount1",
            "AZURE_WEB_PUBSUB_ENDPOINT": self.stack.addresses.web_pubsub,
            "WORKBENCH_APP_ID": APP_ID,
            "WORKBENCH__COSMOS__KEY": settings["WORKBENCH__COSMOS__KEY"],
            "WORKBENCH__WEB_PUBSUB__CONNECTION_STRING": settings[
                "WORKBENCH__WEB_PUBSUB__CONNECTION_STRING"
            ],
            "AzureWebJobsStorage": settings["AzureWebJobsStorage"],
        }


@pytest.fixture
async def deployed(tmp_path: Path) -> AsyncIterator[Deployed]:
    """The deployment."""
    ports = free_ports(8)
    identity = TUNNEL.format(port=ports[0])
    options = StackOptions(
        data_dir=tmp_path / "deployed",
        free_ports=True,
        example_assistant=False,
        azurite_in_memory=True,
        settings={
            "ONLINE_CHECK_SCHEDULE": "*/1 * * * * *",
            "WORKBENCH__AUTH__ALLOWED_APP_ID": APP_ID,
            "WORKBENCH__AUTH__JWKS_URL": f"{identity}/discovery/v2.0/keys",
            "WORKBENCH__AUTH__ISSUERS": json.dumps([f"{identity}/{{tid}}/v2.0"]),
        },
    )
    async with Stack(options) as running:
        yield Deployed(running, ports)


async def test_tests_of_the_api_run_against_a_deployment(
    deployed: Deployed, tmp_path: Path
) -> None:
    """People, real time, assistants by the tunnel, what lies behind, and what can't be done."""
    write_environment(tmp_path / "azd", deployed.values())

    run = await run_tests(
        tmp_path,
        {
            targets.VARIABLE: "azure",
            azd.FOLDER_VARIABLE: str(tmp_path / "azd"),
            azure.TUNNEL: TUNNEL,
            azure.TUNNEL_PORTS: f"{deployed.ports[0]}-{deployed.ports[-1]}",
        },
        "tests/api/test_deletion.py",
        "tests/api/test_departures.py",
        "tests/api/test_live_conversation.py",
        "tests/api/test_events.py",
        "tests/api/test_restart.py",
    )

    assert (run.exit_code, run.failed) == (pytest.ExitCode.OK, 0), run.output
    assert run.passed >= 10
    assert dict(run.skipped) == {
        "azure: needs a Web PubSub that tells its connections and fails on demand": 1,
        "azure: needs a stack of its own": 1,
    }
    assert f"WORKBENCH_TEST_TARGET=azure: {deployed.stack.functions_url} of azd's" in run.output


NewTarget = Callable[..., Azure]


@pytest.fixture
def new_target(tmp_path: Path) -> NewTarget:
    """Makes the target of an environment with these values."""

    def make(values: dict[str, str] = OUTPUTS, **environ: str) -> Azure:
        write_environment(tmp_path / "azd", values)
        folder = {azd.FOLDER_VARIABLE: str(tmp_path / "azd")}
        return Azure({**folder, azure.TUNNEL: "https://t-{port}.example/", **environ})

    return make


@pytest.mark.parametrize("output", OUTPUTS)
def test_an_output_that_is_missing_is_named(new_target: NewTarget, output: str) -> None:
    rest = {name: value for name, value in OUTPUTS.items() if name != output}
    with pytest.raises(targets.TargetError, match=f"no {output}: is the deployment complete"):
        new_target(rest)


@pytest.mark.parametrize("tunnel", ["", "https://name.example"])
def test_a_tunnel_is_needed_with_an_address_for_each_port(
    new_target: NewTarget, tunnel: str
) -> None:
    with pytest.raises(targets.TargetError, match="WORKBENCH_TEST_TUNNEL must be the address"):
        new_target(**{azure.TUNNEL: tunnel})


@pytest.mark.parametrize("ports", ["7200", "7200-7201", "7201-7200", "a-b", "65530-65600"])
def test_ports_of_the_tunnel_that_can_not_be_are_refused(new_target: NewTarget, ports: str) -> None:
    with pytest.raises(targets.TargetError, match="WORKBENCH_TEST_TUNNEL_PORTS must be three"):
        new_target(**{azure.TUNNEL_PORTS: ports})


def test_identity_has_the_first_port_of_the_tunnel_and_services_the_others(
    new_target: NewTarget,
) -> None:
    target = new_target(**{azure.TUNNEL_PORTS: "7300-7303"})
    assert target.identity_port == 7300
    assert list(target.ports()) == [7301, 7302, 7303]
    assert target.public_url(7301) == "https://t-7301.example"


def test_without_keys_everything_is_by_identity(new_target: NewTarget, tmp_path: Path) -> None:
    stack = new_target().shared_stack(StackOptions(data_dir=tmp_path))
    settings = backends.settings_of(stack)
    assert (settings.cosmos.endpoint, settings.cosmos.key) == ("https://cosmos.example:443/", None)
    assert settings.storage.queue_service_uri == "https://stexample.queue.core.windows.net"
    assert settings.storage.connection_string is None
    assert settings.web_pubsub.endpoint == "https://wps.example"
    assert settings.web_pubsub.connection_string is None


def test_a_setting_in_azd_s_environment_wins(new_target: NewTarget, tmp_path: Path) -> None:
    target = new_target({**OUTPUTS, "WORKBENCH__COSMOS__DATABASE": "other"})
    stack = target.shared_stack(StackOptions(data_dir=tmp_path))
    assert backends.settings_of(stack).cosmos.database == "other"


def test_a_stack_with_other_settings_skips_the_test_and_names_them(
    new_target: NewTarget, tmp_path: Path
) -> None:
    options = StackOptions(data_dir=tmp_path, settings={"WORKBENCH__FILES__UPLOAD_SECONDS": "1"})
    expected = "azure: needs a stack with settings of its own: WORKBENCH__FILES__UPLOAD"
    with pytest.raises(pytest.skip.Exception, match=expected):
        new_target().own_stack(options)


async def test_what_can_not_be_done_to_a_deployment_skips_the_test(
    new_target: NewTarget, tmp_path: Path
) -> None:
    stack = new_target().shared_stack(StackOptions(data_dir=tmp_path))
    for action in (
        stack.kill_functions_host,
        stack.restart_functions_host,
        stack.stop_example_assistant,
        stack.restart_example_assistant,
        stack.cosmos_requests().__aenter__,
    ):
        with pytest.raises(pytest.skip.Exception, match=r"^azure: needs "):
            await action()


@pytest.mark.parametrize(("answered", "key"), [("secret", "secret"), (None, "")])
async def test_a_service_is_registered_by_a_person_who_gets_its_key(
    answered: str | None, key: str
) -> None:
    bodies: list[dict[str, str]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        assert (request.method, request.url.path) == ("POST", "/assistant-service-registrations")
        bodies.append(json.loads(request.content))
        return httpx.Response(200, json={"api_key": answered})

    transport = httpx.MockTransport(answer)
    async with httpx.AsyncClient(transport=transport, base_url="https://func.example") as person:
        assert await azure.key_of_new_service(person, "some.test") == key
    assert bodies[0]["assistant_service_id"] == "some.test"


def test_a_service_that_registers_itself_skips_the_test(new_target: NewTarget) -> None:
    with pytest.raises(pytest.skip.Exception, match="azure: needs the fixed key"):
        new_target().fixed_key()


async def test_an_id_that_no_person_can_register_skips_the_test(
    new_target: NewTarget, tmp_path: Path
) -> None:
    target = new_target()
    target.shared_stack(StackOptions(data_dir=tmp_path))
    with pytest.raises(pytest.skip.Exception, match="no person can register this id"):
        await target.register("with/slash.test")


async def test_a_service_is_not_taken_for_one_that_had_its_port_before(
    new_target: NewTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    ports = free_ports(3)
    target = new_target(**{azure.TUNNEL: TUNNEL, azure.TUNNEL_PORTS: f"{ports[0]}-{ports[-1]}"})
    monkeypatch.setattr(targets, "current", lambda: target)
    async with RecordingService("https://func.example", "first.test", api_key="") as first:
        pass
    async with (
        RecordingService("https://func.example", "second.test", api_key="") as second,
        httpx.AsyncClient() as client,
    ):
        for_second = await client.get(f"{second.url}assistant/config?a=%2F")
        for_first = await client.get(first.url)

    assert first.url.rpartition("/")[0].rpartition("/")[0] == f"http://127.0.0.1:{ports[1]}"
    assert (for_first.status_code, for_second.status_code) == (404, 200)
    assert [(call.path, call.target) for call in second.calls] == [
        ("/assistant/config", "/assistant/config?a=%2F")
    ]

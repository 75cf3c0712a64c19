"""The app settings that the Functions host is given."""

import json
from pathlib import Path

import pytest
from azure.messaging.webpubsubservice import WebPubSubServiceClient
from azure.storage.queue import QueueServiceClient

from local.stack.addresses import StackAddresses
from local.stack.errors import StackError
from local.stack.host_settings import example_settings, host_environment, settings_file
from local.stack.options import PORT_OPTIONS, StackOptions

PORTS = {option.part: 20000 + number for number, option in enumerate(PORT_OPTIONS)}


def addresses(**overrides: str) -> StackAddresses:
    options = StackOptions(data_dir=Path("/data"), settings=overrides, app_root=Path("/nowhere"))
    return StackAddresses.of_ports(PORTS, Path("/data"), options)


def test_no_address_of_the_example_is_left():
    environment = addresses().environment
    assert set(environment) == set(example_settings())
    text = json.dumps(dict(environment))
    assert not [option.part for option in PORT_OPTIONS if f":{option.default}" in text]
    assert "UseDevelopmentStorage" not in text


def test_the_sdks_understand_the_addresses():
    environment = addresses().environment
    queues = QueueServiceClient.from_connection_string(environment["AzureWebJobsStorage"])
    assert queues.url == f"http://127.0.0.1:{PORTS['azurite_queue']}/devstoreaccount1/"
    with WebPubSubServiceClient.from_connection_string(
        environment["WORKBENCH__WEB_PUBSUB__CONNECTION_STRING"], "hub"
    ) as client:
        token = client.get_client_access_token()
    assert token["baseUrl"].startswith(f"ws://127.0.0.1:{PORTS['web_pubsub']}/")
    issuers = json.loads(environment["WORKBENCH__AUTH__ISSUERS"])
    assert issuers == [f"http://127.0.0.1:{PORTS['identity']}/{{tid}}/v2.0"]


def test_default_ports_give_the_example_itself(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("ONLINE_CHECK_SCHEDULE", raising=False)
    defaults = {option.part: option.default for option in PORT_OPTIONS}
    options = StackOptions(data_dir=Path("/data"), app_root=Path("/nowhere"))
    environment = dict(StackAddresses.of_ports(defaults, Path("/data"), options).environment)
    # The short form of the same connection string.
    environment["AzureWebJobsStorage"] = "UseDevelopmentStorage=true"
    assert environment == example_settings()


def test_override_then_variable_then_settings_file_then_example(tmp_path: Path):
    name = "ONLINE_CHECK_SCHEDULE"
    assert host_environment({}, {}, environ={}, app_root=tmp_path)[name] == "*/10 * * * * *"
    values = {name: "file", "EXTRA": 1}
    (tmp_path / "local.settings.json").write_text(json.dumps({"Values": values}))
    from_file = host_environment({}, {}, environ={}, app_root=tmp_path)
    assert (from_file[name], from_file["EXTRA"]) == ("file", "1")
    variables = {name: "variable"}
    from_variable = host_environment({}, {}, environ=variables, app_root=tmp_path)
    assert from_variable[name] == "variable"
    overrides = {name: "override", "NEW": "x"}
    overridden = host_environment({}, overrides, environ=variables, app_root=tmp_path)
    assert (overridden[name], overridden["NEW"]) == ("override", "x")


def test_the_environment_doesn_t_change_addresses(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("WORKBENCH__COSMOS__ENDPOINT", "https://production.example/")
    expected = f"http://127.0.0.1:{PORTS['cosmos']}/"
    assert addresses().environment["WORKBENCH__COSMOS__ENDPOINT"] == expected
    override = addresses(WORKBENCH__COSMOS__ENDPOINT="http://127.0.0.1:1/").environment
    assert override["WORKBENCH__COSMOS__ENDPOINT"] == "http://127.0.0.1:1/"


def test_an_unreadable_settings_file_is_named(tmp_path: Path):
    broken = tmp_path / "broken.json"
    broken.write_text("{}")
    with pytest.raises(StackError, match=r"broken\.json"):
        settings_file(broken)


def test_addresses_are_written_whole(tmp_path: Path):
    path = tmp_path / "new" / "ready.json"
    addresses().write(path)
    written = json.loads(path.read_text())
    assert written["cosmos"] == f"http://127.0.0.1:{PORTS['cosmos']}"
    assert written["environment"] == dict(addresses().environment)
    assert [file.name for file in path.parent.iterdir()] == ["ready.json"]

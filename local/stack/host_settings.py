"""The app settings of the Functions host: the settings example with a stack's own addresses."""

import json
from collections.abc import Mapping
from pathlib import Path

from local.azurite import ACCOUNT_KEY, ACCOUNT_NAME
from local.stack.errors import StackError
from local.stack.external import ExternalNames, ExternalServices
from local.stack.options import REPOSITORY_ROOT

SETTINGS_EXAMPLE = REPOSITORY_ROOT / "local.settings.json.example"


def storage_connection_string(blob_port: int, queue_port: int, table_port: int) -> str:
    """The full connection string of an Azurite on these ports."""
    base = "http://127.0.0.1"
    return (
        f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT_NAME};AccountKey={ACCOUNT_KEY};"
        f"BlobEndpoint={base}:{blob_port}/{ACCOUNT_NAME};"
        f"QueueEndpoint={base}:{queue_port}/{ACCOUNT_NAME};"
        f"TableEndpoint={base}:{table_port}/{ACCOUNT_NAME};"
    )


def example_settings() -> dict[str, str]:
    """The `Values` of the settings example."""
    return settings_file(SETTINGS_EXAMPLE)


def settings_file(path: Path) -> dict[str, str]:
    """The `Values` of a settings file. Raises StackError when it can't be read."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))["Values"]
    except (OSError, ValueError, KeyError) as error:
        raise StackError(f"{path} isn't a settings file: {error!r}") from error
    return {name: str(value) for name, value in values.items()}


def address_settings(
    *, cosmos: str, web_pubsub: str, identity: str, storage: str
) -> dict[str, str]:
    """The settings that name a stack's own addresses; keys are those of the example."""
    example = example_settings()
    return {
        "AzureWebJobsStorage": storage,
        "WORKBENCH__COSMOS__ENDPOINT": f"{cosmos}/",
        "WORKBENCH__COSMOS__KEY": example["WORKBENCH__COSMOS__KEY"],
        "WORKBENCH__WEB_PUBSUB__CONNECTION_STRING": _web_pubsub_connection_string(
            example["WORKBENCH__WEB_PUBSUB__CONNECTION_STRING"], web_pubsub
        ),
        "WORKBENCH__AUTH__JWKS_URL": f"{identity}/discovery/v2.0/keys",
        "WORKBENCH__AUTH__ISSUERS": json.dumps([f"{identity}/{{tid}}/v2.0"]),
    }


def external_settings(services: ExternalServices, names: ExternalNames) -> dict[str, str]:
    """The settings that say what of external services is a stack's own, and how to get there."""
    return {
        "WORKBENCH__COSMOS__KEY": services.cosmos_key,
        "WORKBENCH__COSMOS__DATABASE": names.database,
        "WORKBENCH__WEB_PUBSUB__CONNECTION_STRING": services.web_pubsub_connection_string,
        "WORKBENCH__WEB_PUBSUB__HUB": names.hub,
    }


def host_environment(
    addresses: Mapping[str, str],
    overrides: Mapping[str, str],
    *,
    environ: Mapping[str, str],
    app_root: Path,
) -> dict[str, str]:
    """The settings to run the Functions host with: the example's, at these addresses.

    For what isn't an address local.settings.json wins over the example, and an environment
    variable over both, as with `func start`; `overrides` win over everything.
    """
    settings = example_settings()
    own_file = app_root / "local.settings.json"
    if own_file.exists():
        settings |= settings_file(own_file)
    settings = {name: environ.get(name, value) for name, value in settings.items()}
    return settings | dict(addresses) | dict(overrides)


def _web_pubsub_connection_string(example: str, url: str) -> str:
    """The example's connection string with another address: `Endpoint=...;Port=...;...`."""
    parts = dict(part.split("=", 1) for part in example.split(";") if part)
    endpoint, _, port = url.rpartition(":")
    parts |= {"Endpoint": endpoint, "Port": port}
    return "".join(f"{name}={value};" for name, value in parts.items())

"""Application settings: local.settings.json, %NAME% substitution and storage connections."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local.functions_host.errors import FunctionError, HostError

_PLACEHOLDER = re.compile(r"%([^%]+)%")
_HOST_KEYS = {"LocalHttpPort", "LocalHttpAddress", "CORS", "CORSCredentials"}
# Published by Microsoft for its storage emulators; it protects nothing.
_DEVELOPMENT_KEY = (
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)
_DEVELOPMENT_STORAGE = (
    f"DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey={_DEVELOPMENT_KEY};"
    "BlobEndpoint=http://127.0.0.1:10000/devstoreaccount1;"
    "QueueEndpoint=http://127.0.0.1:10001/devstoreaccount1;"
    "TableEndpoint=http://127.0.0.1:10002/devstoreaccount1;"
)


@dataclass(frozen=True)
class LocalSettings:
    """What local.settings.json says; everything is empty when the file is missing."""

    values: Mapping[str, str] = field(default_factory=dict)
    port: int | None = None
    address: str | None = None
    cors_origins: tuple[str, ...] = ()
    cors_credentials: bool = False


def read_local_settings(app_root: Path) -> LocalSettings:
    """Read local.settings.json of the application folder; HostError if it can't be understood."""
    path = app_root / "local.settings.json"
    if not path.is_file():
        return LocalSettings()
    document = read_json_object(path)
    if document.get("IsEncrypted"):
        raise HostError("local.settings.json: IsEncrypted isn't supported, decrypt it first")
    values = _texts(document.get("Values", {}), "Values")
    connections = _texts(document.get("ConnectionStrings", {}), "ConnectionStrings")
    values |= {f"ConnectionStrings:{name}": value for name, value in connections.items()}
    host = document.get("Host", {})
    if unknown := sorted(set(host) - _HOST_KEYS):
        raise HostError(f"local.settings.json: Host.{unknown[0]} isn't supported")
    return LocalSettings(
        values=values,
        port=host.get("LocalHttpPort"),
        address=host.get("LocalHttpAddress"),
        cors_origins=parse_origins(str(host.get("CORS") or "")),
        cors_credentials=bool(host.get("CORSCredentials")),
    )


def parse_origins(text: str) -> tuple[str, ...]:
    """The origins in a list with commas, as `func start --cors` takes it."""
    origins = (origin.strip().rstrip("/") for origin in text.split(","))
    return tuple(origin for origin in origins if origin)


def apply_environment(settings: LocalSettings, app_root: Path, port: int) -> list[str]:
    """Put the settings into the environment, where variables that exist already win.

    Returns the names that were skipped for that reason.
    """
    skipped = [name for name in settings.values if name in os.environ]
    for name, value in settings.values.items():
        os.environ.setdefault(name, value)
    os.environ.setdefault("FUNCTIONS_WORKER_RUNTIME", "python")
    runtime = os.environ["FUNCTIONS_WORKER_RUNTIME"]
    if runtime.lower() != "python":
        raise HostError(f"FUNCTIONS_WORKER_RUNTIME is {runtime!r}: only python is supported")
    os.environ.setdefault("AZURE_FUNCTIONS_ENVIRONMENT", "Development")
    os.environ["WEBSITE_HOSTNAME"] = f"localhost:{port}"
    os.environ["AzureWebJobsScriptRoot"] = str(app_root)  # noqa: SIM112 - the host's own name
    return skipped


def substitute(text: str) -> str:
    """Replace each %NAME% by that setting; FunctionError if there is no such setting."""
    return _PLACEHOLDER.sub(_setting_of, text)


def storage_connection_string(connection: str | None) -> str:
    """The connection string that a binding's `connection` names (None or "": the default one).

    Raises FunctionError when it is missing or identity-based.
    """
    name = connection or "AzureWebJobsStorage"
    candidates = (f"AzureWebJobs{name}", name, f"ConnectionStrings:{name}")
    for candidate in candidates:
        if value := os.environ.get(candidate):
            return _expand(value)
    for candidate in candidates:
        if any(key.startswith(f"{candidate}__") for key in os.environ):
            raise FunctionError(
                f"the identity-based connection '{candidate}' isn't supported locally: "
                f"set '{name}' to a connection string"
            )
    raise FunctionError(
        f"Storage account connection string '{name}' does not exist. "
        "Make sure that it is a defined App Setting."
    )


def read_json_object(path: Path) -> dict[str, Any]:
    """Read a file that holds one JSON object; HostError names the file when it doesn't."""
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise HostError(f"{path.name} can't be read: {error}") from error
    if not isinstance(document, dict):
        raise HostError(f"{path.name} must hold a JSON object")
    return document


def _texts(section: Any, name: str) -> dict[str, str]:
    if not isinstance(section, dict):
        raise HostError(f"local.settings.json: {name} must be an object")
    for key, value in section.items():
        if not isinstance(value, str):
            raise HostError(f"local.settings.json: {name}.{key} must be a string")
    return dict(section)


def _setting_of(match: re.Match[str]) -> str:
    value = os.environ.get(match[1])
    if value is None:
        raise FunctionError(f"'%{match[1]}%' does not resolve to a value.")
    return value


def _expand(connection_string: str) -> str:
    compact = connection_string.strip().rstrip(";").replace(" ", "")
    if compact.lower() == "usedevelopmentstorage=true":
        return _DEVELOPMENT_STORAGE
    return connection_string

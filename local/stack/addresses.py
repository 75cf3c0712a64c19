"""What a running stack tells others: its addresses and settings, also as a JSON file."""

import dataclasses
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from local.stack.external import ExternalNames
from local.stack.host_settings import (
    address_settings,
    external_settings,
    host_environment,
    storage_connection_string,
)
from local.stack.options import StackOptions
from local.stack.ports import HOST

ADDRESSES_FILE = "stack.json"


@dataclasses.dataclass(frozen=True)
class StackAddresses:
    """Where everything of a stack is; `functions` and `example_assistant` are None when off.

    `cosmos_key` and `storage_connection_string` are empty where keys are not used.

    `environment` has every app setting that the Functions host is given.
    """

    functions: str | None
    cosmos: str
    cosmos_key: str
    web_pubsub: str
    identity: str
    storage_connection_string: str
    data_dir: str
    example_assistant: str | None
    environment: Mapping[str, str]

    @classmethod
    def of_ports(cls, ports: Mapping[str, int], data_dir: Path, options: StackOptions) -> Self:
        """The addresses of a stack with these ports by part."""
        urls = {part: f"http://{HOST}:{port}" for part, port in ports.items()}
        storage = storage_connection_string(
            ports["azurite_blob"], ports["azurite_queue"], ports["azurite_table"]
        )
        external = options.external
        cosmos = external.cosmos_endpoint.rstrip("/") if external else urls["cosmos"]
        web_pubsub = external.web_pubsub_url if external else urls["web_pubsub"]
        settings = address_settings(
            cosmos=cosmos, web_pubsub=web_pubsub, identity=urls["identity"], storage=storage
        )
        if external:
            settings |= external_settings(external, ExternalNames.of_data_folder(data_dir))
        return cls(
            functions=urls.get("functions"),
            cosmos=cosmos,
            cosmos_key=settings["WORKBENCH__COSMOS__KEY"],
            web_pubsub=web_pubsub,
            identity=urls["identity"],
            storage_connection_string=storage,
            data_dir=str(data_dir),
            example_assistant=urls.get("example_assistant"),
            environment=host_environment(
                settings, options.settings, environ=os.environ, app_root=options.app_root
            ),
        )

    def write(self, path: Path) -> None:
        """Write the addresses as JSON; a reader sees the whole file or none."""
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f".{path.name}.{os.getpid()}")
        unfinished.write_text(json.dumps(dataclasses.asdict(self), indent=2), encoding="utf-8")
        unfinished.replace(path)


def identity_url_of_last_stack(data_dir: Path) -> str | None:
    """Where the last stack in this data folder had its identity service; None if there is none."""
    try:
        return json.loads((data_dir / ADDRESSES_FILE).read_text(encoding="utf-8"))["identity"]
    except (OSError, ValueError, KeyError):
        return None

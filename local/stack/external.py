"""Services that run already: a stack uses them in place of its own, and leaves them running.

The stack has a database and a hub of its own in them. Their names are in its data folder, so that
the next stack in that folder finds its data.
"""

import asyncio
import json
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from local.stack.answering import until_answered
from local.stack.errors import ServiceMissingError

NAMES_FILE = "external.json"

WAIT_SECONDS = 60.0


@dataclass(frozen=True)
class ExternalServices:
    """A Cosmos DB account and a Web PubSub service, for example Microsoft's emulators."""

    cosmos_endpoint: str
    cosmos_key: str
    web_pubsub_connection_string: str

    @property
    def web_pubsub_url(self) -> str:
        """The address in the connection string, without a slash at its end."""
        parts = connection_string_parts(self.web_pubsub_connection_string)
        port = f":{parts['port']}" if "port" in parts else ""
        return parts["endpoint"].rstrip("/") + port

    async def wait(self, seconds: float = WAIT_SECONDS) -> None:
        """Wait until both answer. Raises ServiceMissingError naming the one that doesn't."""
        await asyncio.gather(
            _await_answer("Cosmos DB", self.cosmos_endpoint, seconds),
            _await_answer("Web PubSub", f"{self.web_pubsub_url}/api/health", seconds),
        )


@dataclass(frozen=True)
class ExternalNames:
    """What the stacks of a data folder call their own in external services."""

    database: str
    hub: str

    @classmethod
    def of_data_folder(cls, data_dir: Path) -> Self:
        """The names that belong to a data folder, made up the first time."""
        file = data_dir / NAMES_FILE
        if not file.exists():
            unique = uuid.uuid4().hex[:12]
            file.write_text(json.dumps({"database": f"stack-{unique}", "hub": f"stack_{unique}"}))
        return cls(**json.loads(file.read_text()))


def connection_string_parts(text: str) -> dict[str, str]:
    """The values of a connection string by their names in small letters."""
    pairs = (part.partition("=") for part in text.split(";") if part)
    return {name.lower(): value for name, _, value in pairs}


async def remove_external_data(services: ExternalServices, data_dir: Path) -> None:
    """Remove the database of a data folder's stacks, if there is one; a hub keeps nothing."""
    from local.stack.provisioning import remove_database  # the SDKs take a while to import

    file = data_dir / NAMES_FILE
    if file.exists():
        names = ExternalNames.of_data_folder(data_dir)
        await remove_database(services.cosmos_endpoint, services.cosmos_key, names.database)
        file.unlink()


async def _await_answer(title: str, url: str, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await until_answered(url)
    except TimeoutError as error:
        raise ServiceMissingError(
            f"{title} doesn't answer at {url}; `make services-official` starts the emulators"
        ) from error

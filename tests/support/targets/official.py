"""Stacks that use Microsoft's emulators, which `make services-official` has started."""

import dataclasses
import shutil
from collections.abc import Mapping
from pathlib import Path

from local.stack import Stack, StackOptions
from local.stack.cosmos_admin import CosmosAdmin
from local.stack.external import ExternalServices, remove_external_data
from local.stack.host_settings import example_settings
from local.stack.web_pubsub_admin import WebPubSubAdmin
from tests.support.targets.target import COSMOS_CONTROL, WEB_PUBSUB_CONTROL, Target

COSMOS_ENDPOINT = "WORKBENCH_TEST_COSMOS_ENDPOINT"
COSMOS_KEY = "WORKBENCH_TEST_COSMOS_KEY"
WEB_PUBSUB = "WORKBENCH_TEST_WEB_PUBSUB_CONNECTION_STRING"


class Official(Target):
    """Cosmos DB and Web PubSub are the emulators'; each stack has a database and a hub in them.

    Azurite is Microsoft's anyway, so each stack starts its own. The Functions host is `func`, if
    that is installed. There is no emulator of Entra ID: identity is ours.
    """

    name = "official"

    def __init__(self, environ: Mapping[str, str]) -> None:
        example = example_settings()
        self.services = ExternalServices(
            cosmos_endpoint=environ.get(COSMOS_ENDPOINT) or example["WORKBENCH__COSMOS__ENDPOINT"],
            cosmos_key=environ.get(COSMOS_KEY) or example["WORKBENCH__COSMOS__KEY"],
            web_pubsub_connection_string=environ.get(WEB_PUBSUB)
            or example["WORKBENCH__WEB_PUBSUB__CONNECTION_STRING"],
        )
        self.core_tools = shutil.which("func", path=environ.get("PATH"))
        self._data_dirs: set[Path] = set()

    def parts(self) -> str:
        host = self.core_tools or "our Functions host (no `func` found)"
        services = self.services
        return (
            f"{host}, Cosmos DB at {services.cosmos_endpoint}, "
            f"Web PubSub at {services.web_pubsub_url}, Azurite, our identity service"
        )

    def shared_stack(self, options: StackOptions) -> Stack:
        return self.own_stack(options)

    def own_stack(self, options: StackOptions) -> Stack:
        self._data_dirs.add(options.data_dir)
        with_emulators = dataclasses.replace(
            options, external=self.services, core_tools=self.core_tools
        )
        return OfficialStack(with_emulators, self)

    async def clean_up(self) -> None:
        """Remove the databases of stacks that keep their data."""
        for data_dir in self._data_dirs:
            await remove_external_data(self.services, data_dir)


class OfficialStack(Stack):
    """A stack that skips the test which asks for what only our stand-ins can do."""

    def __init__(self, options: StackOptions, target: Official) -> None:
        super().__init__(options)
        self._target = target

    @property
    def cosmos_admin(self) -> CosmosAdmin:
        self._target.skip(COSMOS_CONTROL)

    @property
    def web_pubsub_admin(self) -> WebPubSubAdmin:
        self._target.skip(WEB_PUBSUB_CONTROL)

    @property
    def functions_pid(self) -> int:
        if self._target.core_tools:
            self._target.skip("a Functions host that runs the app in its own process")
        return super().functions_pid

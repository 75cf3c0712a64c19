"""A deployed workbench in the shape of a stack: what can't be done to it skips the test."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from local.stack import Stack, StackOptions
from local.stack.addresses import StackAddresses
from local.stack.cosmos_admin import CosmosAdmin
from local.stack.programs import identity_program
from local.stack.web_pubsub_admin import WebPubSubAdmin
from tests.support.targets.target import COSMOS_CONTROL, WEB_PUBSUB_CONTROL

Skip = Callable[[str], NoReturn]


class Deployment(Stack):
    """Only the identity service is ours; its address for the deployment is `identity_url`.

    `skip` is called with what is missing. Tokens are for the application `app_id`.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        skip: Skip,
        functions_url: str,
        identity_url: str,
        identity_port: int,
        settings: Mapping[str, str],
        app_id: str | None,
    ) -> None:
        super().__init__(StackOptions(data_dir=data_dir, functions_host=False))
        self._skip = skip
        self._identity_port = identity_port
        self._app_id = app_id
        self.addresses = StackAddresses(
            functions=functions_url,
            cosmos=settings["WORKBENCH__COSMOS__ENDPOINT"].rstrip("/"),
            cosmos_key=settings.get("WORKBENCH__COSMOS__KEY", ""),
            web_pubsub=settings["WORKBENCH__WEB_PUBSUB__ENDPOINT"].rstrip("/"),
            identity=identity_url,
            storage_connection_string=settings.get("AzureWebJobsStorage", ""),
            data_dir=str(data_dir),
            example_assistant=None,
            environment=settings,
        )

    @property
    def functions_url(self) -> str:
        assert self.addresses.functions
        return self.addresses.functions

    def token(self, name: str = "Ada", *, app_id: str | None = None, **claims: Any) -> str:
        return super().token(name, app_id=app_id or self._app_id, **claims)

    @property
    def cosmos_admin(self) -> CosmosAdmin:
        self._skip(COSMOS_CONTROL)

    @property
    def web_pubsub_admin(self) -> WebPubSubAdmin:
        self._skip(WEB_PUBSUB_CONTROL)

    @property
    def functions_pid(self) -> int:
        self._skip("a Functions host on this machine")

    async def restart_functions_host(self) -> None:
        self._skip("a Functions host that can be restarted")

    async def kill_functions_host(self) -> None:
        self._skip("a Functions host that can be killed")

    async def restart_example_assistant(self) -> None:
        self._skip("an example assistant")

    async def stop_example_assistant(self) -> None:
        self._skip("an example assistant")

    async def _start(self) -> None:
        program = identity_program(self.data_dir, self._identity_port, self.addresses.identity)
        self._services = [self._child(program)]
        await self._services[0].start()

"""A whole local stack as one object: starts it in order, watches it, and stops it in order."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn, Self

import httpx

from local.stack.addresses import ADDRESSES_FILE, StackAddresses
from local.stack.azurite import AzuritePart
from local.stack.cosmos_admin import CosmosAdmin, CosmosRequests
from local.stack.data_folder import DataFolder
from local.stack.errors import NotOursError, StackError
from local.stack.external import remove_external_data
from local.stack.options import StackOptions
from local.stack.ports import HOST, choose_ports
from local.stack.processes import Child, Echo, Program
from local.stack.programs import (
    EXAMPLE_ASSISTANT_REGISTERED,
    cosmos_program,
    example_assistant_program,
    functions_host_program,
    identity_program,
    web_pubsub_program,
)
from local.stack.tokens import token_for
from local.stack.web_pubsub_admin import WebPubSubAdmin
from shared.resources import COSMOS_DATABASE

_REGISTRATION_SECONDS = 15.0


class Stack:
    """A local stack, running inside `async with Stack(options) as stack`.

    `echo` gets every line that the programs print, with the program's name before it; without
    it the lines are only in the data folder's logs. Raises StackError when something can't start.
    """

    addresses: StackAddresses

    def __init__(self, options: StackOptions, echo: Echo | None = None) -> None:
        self.options = options
        self._echo = echo
        self._folder = DataFolder(options.data_dir)
        self._ports: dict[str, int] = {}
        self._services: list[Child | AzuritePart] = []
        self._functions_host: Child | None = None
        self._example_assistant: Child | None = None
        self._cosmos_admin: CosmosAdmin | None = None
        self._web_pubsub_admin: WebPubSubAdmin | None = None
        self._clients = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        self._folder.lock()
        try:
            await self._start()
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._stop()

    @property
    def data_dir(self) -> Path:
        """The data folder."""
        return self._folder.path

    @property
    def functions_url(self) -> str:
        """Where the Functions host listens. Raises StackError in a stack without one."""
        return f"http://{HOST}:{self._port_of('functions')}"

    @property
    def cosmos_admin(self) -> CosmosAdmin:
        """The admin side of Cosmos DB. Raises NotOursError where that is an external service."""
        if self._cosmos_admin is None:
            raise NotOursError("this stack has no Cosmos DB of its own")
        return self._cosmos_admin

    @property
    def web_pubsub_admin(self) -> WebPubSubAdmin:
        """The admin side of Web PubSub. Raises NotOursError where that is an external service."""
        if self._web_pubsub_admin is None:
            raise NotOursError("this stack has no Web PubSub of its own")
        return self._web_pubsub_admin

    @property
    def functions_pid(self) -> int:
        """The process id of the Functions host. Raises StackError if it isn't started."""
        if self._functions_host is None:
            raise StackError("this stack has no functions host running")
        return self._functions_host.pid

    def token(
        self,
        name: str = "Ada",
        *,
        tid: str | None = None,
        oid: str | None = None,
        app_id: str | None = None,
        expires_in: int | None = None,
        claims: Mapping[str, Any] | None = None,
    ) -> str:
        """A token for a made-up person; the same name is the same person.

        `expires_in`: seconds. `claims` are added to those of a person, or take their place.
        """
        return token_for(
            self.data_dir,
            self.addresses.identity,
            name=name,
            tid=tid,
            oid=oid,
            app_id=app_id,
            expires_in=expires_in,
            claims=claims,
        )

    def api(self, name: str | None = None) -> httpx.AsyncClient:
        """A client of the Functions host, signed in as this person, or as nobody."""
        headers = {"Authorization": f"Bearer {self.token(name)}"} if name else {}
        return httpx.AsyncClient(base_url=self.functions_url, headers=headers, timeout=30)

    @contextlib.asynccontextmanager
    async def cosmos_requests(self) -> AsyncIterator[CosmosRequests]:
        """Count the Cosmos requests made inside the block; read the counts after it."""
        async with self.cosmos_admin.counting() as requests:
            yield requests

    async def restart_functions_host(self) -> None:
        """Stop the Functions host in order, if it runs, and start it again at its address."""
        if self._functions_host:
            await self._functions_host.stop()
        await self._start_functions_host()

    async def kill_functions_host(self) -> None:
        """End the Functions host as a crash would; restart_functions_host brings it back."""
        if self._functions_host:
            await self._functions_host.kill()

    async def restart_example_assistant(self) -> None:
        """Stop the example assistant, if it runs, and start it again at its address."""
        await self.stop_example_assistant()
        await self._start_example_assistant()

    async def stop_example_assistant(self) -> None:
        """Stop the example assistant; restart_example_assistant brings it back."""
        if self._example_assistant:
            await self._example_assistant.stop()

    async def wait_for_failure(self) -> NoReturn:
        """Wait until a program ends without being asked to. Raises ChildFailedError naming it."""
        waits = {asyncio.create_task(child.wait()): child for child in self._children()}
        try:
            while waits:
                done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    child = waits.pop(task)
                    if not child.stopping:
                        raise child.failure(f"ended with exit code {task.result()}")
        finally:
            for task in waits:
                task.cancel()
        raise StackError("every program of the stack was stopped")

    def kill_now(self) -> None:
        """Kill every program without waiting: for a person who has pressed Ctrl-C twice."""
        for child in self._children():
            child.kill_now()

    async def _start(self) -> None:
        self._folder.set_old_logs_aside()
        self._ports = await choose_ports(self.options)
        self.addresses = StackAddresses.of_ports(self._ports, self.data_dir, self.options)
        await self._start_services()
        if "functions" in self._ports:
            await self._start_functions_host()
        if "example_assistant" in self._ports:
            await self._start_example_assistant()
        self.addresses.write(self.data_dir / ADDRESSES_FILE)

    async def _start_services(self) -> None:
        external = self.options.external
        programs = [identity_program(self.data_dir, self._ports["identity"])]
        if external is None:
            programs += self._stand_ins()
        azurite = AzuritePart(self.data_dir, self._ports, in_memory=self.options.azurite_in_memory)
        self._services = [*(self._child(program) for program in programs), azurite]
        await _start_all(self._services)
        if external:
            await external.wait()
        # The SDKs take a while to import: not before the programs are on their way.
        from local.stack.provisioning import provision

        await provision(
            self.addresses.cosmos,
            self.addresses.cosmos_key,
            self.addresses.storage_connection_string,
            self.addresses.environment.get("WORKBENCH__COSMOS__DATABASE") or COSMOS_DATABASE,
        )

    def _stand_ins(self) -> list[Program]:
        """What takes the place of external services, and their admin sides."""
        self._cosmos_admin = CosmosAdmin(self.addresses.cosmos)
        self._clients.push_async_callback(self._cosmos_admin.close)
        self._web_pubsub_admin = WebPubSubAdmin(self.addresses.web_pubsub)
        self._clients.push_async_callback(self._web_pubsub_admin.close)
        return [
            cosmos_program(self.data_dir, self._ports["cosmos"], self.addresses.cosmos_key),
            web_pubsub_program(self._ports["web_pubsub"]),
        ]

    async def _start_functions_host(self) -> None:
        port = self._port_of("functions")
        program = functions_host_program(
            self.options, self.data_dir, port, self.addresses.environment
        )
        self._functions_host = self._child(program)
        await self._functions_host.start()

    async def _start_example_assistant(self) -> None:
        port = self._port_of("example_assistant")
        program = example_assistant_program(self.data_dir, port, self.functions_url)
        self._example_assistant = self._child(program)
        await self._example_assistant.start()
        registered = await self._example_assistant.wait_for_line(
            EXAMPLE_ASSISTANT_REGISTERED, _REGISTRATION_SECONDS
        )
        if not registered and self._echo:
            self._echo("The example assistant isn't registered yet; it keeps trying.")

    async def _stop(self) -> None:
        """Stop what uses the services before the services, so that it can finish its work."""
        try:
            await asyncio.gather(*(child.stop() for child in self._users_of_services()))
            await asyncio.gather(*(service.stop() for service in self._services))
            await self._clients.aclose()
            if self.options.external and self.options.azurite_in_memory:
                await remove_external_data(self.options.external, self.data_dir)
        finally:
            self._folder.unlock()

    def _port_of(self, part: str) -> int:
        """The port of a part that not every stack has."""
        if part not in self._ports:
            raise StackError(f"this stack has no {part.replace('_', ' ')}")
        return self._ports[part]

    def _child(self, program: Program) -> Child:
        return Child(program, self._folder.log_file(program.name), self._echo)

    def _children(self) -> list[Child | AzuritePart]:
        return [*self._services, *self._users_of_services()]

    def _users_of_services(self) -> list[Child]:
        return [child for child in (self._functions_host, self._example_assistant) if child]


async def _start_all(children: Sequence[Child | AzuritePart]) -> None:
    """Start all at once; the first that fails ends the wait for the others."""
    starts = [asyncio.create_task(child.start()) for child in children]
    try:
        await asyncio.gather(*starts)
    finally:
        for start in starts:
            start.cancel()
        await asyncio.gather(*starts, return_exceptions=True)

"""Puts the echo assistant together and serves it."""

import asyncio
import socket

import uvicorn

from examples.echo_assistant.app import EchoService
from examples.echo_assistant.echo import EchoBehaviour
from examples.echo_assistant.registration import keep_registered
from examples.echo_assistant.settings import EchoSettings
from examples.echo_assistant.store import AssistantStore
from examples.echo_assistant.workbench import Workbench
from examples.echo_assistant.workers import EventWorkers


class _Server(uvicorn.Server):
    """A server that says where it listens once it does, and then registers the service."""

    def __init__(self, config: uvicorn.Config, url: str) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()
        self._url = url

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to accept connections."""
        await super().startup(sockets)
        print(f"echo_assistant listening on {self._url}", flush=True)  # noqa: T201
        self.listening.set()


async def serve(settings: EchoSettings) -> None:
    """Serve until SIGTERM or SIGINT. Raises OSError when the port is taken."""
    listener = socket.create_server((settings.host, settings.port))
    url = f"http://{settings.host}:{listener.getsockname()[1]}"
    workbench = Workbench(settings)
    behaviour = EchoBehaviour(store := AssistantStore(settings.data_file), workbench)
    workers = EventWorkers(behaviour.handle)
    service = EchoService(settings, store, behaviour, workers)
    server = _Server(
        uvicorn.Config(
            service.app(), lifespan="off", log_level="warning", timeout_graceful_shutdown=2
        ),
        url,
    )
    registration = asyncio.create_task(
        _register_when_listening(server, workbench, url, settings.ping_interval_seconds)
    )
    try:
        await server.serve(sockets=[listener])
    finally:
        registration.cancel()
        await asyncio.gather(registration, return_exceptions=True)
        await workers.close()
        await workbench.close()


async def _register_when_listening(
    server: _Server, workbench: Workbench, url: str, interval_seconds: float
) -> None:
    await server.listening.wait()
    await keep_registered(workbench, f"{url}/", interval_seconds)

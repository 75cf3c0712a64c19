"""Puts the host together, runs it until a signal comes, and stops it without losing work."""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
from collections.abc import Awaitable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from local.functions_host import logs
from local.functions_host.admin import Admin
from local.functions_host.app_model import (
    HTTP_TRIGGER,
    QUEUE_TRIGGER,
    LoadedApp,
    LoadedFunction,
)
from local.functions_host.cors import Cors
from local.functions_host.errors import FunctionError, HostError
from local.functions_host.host_config import HostConfig, read_host_config
from local.functions_host.host_rules import build_route, full_template, methods_of
from local.functions_host.http_server import HttpServer
from local.functions_host.indexing import load_app
from local.functions_host.invocation import Invoker
from local.functions_host.queue_listener import POISON_SUFFIX, QueueListener
from local.functions_host.queue_storage import QueueStorage
from local.functions_host.router import Router
from local.functions_host.schedules import Schedule
from local.functions_host.settings import LocalSettings, apply_environment, read_local_settings
from local.functions_host.timer_listener import TimerListener

logger = logging.getLogger("functions_host")

GRACE_SECONDS = 5.0
DEFAULT_PORT = 7071
DEFAULT_QUEUE_LEASE = 600.0


@dataclass(frozen=True)
class HostOptions:
    """What the command line says; `port` 0 takes any free port, None the settings file's."""

    app_root: Path
    port: int | None = None
    data_dir: Path = Path(".local")
    queue_lease: float = DEFAULT_QUEUE_LEASE
    cors_origins: tuple[str, ...] = ()
    """Allowed origins; they win over those of local.settings.json."""


class Listener(Protocol):
    """A trigger that isn't HTTP."""

    def start(self) -> None:
        """Begin to fire."""
        ...

    async def stop(self, grace: float) -> None:
        """Stop firing; what runs gets `grace` seconds."""
        ...

    async def run_once(self, text: str | None, /) -> None:
        """Run the function by hand."""
        ...


class Host:
    """A loaded application with everything that triggers its functions."""

    def __init__(
        self, app: LoadedApp, config: HostConfig, settings: LocalSettings, options: HostOptions
    ) -> None:
        """Build the listeners and the route table; nothing runs yet."""
        self.problems = dict(app.problems)
        self._options = options
        self._queues = QueueStorage(config.queues.message_encoding)
        self._invoker = Invoker(self._queues, config.function_timeout)
        self._config = config
        self._listeners = self._build_listeners(app)
        self.functions = tuple(f for f in app.functions if f.name not in self.problems)
        http = [f for f in self.functions if f.trigger_type == HTTP_TRIGGER]
        base_url = f"http://localhost:{os.environ['WEBSITE_HOSTNAME'].rpartition(':')[2]}"
        loaded = LoadedApp(self.functions, self.problems)
        self._admin = Admin(loaded, base_url, config.route_prefix, self._run_by_hand)
        self._http = HttpServer(
            Router(build_route(function, config.route_prefix) for function in http),
            self._invoker,
            self._admin,
            Cors(settings.cors_origins, settings.cors_credentials),
            config.custom_headers,
        )

    @property
    def threads_busy(self) -> bool:
        """Whether a handler that nobody waits for any more still runs in a thread."""
        return self._invoker.threads_busy

    async def start(self, listening: socket.socket) -> None:
        """Serve `listening`, poll the queues and set the timers."""
        await self._http.start(listening)
        for listener in self._listeners.values():
            listener.start()

    async def stop(self, grace: float = GRACE_SECONDS) -> None:
        """Stop taking work, give what runs `grace` seconds, cancel the rest."""
        stopping: list[Awaitable[None]] = [self._http.stop(grace), self._admin.stop(grace)]
        stopping += [listener.stop(grace) for listener in self._listeners.values()]
        await asyncio.gather(*stopping)
        self._invoker.close()
        await self._queues.close()

    async def _run_by_hand(self, function: LoadedFunction, text: str | None) -> None:
        await self._listeners[function.name].run_once(text)

    def _build_listeners(self, app: LoadedApp) -> dict[str, Listener]:
        listeners: dict[str, Listener] = {}
        for function in app.functions:
            if function.trigger_type == HTTP_TRIGGER:
                continue
            try:
                listeners[function.name] = self._build_listener(function)
            except FunctionError as error:
                self.problems[function.name] = str(error)
        return listeners

    def _build_listener(self, function: LoadedFunction) -> Listener:
        if function.trigger_type == QUEUE_TRIGGER:
            connection, name = function.trigger["connection"], function.trigger["queueName"]
            return QueueListener(
                function,
                self._queues.queue(connection, name),
                self._queues.queue(connection, name + POISON_SUFFIX),
                self._invoker,
                self._config.queues,
                self._options.queue_lease,
            )
        return TimerListener(
            function,
            Schedule(function.trigger["schedule"], _time_zone()),
            self._invoker,
            self._options.data_dir / "functions_host" / "timers",
        )


async def run(options: HostOptions) -> int:
    """Load the application and serve it until SIGTERM or SIGINT; returns the exit code.

    Raises HostError when the host can't start.
    """
    settings = read_local_settings(options.app_root)
    if options.cors_origins:
        settings = replace(settings, cors_origins=options.cors_origins)
    listening = bind(settings, options.port)
    port = listening.getsockname()[1]
    skipped = apply_environment(settings, options.app_root, port)
    config = read_host_config(options.app_root)
    logs.configure(config.log_levels)
    for name in skipped:
        logger.info(
            "Skipping '%s' from local settings as it's already defined in current environment "
            "variables.",
            name,
        )
    for warning in config.warnings:
        logger.warning(warning)
    stop_requested = _catch_signals()
    host = Host(load_app(options.app_root, config.route_prefix), config, settings, options)
    await host.start(listening)
    _print_functions(host, config.route_prefix, port)
    print(f"functions_host listening on http://127.0.0.1:{port}", flush=True)
    await stop_requested.wait()
    logger.info("Stopping: running invocations have %g s to finish", GRACE_SECONDS)
    await host.stop()
    if host.threads_busy:
        # The interpreter would wait for them.
        logger.warning("Ending although functions are still running in threads")
        _exit_at_once(0)
    return 0


def bind(settings: LocalSettings, port: int | None) -> socket.socket:
    """A bound socket for the port given, else the settings file's; HostError if it is taken."""
    address = settings.address or "127.0.0.1"
    if address not in ("127.0.0.1", "localhost"):
        raise HostError(
            f"local.settings.json: LocalHttpAddress {address!r}: only 127.0.0.1 is supported"
        )
    chosen = port if port is not None else settings.port
    chosen = DEFAULT_PORT if chosen is None else chosen
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(("127.0.0.1", chosen))
    except OSError as error:
        listening.close()
        raise HostError(f"port {chosen} can't be used: {error.strerror}") from error
    return listening


def _catch_signals() -> asyncio.Event:
    requested = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _on_signal, requested, number)
    return requested


def _on_signal(requested: asyncio.Event, number: int) -> None:
    if requested.is_set():
        _exit_at_once(128 + number)
    requested.set()


def _exit_at_once(code: int) -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):
            stream.flush()
    os._exit(code)


def _time_zone() -> ZoneInfo:
    name = os.environ.get("WEBSITE_TIME_ZONE") or os.environ.get("TZ") or "UTC"
    try:
        return ZoneInfo(name.removeprefix(":"))
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise HostError(f"the time zone {name!r} is unknown: use an IANA name") from error


def _print_functions(host: Host, route_prefix: str, port: int) -> None:
    print("\nFunctions:\n")
    for function in sorted(host.functions, key=lambda f: f.trigger_type != HTTP_TRIGGER):
        if function.trigger_type == HTTP_TRIGGER:
            methods = ",".join(sorted(methods_of(function) or ())) or "*"
            url = f"http://localhost:{port}/{full_template(function, route_prefix)}"
            print(f"\t{function.name}: [{methods}] {url}\n")
        else:
            print(f"\t{function.name}: {function.trigger_type}\n")
    for name, problem in host.problems.items():
        print(f"The '{name}' function is in error: {problem}", file=sys.stderr)
    sys.stderr.flush()

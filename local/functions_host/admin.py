"""The host's management endpoints below /admin/, open to everybody as `func start` has them."""

import asyncio
import json
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web

from local.functions_host.app_model import HTTP_TRIGGER, LoadedApp, LoadedFunction
from local.functions_host.host_rules import full_template

HOST_VERSION = "4.1052.200"

# Runs a function with the text that the caller gave, or None.
ManualRun = Callable[[LoadedFunction, str | None], Awaitable[None]]


class Admin:
    """Answers /admin/host/… and /admin/functions/…; other paths are left to the functions."""

    def __init__(self, app: LoadedApp, base_url: str, route_prefix: str, run: ManualRun) -> None:
        """`run` starts a function that has no HTTP trigger."""
        self._app = app
        self._base_url = base_url
        self._prefix = route_prefix
        self._run = run
        self._started = time.monotonic()
        self._running: set[asyncio.Task[None]] = set()

    async def handle(self, request: web.BaseRequest, path: str) -> web.Response | None:
        """The answer for `path` (decoded), or None if it is no management endpoint."""
        parts = path.strip("/").lower().split("/")
        method = request.method
        match parts[1:]:
            case ["host", "ping"] if method in ("GET", "POST"):
                return web.Response(status=200)
            case ["host", "status"] if method == "GET":
                return web.json_response(self._status())
            case ["functions"] if method == "GET":
                return web.json_response([self._describe(f) for f in self._app.functions])
            case ["functions", name] if method in ("GET", "POST"):
                return await self._function(request, name)
            case ["functions", name, "status"] if method == "GET":
                return self._function_status(name)
            case _:
                return None

    async def stop(self, grace: float) -> None:
        """Give the functions that were started from here `grace` seconds, then cancel them."""
        if not self._running:
            return
        _, pending = await asyncio.wait(self._running, timeout=grace)
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)

    async def _function(self, request: web.BaseRequest, name: str) -> web.Response:
        function = self._find(name)
        if function is None:
            return web.Response(status=404)
        if request.method == "GET":
            return web.json_response(self._describe(function))
        if function.trigger_type == HTTP_TRIGGER:
            return web.Response(
                status=400, text=f"'{function.name}' is an HTTP function: call its route\n"
            )
        try:
            body: Any = json.loads(await request.content.read())
        except ValueError:
            body = None
        if not isinstance(body, dict):
            return web.Response(status=400, text='the body must be JSON: {"input": "..."}\n')
        value = body.get("input")
        if value is not None and not isinstance(value, str):
            value = json.dumps(value)
        task = asyncio.ensure_future(self._run(function, value))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return web.Response(status=202)

    def _find(self, name: str) -> LoadedFunction | None:
        return next((f for f in self._app.functions if f.name.lower() == name), None)

    def _function_status(self, name: str) -> web.Response:
        problems = {n.lower(): problem for n, problem in self._app.problems.items()}
        if name in problems:
            return web.json_response({"errors": [problems[name]]})
        if self._find(name) is None:
            return web.Response(status=404)
        return web.json_response({"errors": None})

    def _status(self) -> Mapping[str, Any]:
        return {
            "id": os.environ.get("AzureWebJobsHostId", "local"),  # noqa: SIM112 - its real name
            "state": "Running",
            "version": HOST_VERSION,
            "instanceId": str(os.getpid()),
            "processUptime": int((time.monotonic() - self._started) * 1000),
            "errors": [f"{name}: {text}" for name, text in self._app.problems.items()],
        }

    def _describe(self, function: LoadedFunction) -> Mapping[str, Any]:
        described: dict[str, Any] = {
            "name": function.name,
            "href": f"{self._base_url}/admin/functions/{function.name}",
            "language": "python",
            "isDisabled": False,
            "config": {"name": function.name, "bindings": list(function.raw_bindings)},
        }
        if function.trigger_type == HTTP_TRIGGER:
            template = full_template(function, self._prefix)
            described["invoke_url_template"] = f"{self._base_url}/{template}"
        return described

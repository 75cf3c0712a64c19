"""An assistant service for tests: speaks the reference's contract, records what it is asked."""

import asyncio
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import httpx
from aiohttp import web

from tests.support import targets

ICON = "data:image/svg+xml,icon"

SERVICE_INFO = {
    "name": "Recorder",
    "templates": [
        {
            "id": "default",
            "name": "Recorder",
            "description": "Records what it is asked",
            "config": {"config": {}, "errors": [], "json_schema": {}, "ui_schema": {}},
        }
    ],
    "metadata": {"_dashboard_card": {"default": {"icon": ICON}}},
}


@dataclass
class Call:
    """One request that the service got; `target` is its path and query as they were sent."""

    method: str
    path: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, where it is JSON."""
        return json.loads(self.body)


class RecordingService:
    """An independent HTTP program in all but its process.

    `answer` may be set to a function from (method, path) to a response or None; None means the
    normal answer. Every call is recorded before it is answered. Without an `api_key` it has the
    fixed one, or where there is none that which it gets when it registers.
    """

    def __init__(self, workbench_url: str, service_id: str, api_key: str | None = None) -> None:
        self.service_id = service_id
        self.calls: list[Call] = []
        self.answer: Callable[[str, str], web.Response | None] | None = None
        self.hold: asyncio.Event | None = None
        self._workbench_url = workbench_url
        self._api_key = api_key
        self._changed = asyncio.Condition()
        self._runner: web.AppRunner | None = None
        self.url = ""
        self._base = ""

    async def __aenter__(self) -> Self:
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(application)
        await self._runner.setup()
        port = await listen(self._runner)
        target = targets.current()
        self._base = f"/{uuid.uuid4()}" if target.few_ports else ""
        self.url = f"{target.public_url(port)}{self._base}/"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    def workbench(self, assistant_id: str | None = None) -> httpx.AsyncClient:
        """A client of the workbench as this service, or as one of its assistants."""
        key = targets.current().fixed_key() if self._api_key is None else self._api_key
        headers = {"X-Assistant-Service-ID": self.service_id, "X-API-Key": key}
        if assistant_id:
            headers["X-Assistant-ID"] = assistant_id
        return httpx.AsyncClient(base_url=self._workbench_url, headers=headers, timeout=30)

    def take_key(self, registration: dict[str, Any]) -> None:
        """Use the key in what a person was answered who registered the service."""
        self._api_key = registration["api_key"] or ""

    async def register(self, expires_in: float = 120) -> httpx.Response:
        """Say where the service is, as the reference's library does."""
        if self._api_key is None:
            self._api_key = await targets.current().register(self.service_id)
        async with self.workbench() as client:
            return await client.put(
                f"/assistant-service-registrations/{self.service_id}",
                json={
                    "name": "Recorder",
                    "description": "Records",
                    "url": self.url,
                    "online_expires_in_seconds": expires_in,
                },
            )

    def events(self, conversation_id: str) -> list[dict[str, Any]]:
        """The events posted so far for a conversation, in order."""
        ending = f"/conversations/{conversation_id}/events"
        return [
            call.json for call in self.calls if call.method == "POST" and call.path.endswith(ending)
        ]

    async def wait_for(self, found: Callable[[Self], bool], seconds: float = 15) -> None:
        """Wait until what was recorded satisfies a condition."""
        async with asyncio.timeout(seconds * targets.current().patience), self._changed:
            await self._changed.wait_for(lambda: found(self))

    async def wait_for_event(self, conversation_id: str, kind: str) -> dict[str, Any]:
        """Wait for the first event of a type."""
        await self.wait_for(lambda me: any(_of(kind, me.events(conversation_id))))
        return _of(kind, self.events(conversation_id))[0]

    async def _handle(self, request: web.Request) -> web.Response:
        if not request.path.startswith(f"{self._base}/"):
            return web.Response(status=404)  # it is for a service that was here before
        headers = {name.lower(): value for name, value in request.headers.items()}
        body = await request.read()
        path, target = (text[len(self._base) :] for text in (request.path, request.raw_path))
        call = Call(request.method, path, target, headers, body)
        self.calls.append(call)
        async with self._changed:
            self._changed.notify_all()
        if self.hold is not None:
            await self.hold.wait()
        special = self.answer(call.method, call.path) if self.answer else None
        return special or self._normal(call)

    def _normal(self, call: Call) -> web.Response:
        if call.path == "/":
            return web.json_response({"assistant_service_id": self.service_id, **SERVICE_INFO})
        if call.path.endswith("/config"):
            return web.json_response(
                {"config": {"a": 1}, "errors": [], "json_schema": {}, "ui_schema": {}}
            )
        if call.path.endswith("/states"):
            state = {"id": "s", "display_name": "S", "description": "d", "enabled": True}
            return web.json_response({"states": [state]})
        if "/states/" in call.path:
            return web.json_response(
                {"id": "s", "data": {"x": 1}, "json_schema": None, "ui_schema": None}
            )
        if call.method in ("POST", "DELETE"):
            return web.Response(status=204)
        return web.json_response({"id": call.path.rsplit("/", 1)[-1]})


async def listen(runner: web.AppRunner) -> int:
    """Serve on the first of the target's ports that is free; which one."""
    for port in targets.current().ports():
        try:
            await web.TCPSite(runner, "127.0.0.1", port).start()
        except OSError:
            continue
        return runner.addresses[0][1]
    raise OSError("all the ports for assistant services are in use")


def _of(kind: str, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [event for event in events if event["event"] == kind]

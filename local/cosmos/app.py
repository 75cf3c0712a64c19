"""The HTTP server: one handler for the whole protocol, and a few for administration."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Callable

from aiohttp import web
from pydantic import ValidationError

from local.cosmos.auth import MasterKey
from local.cosmos.database import Database
from local.cosmos.errors import CosmosError, too_large
from local.cosmos.faults import Fault, Faults
from local.cosmos.gateway import Answer, Gateway, failure
from local.cosmos.journal import Entry, Journal
from local.cosmos.routing import Operation, identify
from local.cosmos.settings import Settings

_GREATEST_REQUEST = 16 * 1024 * 1024


def create_app(settings: Settings, clock: Callable[[], float] = time.time) -> web.Application:
    """The server as an aiohttp application; it opens its database when it starts.

    `clock` tells the seconds since 1970 by which items are stamped and expire.
    """
    app = web.Application(client_max_size=_GREATEST_REQUEST)
    server = _Server(settings, clock)
    app.cleanup_ctx.append(server.run)
    app.router.add_get("/_admin/health", server.health)
    app.router.add_post("/_admin/requests/mark", server.mark)
    app.router.add_get("/_admin/requests", server.requests)
    app.router.add_get("/_admin/faults", server.faults)
    app.router.add_post("/_admin/faults", server.add_fault)
    app.router.add_delete("/_admin/faults", server.clear_faults)
    app.router.add_route("*", "/{path:.*}", server.dispatch)
    return app


class _Server:
    """The state of one server and its handlers."""

    def __init__(self, settings: Settings, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._settings = settings
        self._key = MasterKey(settings.key)
        self._faults = Faults()
        self._journal = Journal()
        self._gateway: Gateway  # from when the application starts
        self._served = 0

    async def run(self, _: web.Application) -> AsyncIterator[None]:
        database = Database(self._settings.database_file, self._clock)
        self._gateway = Gateway(database)
        yield
        database.close()

    async def health(self, _: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def mark(self, _: web.Request) -> web.Response:
        return web.json_response({"mark": self._journal.mark})

    async def requests(self, request: web.Request) -> web.Response:
        try:
            return web.json_response(self._journal.report(int(request.query.get("since", "0"))))
        except ValueError as error:
            raise web.HTTPBadRequest(text=str(error)) from error

    async def faults(self, _: web.Request) -> web.Response:
        return web.json_response({"held": self._faults.held})

    async def add_fault(self, request: web.Request) -> web.Response:
        try:
            self._faults.add(Fault.model_validate_json(await request.read()))
        except ValidationError as error:
            raise web.HTTPBadRequest(text=str(error)) from error
        return web.Response(status=201)

    async def clear_faults(self, _: web.Request) -> web.Response:
        self._faults.clear()
        return web.Response(status=204)

    async def dispatch(self, request: web.Request) -> web.StreamResponse:
        """Answer one request of the protocol."""
        try:
            operation = identify(request.method, request.raw_path, request.headers)
        except CosmosError as error:
            return self._respond(request, failure(error))
        fault = self._faults.choose(operation)
        if fault is not None and fault.latency_ms:
            await asyncio.sleep(fault.latency_ms / 1000)
        if fault is not None and fault.reset:
            return self._drop(request, operation)
        answer = await self._answer(request, operation, fault)
        if fault is not None and fault.reset_after:
            return self._drop(request, operation)
        self._journal.record(
            Entry(operation.kind, operation.container, answer.status, answer.charge)
        )
        if fault is not None and fault.hold:
            await self._faults.hold()
        return self._respond(request, answer)

    async def _answer(
        self, request: web.Request, operation: Operation, fault: Fault | None
    ) -> Answer:
        try:
            body = await self._read_body(request)
            self._key.verify(
                request.method, operation.resource_type, operation.link, request.headers
            )
            if fault is not None and fault.error is not None:
                return _injected(fault, fault.error)
            return self._gateway.answer(operation, request.headers, body)
        except CosmosError as error:
            return failure(error)

    async def _read_body(self, request: web.Request) -> bytes:
        try:
            return await request.read() if request.can_read_body else b""
        except web.HTTPRequestEntityTooLarge as error:
            raise too_large("Request size is too large.") from error

    def _drop(self, request: web.Request, operation: Operation) -> web.StreamResponse:
        """Close the connection without an answer."""
        self._journal.record(Entry(operation.kind, operation.container, 0, 0.0))
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=500)

    def _respond(self, request: web.Request, answer: Answer) -> web.Response:
        self._served += 1
        headers = answer.headers
        headers["x-ms-request-charge"] = str(answer.charge)
        headers["x-ms-activity-id"] = request.headers.get("x-ms-activity-id") or str(uuid.uuid4())
        headers["x-ms-session-token"] = f"0:-1#{self._served}"
        headers["x-ms-version"] = "2020-07-15"
        if answer.body:
            headers["Content-Type"] = "application/json"
        return web.Response(body=answer.body, status=answer.status, headers=headers)


def _injected(fault: Fault, error: CosmosError) -> Answer:
    answer = failure(error)
    answer.charge = 0.0
    if fault.retry_after_ms is not None:
        answer.headers["x-ms-retry-after-ms"] = str(fault.retry_after_ms)
    return answer

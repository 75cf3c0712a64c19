"""Serves HTTP: CORS, management endpoints, routing, invocation and the response."""

import asyncio
import contextlib
import logging
import os
import socket
import time
from collections.abc import Mapping

from aiohttp import ClientPayloadError, web

from local.functions_host.admin import Admin
from local.functions_host.app_model import HTTP_TRIGGER, LoadedFunction
from local.functions_host.context import InvocationContext, TraceContext
from local.functions_host.cors import Cors
from local.functions_host.http_request import RequestTarget, encode_request
from local.functions_host.http_response import InvalidResponseError, build_response
from local.functions_host.invocation import Invoker
from local.functions_host.logs import log_invocation
from local.functions_host.router import Router

logger = logging.getLogger("functions_host.http")

_DEFAULT_BODY_LIMIT = 104_857_600
_CORRELATION = "x-request-id"
_HOMEPAGE = (
    b"<!DOCTYPE html><html><head><title>Functions host</title></head>"
    b"<body><h1>Your Functions app is up and running</h1></body></html>"
)
# Kestrel's limits.
_MAX_REQUEST_LINE = 8192
_MAX_HEADERS_SIZE = 32768
_MAX_HEADERS = 100
_DRAIN_SECONDS = 5.0
_WRITE_SECONDS = 0.5


class HttpServer:
    """The HTTP side of the host, on aiohttp's low-level server (no second router on top)."""

    def __init__(
        self,
        router: Router,
        invoker: Invoker,
        admin: Admin,
        cors: Cors,
        custom_headers: Mapping[str, str],
    ) -> None:
        """`custom_headers` are host.json's; a function's own header wins over them."""
        self._router = router
        self._invoker = invoker
        self._admin = admin
        self._cors = cors
        self._custom_headers = custom_headers
        limit = os.environ.get("FUNCTIONS_REQUEST_BODY_SIZE_LIMIT")
        self._body_limit = int(limit) if limit else _DEFAULT_BODY_LIMIT
        homepage = os.environ.get("AzureWebJobsDisableHomepage", "")  # noqa: SIM112
        self._homepage = homepage.lower() not in ("true", "1")
        self._active = 0
        self._finished = asyncio.Event()
        self._server: web.Server | None = None
        self._listener: asyncio.Server | None = None

    async def start(self, listening: socket.socket) -> None:
        """Serve connections of a socket that is bound already."""
        self._server = web.Server(
            self._handle,
            auto_decompress=False,
            access_log=None,
            lingering_time=_DRAIN_SECONDS,
            max_line_size=_MAX_REQUEST_LINE,
            max_field_size=_MAX_HEADERS_SIZE,
            max_headers=_MAX_HEADERS,
        )
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(self._server, sock=listening, backlog=512)

    async def stop(self, grace: float) -> None:
        """Stop accepting; requests that run get `grace` seconds before they are cancelled."""
        if self._listener is None or self._server is None:
            return
        self._listener.close()
        self._server.pre_shutdown()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace):
                while self._active:
                    self._finished.clear()
                    await self._finished.wait()
        # aiohttp waits this long twice: for responses that are being written, then for handlers
        # that don't end when cancelled.
        await self._server.shutdown(_WRITE_SECONDS)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        self._active += 1
        try:
            return await self._respond(request)
        finally:
            self._active -= 1
            self._finished.set()

    async def _respond(self, request: web.BaseRequest) -> web.StreamResponse:
        response = (self._cors.enabled and self._cors.preflight(request)) or (
            await self._dispatch(request)
        )
        headers = response.headers
        for name, value in self._custom_headers.items():
            headers.setdefault(name, value)
        headers["Server"] = "Kestrel"
        if self._cors.enabled:
            self._cors.decorate(request, headers)
        return response

    async def _dispatch(self, request: web.BaseRequest) -> web.Response:
        length = request.content_length
        if length is not None and length > self._body_limit:
            response = web.Response(status=413)
            response.force_close()
            return response
        target = RequestTarget(request.raw_path)
        if "\0" in target.path:
            return web.Response(status=400)
        if request.headers.get("Expect", "").lower() == "100-continue":
            await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if target.path[:7].lower() == "/admin/":
            answer = await self._admin.handle(request, target.path)
            if answer is not None:
                return answer
        matched = self._router.match(request.method, target.path[1:])
        if matched is not None:
            return await self._invoke(request, target, *matched)
        if target.path == "/":
            return self._home()
        return web.Response(status=404)

    def _home(self) -> web.Response:
        if not self._homepage:
            return web.Response(status=204)
        return web.Response(body=_HOMEPAGE, content_type="text/html")

    async def _invoke(
        self,
        request: web.BaseRequest,
        target: RequestTarget,
        function: LoadedFunction,
        route: Mapping[str, str],
    ) -> web.Response:
        started = time.perf_counter()
        try:
            # Without Content-Length nothing is forwarded; the server drains what came anyway.
            body = await request.content.read() if request.content_length else b""
        except (ClientPayloadError, ConnectionError):
            return web.Response(status=400)
        headers = request.headers
        trace = TraceContext(headers.get("traceparent", ""), headers.get("tracestate", ""))
        context = InvocationContext(function.name, function.directory, trace)
        value = encode_request(request, target, route, body)
        outcome = await self._invoker.run(function, context, value, {})
        response = web.Response(status=500)
        if outcome.succeeded:
            try:
                response = build_response(outcome.response, request.method)
            except InvalidResponseError:
                logger.exception("'Functions.%s' returned no valid response", function.name)
        correlation = headers.get(_CORRELATION) or response.headers.get(_CORRELATION)
        log_invocation(
            function.name,
            HTTP_TRIGGER,
            response.status,
            started,
            context.invocation_id,
            correlation,
        )
        return response

"""A WebSocket subscriber for tests, on the vendor's subprotocol."""

import asyncio
from typing import Any, Self

import aiohttp

from tests.support import targets


class Subscriber:
    """Collects the events of one negotiated address."""

    def __init__(self, url: str, protocol: str = "json.webpubsub.azure.v1") -> None:
        self._url = url
        self._protocol = protocol
        self._session = aiohttp.ClientSession()
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self.events: list[dict[str, Any]] = []

    async def __aenter__(self) -> Self:
        self._socket = await self._session.ws_connect(self._url, protocols=[self._protocol])
        first = await self._socket.receive_json(timeout=10)
        assert first["event"] == "connected"
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._socket is not None:
            await self._socket.close()
        await self._session.close()

    async def next(self, kind: str | None = None, seconds: float = 10) -> dict[str, Any]:
        """The next event (of a type): earlier ones are kept in `events`."""
        assert self._socket is not None
        async with asyncio.timeout(seconds * targets.current().patience):
            while True:
                frame = await self._socket.receive_json()
                if frame.get("type") != "message":
                    continue
                event = frame["data"]
                self.events.append(event)
                if kind is None or event["event"] == kind:
                    return event

"""A WebSocket client that shows frames as they are, for what the vendor's clients hide."""

import json
from typing import Any, Self

import aiohttp

JSON = "json.webpubsub.azure.v1"
RELIABLE = "json.reliable.webpubsub.azure.v1"


class RawClient:
    """One WebSocket; `connected` is its first frame under a JSON subprotocol."""

    def __init__(self, session: aiohttp.ClientSession, url: str, protocol: str | None) -> None:
        self._session = session
        self._url = url
        self._protocols = () if protocol is None else (protocol,)
        self.connected: dict[str, Any] = {}
        self.socket: aiohttp.ClientWebSocketResponse

    async def __aenter__(self) -> Self:
        self.socket = await self._session.ws_connect(self._url, protocols=self._protocols)
        if self._protocols:
            self.connected = await self.receive()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.socket.close()

    @property
    def connection_id(self) -> str:
        return self.connected["connectionId"]

    async def send(self, **frame: Any) -> None:
        await self.socket.send_str(json.dumps(frame))

    async def ask(self, **frame: Any) -> dict[str, Any]:
        await self.send(**frame)
        return await self.receive()

    async def receive(self) -> dict[str, Any]:
        message = await self.socket.receive(timeout=10)
        assert message.type is aiohttp.WSMsgType.TEXT, message
        return json.loads(message.data)

    async def receive_many(self, count: int) -> list[dict[str, Any]]:
        return [await self.receive() for _ in range(count)]

    async def close_code(self) -> int | None:
        """Wait until the server has closed the socket."""
        message = await self.socket.receive(timeout=10)
        assert message.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED), message
        return self.socket.close_code

    async def nothing_else_came(self) -> None:
        """Assert that no frame is left: the answer to a ping is the next thing to arrive."""
        assert await self.ask(type="ping") == {"type": "pong"}

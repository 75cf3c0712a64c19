"""The sending side of one WebSocket: frames queue here, so that no sender waits for a client."""

import asyncio
from typing import NamedTuple

from aiohttp import web


class _Close(NamedTuple):
    code: int
    reason: str


class Outbox:
    """An ordered queue of frames and the task that writes them to a socket."""

    def __init__(
        self, socket: web.WebSocketResponse, transport: asyncio.Transport | None, max_size: int
    ) -> None:
        self._socket = socket
        self._transport = transport
        self._frames: asyncio.Queue[str | bytes | _Close] = asyncio.Queue()
        self._free_size = max_size
        self._closing = False
        self._writer = asyncio.create_task(self._write())

    def put(self, frame: str | bytes) -> bool:
        """Queue a frame; False when the client reads too slowly and the queue is full."""
        if self._closing:
            return True  # nobody waits for it any more
        if len(frame) > self._free_size:
            return False
        self._free_size -= len(frame)
        self._frames.put_nowait(frame)
        return True

    def close(self, code: int, reason: str) -> None:
        """Close the socket after the frames queued so far."""
        if not self._closing:
            self._closing = True
            self._frames.put_nowait(_Close(code, reason))

    def abort(self) -> None:
        """Drop the socket without a close handshake, as a broken network would."""
        self._closing = True
        if self._transport is not None:
            self._transport.abort()

    async def finish(self) -> None:
        """Wait until a close has been carried out, or stop writing if the socket is gone."""
        if not self._closing or self._socket.closed or self._is_lost():
            self._writer.cancel()
        await asyncio.wait([self._writer])

    def _is_lost(self) -> bool:
        return self._transport is None or self._transport.is_closing()

    async def _write(self) -> None:
        try:
            while not await self._write_one(await self._frames.get()):
                pass
        except ConnectionError:
            return  # the reading side finds out as well, and decides what it means

    async def _write_one(self, frame: str | bytes | _Close) -> bool:
        """Write a frame and tell whether it was the last one."""
        if isinstance(frame, _Close):
            await self._socket.close(code=frame.code, message=_close_reason(frame.reason))
            return True
        self._free_size += len(frame)
        if isinstance(frame, str):
            await self._socket.send_str(frame)
        else:
            await self._socket.send_bytes(frame)
        return False


def _close_reason(reason: str) -> bytes:
    """Cut a reason to the 123 bytes that a close frame has room for."""
    return reason.encode()[:123].decode(errors="ignore").encode()

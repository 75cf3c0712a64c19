"""One client per service and process, made at first use."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

ClientT = TypeVar("ClientT")


class Lazy(Generic[ClientT]):
    """Makes a client once, however many callers ask for the first one at the same time."""

    def __init__(self, create: Callable[[], Awaitable[ClientT]]) -> None:
        self._create = create
        self._client: ClientT | None = None
        self._lock: asyncio.Lock | None = None

    async def get(self) -> ClientT:
        """The client; whatever making it raises is raised here, and tried again next time."""
        if self._client is not None:
            return self._client
        self._lock = self._lock or asyncio.Lock()
        async with self._lock:
            if self._client is None:
                self._client = await self._create()
        return self._client

    @property
    def existing(self) -> ClientT | None:
        """The client if it was made already."""
        return self._client

"""Waiting for what happens in the background and can only be asked for."""

import asyncio
from collections.abc import Awaitable, Callable

from tests.support import targets


async def eventually(check: Callable[[], Awaitable[bool]], seconds: float = 20) -> None:
    """Ask until the answer is true; raises TimeoutError if it never is."""
    async with asyncio.timeout(seconds * targets.current().patience):
        while not await check():  # noqa: ASYNC110 (another process decides, there is no event)
            await asyncio.sleep(0.05)

"""Doing the same for many, a few at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

ItemT = TypeVar("ItemT")

WIDTH = 8


async def for_each(items: Sequence[ItemT], act: Callable[[ItemT], Awaitable[object]]) -> None:
    """Call `act` with every item, a few side by side; the first failure ends it."""
    for start in range(0, len(items), WIDTH):
        await asyncio.gather(*(act(item) for item in items[start : start + WIDTH]))

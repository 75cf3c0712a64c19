"""Doing the same for many, a few at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

ItemT = TypeVar("ItemT")

WIDTH = 8


async def for_each(items: Sequence[ItemT], act: Callable[[ItemT], Awaitable[object]]) -> None:
    """Call `act` with every item, a few side by side; the first failure ends it.

    It is raised when those beside it have ended: what they enqueue is part of this invocation.
    """
    for start in range(0, len(items), WIDTH):
        acts = (act(item) for item in items[start : start + WIDTH])
        results = await asyncio.gather(*acts, return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result

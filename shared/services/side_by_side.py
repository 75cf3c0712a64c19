"""Doing the same for many, a few at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")

WIDTH = 8


async def for_each(
    items: Sequence[ItemT], act: Callable[[ItemT], Awaitable[ResultT]]
) -> list[ResultT]:
    """What `act` returns for every item, called a few side by side; the first failure ends it.

    It is raised when those beside it have ended: what they enqueue is part of this invocation.
    """
    done: list[ResultT] = []
    for start in range(0, len(items), WIDTH):
        acts = (act(item) for item in items[start : start + WIDTH])
        results = await asyncio.gather(*acts, return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result
            done.append(result)
    return done

"""Doing the same for many, a few at a time."""

import asyncio

import pytest

from shared.errors import Conflict
from shared.services.side_by_side import WIDTH, for_each

TURNS = 20
"""Of the event loop: more than a failure takes to be seen."""


async def test_everything_is_done_in_its_order_and_little_at_once() -> None:
    running, most = 0, 0

    async def act(number: int) -> int:
        nonlocal running, most
        running += 1
        most = max(most, running)
        for _ in range(WIDTH - number % WIDTH):
            await asyncio.sleep(0)
        running -= 1
        return 2 * number

    done = await for_each(range(3 * WIDTH + 1), act)

    assert done == [2 * number for number in range(3 * WIDTH + 1)]
    assert most == WIDTH


async def test_a_failure_ends_it_and_leaves_nothing_running() -> None:
    done = list[int]()

    async def act(number: int) -> None:
        if number == 0:
            raise Conflict
        for _ in range(TURNS):
            await asyncio.sleep(0)
        done.append(number)

    with pytest.raises(Conflict):
        await for_each(range(2 * WIDTH), act)

    assert done == list(range(1, WIDTH))

"""Waiting for a server that says in no other way that it is there."""

import asyncio
from collections.abc import Callable

import httpx

_RETRY_SECONDS = 0.25


def anything(_: httpx.Response) -> bool:
    """Take any answer."""
    return True


def success(response: httpx.Response) -> bool:
    """Take a success only."""
    return response.is_success


async def until_answered(url: str, good: Callable[[httpx.Response], bool] = anything) -> None:
    """Ask until something gives an answer that is good enough."""
    async with httpx.AsyncClient() as client:
        while not await _answers(client, url, good):  # noqa: ASYNC110 (another process decides)
            await asyncio.sleep(_RETRY_SECONDS)


async def _answers(
    client: httpx.AsyncClient, url: str, good: Callable[[httpx.Response], bool]
) -> bool:
    try:
        return good(await client.get(url))
    except httpx.TransportError:
        return False

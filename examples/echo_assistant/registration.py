"""Keeps the service registered: at start, and then by a ping every interval."""

import asyncio
import logging
import random

import httpx

from examples.echo_assistant.workbench import Workbench

_FIRST_RETRY_SECONDS = 0.25
_LONGEST_RETRY_SECONDS = 5.0

_logger = logging.getLogger(__name__)


async def keep_registered(workbench: Workbench, url: str, interval_seconds: float) -> None:
    """Register `url` now and for ever, sooner after a failure than after a success."""
    registered = False
    retry_seconds = _FIRST_RETRY_SECONDS
    while True:
        try:
            await workbench.register(url)
        except httpx.HTTPError as error:
            _logger.warning("registration failed: %s", _reason(error))
            registered = False
            await asyncio.sleep(retry_seconds)
            retry_seconds = min(retry_seconds * 2, _LONGEST_RETRY_SECONDS)
            continue
        if not registered:
            print(f"echo_assistant registered with its address {url}", flush=True)  # noqa: T201
        registered = True
        retry_seconds = _FIRST_RETRY_SECONDS
        # Many services that were started together shouldn't ping together for ever.
        await asyncio.sleep(interval_seconds * random.uniform(1.0, 1.5))  # noqa: S311


def _reason(error: httpx.HTTPError) -> str:
    if isinstance(error, httpx.HTTPStatusError):
        return f"{error.response.status_code} {error.response.text[:200]}"
    return f"{type(error).__name__} {error}"

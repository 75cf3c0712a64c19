"""The right to deliver to one assistant of one conversation, while its holder is alive.

A lease is short and renewed in the background while events are sent, however long an assistant
takes to answer: so what a killed worker leaves behind is taken up soon. Nobody can tell a dead
holder from one that was frozen: a worker that could not renew in time stops, and what it was
sending may arrive twice, which at-least-once delivery allows.
"""

import asyncio
import contextlib
import logging
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any, TypeVar

from shared import clock
from shared.adapters.cosmos.cursors import Cursor, CursorRepository, LostLeaseError
from shared.errors import DependencyUnavailable
from shared.telemetry import get_logger, log

LEASE_SECONDS = 12
RENEW_SECONDS = 4
"""So that two renewals may fail before the lease runs out."""

_logger = get_logger("leases")

ResultT = TypeVar("ResultT")


class Lease:
    """A leased cursor; every renewal also keeps how far the delivery has got."""

    def __init__(self, cursors: CursorRepository, cursor: Cursor, etag: str) -> None:
        self.cursor = cursor
        self._cursors = cursors
        self._etag = etag
        self._ends = asyncio.Event()

    async def hold(self, work: Coroutine[Any, Any, ResultT]) -> ResultT:
        """Take the lease, do the work, give the lease up.

        Raises LostLeaseError, with the work cancelled, once somebody else may have the lease.
        """
        try:
            await self._renew()
        except BaseException:
            work.close()
            raise
        working = asyncio.ensure_future(work)
        renewing = asyncio.ensure_future(self._keep_renewing())
        try:
            await asyncio.wait({working, renewing}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._ends.set()
            if not working.done():
                working.cancel()
            await asyncio.gather(working, renewing, return_exceptions=True)
        renewing.result()  # raises LostLeaseError: then there is nothing to give up
        await self._give_up()
        return working.result()

    async def _keep_renewing(self) -> None:
        """Renew until the work ends: never cut short, so that the ETag is always known."""
        while not await self._ended_within(RENEW_SECONDS):
            try:
                await self._renew()
            except DependencyUnavailable as error:
                log(_logger, logging.WARNING, "lease_not_renewed", error=error.detail)
                self._check_time_left()

    async def _renew(self) -> None:
        held_until = self.cursor.leased_until
        self.cursor.leased_until = clock.now() + timedelta(seconds=LEASE_SECONDS)
        try:
            async with asyncio.timeout(LEASE_SECONDS - RENEW_SECONDS):
                await self._save()
        except TimeoutError as error:
            raise LostLeaseError from error
        except DependencyUnavailable:
            self.cursor.leased_until = held_until
            raise

    def _check_time_left(self) -> None:
        until = self.cursor.leased_until
        if until is None or until - clock.now() < timedelta(seconds=RENEW_SECONDS):
            raise LostLeaseError

    async def _ended_within(self, seconds: float) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._ends.wait()
        return self._ends.is_set()

    async def _give_up(self) -> None:
        self.cursor.leased_until = None
        await self._save()

    async def _save(self) -> None:
        self._etag = await self._cursors.save(self.cursor, self._etag)

"""Faults to order: errors, delays and dropped connections, for testing how callers cope."""

import asyncio
import random
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from local.cosmos.errors import THROTTLED_SUBSTATUS, CosmosError
from local.cosmos.routing import Operation

_dice = random.SystemRandom()
_KindName = Literal[
    "*", "read", "create", "upsert", "replace", "delete", "patch", "batch", "query", "metadata"
]


class Fault(BaseModel):
    """One fault and where it strikes. Without status and resets it only delays.

    `retry_after_ms` and `latency_ms` are milliseconds; `reset` drops the connection before the
    request is processed, `reset_after` after it; `hold` keeps the answer to a processed request
    back until the faults are removed; `spare` requests pass before it strikes, and `times` None
    means without end.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    operation: _KindName = "*"
    container: str = "*"
    status: int | None = Field(default=None, ge=400, le=599)
    retry_after_ms: int | None = Field(default=None, ge=0)
    latency_ms: int = Field(default=0, ge=0)
    reset: bool = False
    reset_after: bool = False
    hold: bool = False
    probability: float = Field(default=1.0, ge=0, le=1)
    spare: int = Field(default=0, ge=0)
    times: int | None = Field(default=None, ge=0)

    def strikes(self, operation: Operation) -> bool:
        """Whether this fault applies now; counts down if it does."""
        if self.times == 0 or self.operation not in ("*", operation.kind):
            return False
        if self.container not in ("*", operation.container):
            return False
        if self.probability < 1 and _dice.random() >= self.probability:
            return False
        if self.spare:
            self.spare -= 1
            return False
        if self.times is not None:
            self.times -= 1
        return True

    @property
    def error(self) -> CosmosError | None:
        """The error to answer with, if any."""
        if self.status is None:
            return None
        substatus = THROTTLED_SUBSTATUS if self.status == 429 else 0
        return CosmosError(self.status, "An error that was asked for (fault injection).", substatus)


class Faults:
    """The faults that are set; the first that applies strikes."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._removed = asyncio.Event()
        self.held = 0
        """How many answers are held back."""

    def add(self, fault: Fault) -> None:
        """Set one more fault."""
        self._faults.append(fault)

    def clear(self) -> None:
        """Remove all, and let go of the answers that are held back."""
        self._faults.clear()
        self._removed.set()
        self._removed = asyncio.Event()

    async def hold(self) -> None:
        """Wait until the faults that are set now are removed."""
        self.held += 1
        try:
            await self._removed.wait()
        finally:
            self.held -= 1

    def choose(self, operation: Operation) -> Fault | None:
        """The fault that strikes this request."""
        for fault in self._faults:
            if fault.strikes(operation):
                return fault
        return None

"""Faults that tests order: slow answers, error answers, connections cut off."""

import asyncio
from typing import Literal, get_args

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

Operation = Literal[
    "send", "close", "exists", "groups", "list", "permissions", "token", "health", "connect"
]
OPERATIONS: tuple[str, ...] = get_args(Operation)


class Fault(BaseModel):
    """What to do to an operation ("*": any), for a number of times or (None) until cleared."""

    model_config = ConfigDict(extra="forbid")

    operation: Operation | Literal["*"]
    status: int | None = Field(default=None, ge=400, le=599)
    latency_ms: float = Field(default=0, ge=0)
    reset: bool = False
    times: int | None = Field(default=None, ge=1)


class Faults:
    """The faults in force; of several for one operation the first works until it is used up."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Put a fault in force."""
        self._faults.append(fault)

    def clear(self) -> None:
        """Go back to faultless service."""
        self._faults.clear()

    async def apply(self, operation: str, request: web.Request) -> web.Response | None:
        """Delay, cut off or answer a request as ordered; None lets it go its way."""
        fault = self._take(operation)
        if fault is None:
            return None
        await asyncio.sleep(fault.latency_ms / 1000)
        if fault.reset:
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=500)
        if fault.status is None:
            return None
        return web.json_response(
            {"code": "Fault", "message": "an ordered fault"}, status=fault.status
        )

    def _take(self, operation: str) -> Fault | None:
        for fault in self._faults:
            if fault.operation in ("*", operation):
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times == 0:
                        self._faults.remove(fault)
                return fault
        return None

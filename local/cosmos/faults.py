"""Faults to order: errors, delays and dropped connections, for testing how callers cope."""

import random
from dataclasses import dataclass, fields
from typing import Any

from local.cosmos.errors import THROTTLED_SUBSTATUS, CosmosError, bad_request
from local.cosmos.routing import METADATA, Operation

_dice = random.SystemRandom()
_DATA_KINDS = ("read", "create", "upsert", "replace", "delete", "patch", "batch", "query")
_KINDS = (*_DATA_KINDS, METADATA, "*")


@dataclass
class Fault:
    """One fault and where it strikes. Without status and resets it only delays.

    `retry_after_ms` and `latency_ms` are milliseconds; `reset` drops the connection before the
    request is processed, `reset_after` after it; `times` None means without end.
    """

    operation: str = "*"
    container: str = "*"
    status: int | None = None
    retry_after_ms: int | None = None
    latency_ms: int = 0
    reset: bool = False
    reset_after: bool = False
    probability: float = 1.0
    times: int | None = None

    @classmethod
    def parse(cls, body: dict[str, Any]) -> "Fault":
        """A fault from JSON; 400 for unknown names and values that make no sense."""
        unknown = body.keys() - {field.name for field in fields(cls)}
        if unknown:
            raise bad_request(f"Unknown properties of a fault: {', '.join(sorted(unknown))}.")
        fault = cls(**body)
        if fault.operation not in _KINDS:
            raise bad_request(f"The operation of a fault is one of: {', '.join(_KINDS)}.")
        if fault.status is not None and not 400 <= fault.status <= 599:
            raise bad_request("The status of a fault is from 400 to 599.")
        if not 0 <= fault.probability <= 1:
            raise bad_request("The probability of a fault is from 0 to 1.")
        return fault

    def strikes(self, operation: Operation) -> bool:
        """Whether this fault applies now; counts down if it does."""
        if self.times == 0 or self.operation not in ("*", operation.kind):
            return False
        if self.container not in ("*", operation.container):
            return False
        if self.probability < 1 and _dice.random() >= self.probability:
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

    def add(self, fault: Fault) -> None:
        """Set one more fault."""
        self._faults.append(fault)

    def clear(self) -> None:
        """Remove all."""
        self._faults.clear()

    def choose(self, operation: Operation) -> Fault | None:
        """The fault that strikes this request."""
        for fault in self._faults:
            if fault.strikes(operation):
                return fault
        return None

"""Asks the Cosmos stand-in what it was asked, and makes it fail, for tests."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx


@dataclass
class CosmosRequests:
    """The Cosmos requests made inside a `counting()` block; empty until the block ends.

    `total` is the number of data requests; `counts` has them by kind (read, query, batch, ...);
    `entries` has each with kind, container, status and charge.
    """

    total: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    entries: list[dict[str, Any]] = field(default_factory=list)


class CosmosAdmin:
    """The admin endpoint of the Cosmos stand-in."""

    def __init__(self, cosmos_url: str) -> None:
        self._client = httpx.AsyncClient(base_url=f"{cosmos_url}/_admin")

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    @contextlib.asynccontextmanager
    async def counting(self) -> AsyncIterator[CosmosRequests]:
        """Count the requests made inside the block, whoever made them."""
        mark = (await self._ask("POST", "/requests/mark"))["mark"]
        requests = CosmosRequests()
        yield requests
        answer = await self._ask("GET", f"/requests?since={mark}")
        requests.total = answer["total"]
        requests.counts = answer["counts"]
        requests.entries = answer["entries"]

    async def add_fault(self, **fault: Any) -> None:
        """Make requests fail: operation, container, status, latency_ms, reset, times and so on."""
        await self._ask("POST", "/faults", json=fault)

    async def holds_an_answer(self) -> bool:
        """Whether a fault keeps an answer back now."""
        return (await self._ask("GET", "/faults"))["held"] > 0

    async def clear_faults(self) -> None:
        """Let all requests succeed again, and those go that are held back."""
        await self._ask("DELETE", "/faults")

    async def _ask(self, method: str, path: str, *, json: Any = None) -> dict[str, Any]:
        response = await self._client.request(method, path, json=json)
        response.raise_for_status()
        return response.json() if response.content else {}

"""Makes the Web PubSub stand-in fail, for tests."""

from typing import Any

import httpx


class WebPubSubAdmin:
    """The admin endpoint of the Web PubSub stand-in."""

    def __init__(self, web_pubsub_url: str) -> None:
        self._client = httpx.AsyncClient(base_url=f"{web_pubsub_url}/_admin")

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def add_fault(self, **fault: Any) -> None:
        """Make requests fail: operation, status and so on."""
        (await self._client.post("/faults", json=fault)).raise_for_status()

    async def clear_faults(self) -> None:
        """Let all requests succeed again."""
        (await self._client.delete("/faults")).raise_for_status()

"""Asks the Web PubSub stand-in who is connected, and makes it fail, for tests."""

from typing import Any

import httpx


class WebPubSubAdmin:
    """The admin endpoint of the Web PubSub stand-in."""

    def __init__(self, web_pubsub_url: str) -> None:
        self._client = httpx.AsyncClient(base_url=f"{web_pubsub_url}/_admin")

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def connections(self, hub: str) -> list[dict[str, Any]]:
        """The connections to a hub: connectionId, userId, groups and so on."""
        response = await self._client.get(f"/hubs/{hub}")
        response.raise_for_status()
        return response.json()["connections"]

    async def add_fault(self, **fault: Any) -> None:
        """Make requests fail: operation, status and so on."""
        (await self._client.post("/faults", json=fault)).raise_for_status()

    async def clear_faults(self) -> None:
        """Let all requests succeed again."""
        (await self._client.delete("/faults")).raise_for_status()

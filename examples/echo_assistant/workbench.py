"""The calls that the echo assistant makes to the workbench."""

import asyncio
import logging
from typing import Any

import httpx

from examples.echo_assistant.settings import EchoSettings

# The service is taken for offline when this many ping intervals pass without a ping.
_INTERVALS_ONLINE = 3.5
_RETRY_DELAYS_SECONDS = (0.25, 0.5, 1.0)

_logger = logging.getLogger(__name__)


class Workbench:
    """A client of the workbench, acting for this service and for its assistants."""

    def __init__(self, settings: EchoSettings) -> None:
        self._settings = settings
        self._client = httpx.AsyncClient(
            base_url=settings.workbench_url,
            headers={
                "X-Assistant-Service-ID": settings.service_id,
                "X-API-Key": settings.api_key,
            },
            timeout=httpx.Timeout(5.0, connect=10.0, read=60.0),
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def register(self, url: str) -> None:
        """Say that this service is at `url` and online. Raises httpx.HTTPError."""
        response = await self._client.put(
            f"/assistant-service-registrations/{self._settings.service_id}",
            json={
                "name": "Echo assistant",
                "description": "Repeats what people say.",
                "url": url,
                "online_expires_in_seconds": _INTERVALS_ONLINE
                * self._settings.ping_interval_seconds,
            },
        )
        response.raise_for_status()

    def acting_for(self, assistant_id: str, correlation_id: str) -> "AssistantActions":
        """The calls of one assistant in answer to one event."""
        return AssistantActions(
            self._client, {"X-Assistant-ID": assistant_id, "X-Request-ID": correlation_id}
        )


class AssistantActions:
    """What an assistant does in its conversations. Each call raises httpx.HTTPError."""

    def __init__(self, client: httpx.AsyncClient, headers: dict[str, str]) -> None:
        self._client = client
        self._headers = headers

    async def set_status(self, conversation_id: str, status: str | None) -> None:
        """Show what the assistant is doing; None clears it."""
        path = f"/conversations/{conversation_id}/participants/me"
        await self._send("PATCH", path, {"status": status})

    async def post_message(self, conversation_id: str, message_id: str, content: str) -> bool:
        """Post a chat message; False if a message with this id was there already."""
        body = {"id": message_id, "content": content}
        path = f"/conversations/{conversation_id}/messages"
        response = await self._send("POST", path, body, accepted=httpx.codes.CONFLICT)
        return response.status_code != httpx.codes.CONFLICT

    async def announce_state(self, assistant_id: str, conversation_id: str, state_id: str) -> None:
        """Tell the people in the conversation that a state has changed."""
        path = f"/assistants/{assistant_id}/states/events?conversation_id={conversation_id}"
        await self._send("POST", path, {"state_id": state_id, "event": "updated", "state": None})

    async def _send(
        self, method: str, path: str, body: dict[str, Any], accepted: int | None = None
    ) -> httpx.Response:
        """Send a request, again after a while when the workbench is away or overloaded."""
        for delay in _RETRY_DELAYS_SECONDS:
            try:
                return await self._send_once(method, path, body, accepted)
            except httpx.HTTPError as error:
                if not _passes_by_itself(error):
                    raise
                _logger.info("%s %s failed, trying again: %s", method, path, error)
            await asyncio.sleep(delay)
        return await self._send_once(method, path, body, accepted)

    async def _send_once(
        self, method: str, path: str, body: dict[str, Any], accepted: int | None
    ) -> httpx.Response:
        response = await self._client.request(method, path, json=body, headers=self._headers)
        if response.status_code != accepted:
            response.raise_for_status()
        return response


def _passes_by_itself(error: httpx.HTTPError) -> bool:
    if isinstance(error, httpx.HTTPStatusError):
        status = error.response.status_code
        return status == httpx.codes.TOO_MANY_REQUESTS or status >= 500
    return isinstance(error, httpx.TransportError)

"""Azure Web PubSub: send events to groups, and let clients connect that only receive."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from azure.core.exceptions import ResourceNotFoundError

from shared import clock
from shared.adapters.identity import azure_credential
from shared.adapters.storage_errors import storage_errors
from shared.adapters.transport import azure_transport
from shared.settings import WebPubSubSettings
from shared.telemetry import get_logger, log

if TYPE_CHECKING:
    from azure.messaging.webpubsubservice.aio import WebPubSubServiceClient

CLOCK_SKEW_SECONDS = 300
"""How long after its end the service may still take a token."""

MAX_CLAUSES = 50
"""Half of what the service takes in one filter: it travels in the address of a request."""

_LIMITS = {"connection_timeout": 3, "read_timeout": 3}
"""Seconds that requests wait for the real-time channel: replay repairs what is lost."""

_logger = get_logger("web_pubsub")


@dataclass(frozen=True)
class ClientAccess:
    """An address with a token in it, and when the token expires."""

    url: str
    expires_at: datetime


class WebPubSub:
    """One hub; the client is made at first use."""

    def __init__(self, settings: WebPubSubSettings) -> None:
        self._settings = settings
        self._client: WebPubSubServiceClient | None = None

    async def send(
        self, group: str, payload: dict[str, Any], but_not_to: Sequence[str] = ()
    ) -> None:
        """Send a JSON object to everybody in a group, but for some users (the last 50 of them).

        Raises DependencyUnavailable.
        """
        with storage_errors():
            await self._service().send_to_group(
                group,
                payload,
                content_type="application/json",
                filter=_none_of(but_not_to[-MAX_CLAUSES:]),
                retry_total=0,
            )

    async def client_access(self, user_id: str, group: str) -> ClientAccess:
        """Access for a client that is in the group from the start and may not publish."""
        minutes = self._settings.token_minutes
        expires_at = clock.now() + timedelta(minutes=minutes)
        with storage_errors():
            token = await self._service().get_client_access_token(
                user_id=user_id, groups=[group], roles=[], minutes_to_expire=minutes
            )
        return ClientAccess(token["url"], expires_at)

    async def has_subscribers(self, group: str) -> bool:
        """Whether anybody is connected in a group; raises DependencyUnavailable."""
        with storage_errors():
            return await self._service().group_exists(group)

    async def remove_user(self, group: str, user_id: str) -> None:
        """End a user's part in a group, on all open connections; raises DependencyUnavailable."""
        with storage_errors():
            try:
                await self._service().remove_user_from_group(group, user_id)
            except ResourceNotFoundError:
                log(_logger, logging.DEBUG, "user_not_connected", group=group)

    async def close(self) -> None:
        """Close the client's connections."""
        if self._client is not None:
            await self._client.close()

    def _service(self) -> "WebPubSubServiceClient":
        if self._client is None:
            from azure.messaging.webpubsubservice.aio import WebPubSubServiceClient

            settings = self._settings
            options: dict[str, Any] = {"transport": azure_transport(**_LIMITS), "retry_total": 1}
            if settings.connection_string:
                self._client = WebPubSubServiceClient.from_connection_string(
                    settings.connection_string, hub=settings.hub, **options
                )
            else:
                self._client = WebPubSubServiceClient(
                    str(settings.endpoint), settings.hub, azure_credential(), **options
                )
        return self._client


def _none_of(user_ids: Sequence[str]) -> str | None:
    """An OData filter that is true for everybody else; quotes are doubled inside of texts."""
    quoted = (user_id.replace("'", "''") for user_id in user_ids)
    return " and ".join(f"userId ne '{user_id}'" for user_id in quoted) or None

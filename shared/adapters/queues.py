"""Queue messages that must wait, and queues' lengths: what an output binding can't do."""

from typing import TYPE_CHECKING

from azure.core.exceptions import ResourceNotFoundError

from shared.adapters.identity import azure_credential
from shared.adapters.lazy import Lazy
from shared.adapters.storage_errors import storage_errors
from shared.adapters.transport import azure_transport
from shared.settings import StorageSettings

if TYPE_CHECKING:
    from azure.storage.queue.aio import QueueServiceClient


class Queues:
    """The application's own queues; messages are base64, as host.json says."""

    def __init__(self, settings: StorageSettings) -> None:
        self._settings = settings
        self._service = Lazy(self._connect)

    async def send(self, queue: str, text: str, delay_seconds: int = 0) -> None:
        """Send a message that becomes visible after `delay_seconds`."""
        from azure.storage.queue import TextBase64EncodePolicy

        service = await self._service.get()
        client = service.get_queue_client(queue, message_encode_policy=TextBase64EncodePolicy())
        with storage_errors():
            await client.send_message(text, visibility_timeout=delay_seconds)

    async def length(self, queue: str) -> int:
        """About how many messages a queue holds, hidden ones too; none if there is no such queue.

        Raises DependencyUnavailable.
        """
        service = await self._service.get()
        with storage_errors():
            try:
                properties = await service.get_queue_client(queue).get_queue_properties()
            except ResourceNotFoundError:
                return 0
        return properties.approximate_message_count or 0

    async def close(self) -> None:
        """Close the client's connections."""
        if self._service.existing is not None:
            await self._service.existing.close()

    async def _connect(self) -> "QueueServiceClient":
        from azure.storage.queue.aio import QueueServiceClient

        if self._settings.connection_string:
            return QueueServiceClient.from_connection_string(
                self._settings.connection_string, transport=azure_transport()
            )
        return QueueServiceClient(
            str(self._settings.queue_service_uri),
            credential=azure_credential(),
            transport=azure_transport(),
        )

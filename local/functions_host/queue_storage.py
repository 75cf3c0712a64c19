"""Storage queues as the host uses them, and the wake-ups between its writers and listeners."""

import asyncio
import base64
import binascii
import contextlib
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Literal, TypeVar

from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.core.pipeline.transport import AioHttpTransport
from azure.functions.meta import Datum
from azure.storage.queue import QueueMessage
from azure.storage.queue.aio import QueueClient, QueueServiceClient

from local.functions_host.app_model import OutputBinding
from local.functions_host.queue_messages import messages_of

Encoding = Literal["base64", "none"]
_T = TypeVar("_T")

# Older than what the SDK asks for by default: known to Azurite, and the operations are the same.
_API_VERSION = "2024-11-04"
# The SDK logs each request; the host polls too often for that to be read.
_request_logger = logging.getLogger("functions_host.storage_requests")
_request_logger.setLevel(logging.WARNING)


class UndecodableMessageError(ValueError):
    """A message's text isn't base64 although host.json says that messages are."""


class Queue:
    """One storage queue; it knows its listeners, so that a write wakes them at once."""

    def __init__(self, client: QueueClient, encoding: Encoding) -> None:
        """Texts are encoded and decoded by `encoding`."""
        self._client = client
        self._encoding = encoding
        self._listeners: list[asyncio.Event] = []

    @property
    def name(self) -> str:
        """The queue's name."""
        return self._client.queue_name

    def subscribe(self) -> asyncio.Event:
        """An event that is set whenever this process has written to the queue."""
        event = asyncio.Event()
        self._listeners.append(event)
        return event

    async def receive(self, count: int, lease: float) -> list[QueueMessage]:
        """Up to `count` (at most 32) messages, hidden for `lease` seconds; [] without a queue."""
        pages = self._client.receive_messages(
            messages_per_page=count, visibility_timeout=max(1, round(lease))
        ).by_page()
        try:
            # Only the first page: the second would be another request.
            return [message async for message in await anext(pages)]
        except (StopAsyncIteration, ResourceNotFoundError):
            return []

    async def extend(self, message: QueueMessage, seconds: float) -> str:
        """Hide a received message for `seconds` from now; returns its new pop receipt."""
        updated = await self._client.update_message(
            message.id, message.pop_receipt, visibility_timeout=round(seconds)
        )
        return updated.pop_receipt or ""

    async def delete(self, message: QueueMessage) -> None:
        """Delete a received message; one that is gone or taken by others is left alone."""
        try:
            await self._client.delete_message(message.id, message.pop_receipt)
        except ResourceNotFoundError:
            return

    async def send(self, body: bytes) -> None:
        """Write one message, encoded, and wake the listeners."""
        await self.send_text(self.encode(body))

    async def send_text(self, text: str) -> None:
        """Write a message's text as it is, creating the queue if need be."""
        await self._or_create(lambda: self._client.send_message(text))
        for event in self._listeners:
            event.set()

    def encode(self, body: bytes) -> str:
        """The text of a message with this body."""
        if self._encoding == "base64":
            return base64.b64encode(body).decode()
        return body.decode()

    def decode(self, text: str) -> bytes:
        """The body of a message with this text; UndecodableMessageError if it isn't base64."""
        if self._encoding == "none":
            return text.encode()
        try:
            return base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError) as error:
            raise UndecodableMessageError(str(error)) from error

    async def _or_create(self, operation: Callable[[], Awaitable[_T]]) -> _T:
        try:
            return await operation()
        except ResourceNotFoundError:
            with contextlib.suppress(ResourceExistsError):
                await self._client.create_queue()
            return await operation()


class QueueStorage:
    """All queues of this process; one connection pool per storage account."""

    def __init__(self, encoding: Encoding) -> None:
        """`encoding` is host.json's messageEncoding."""
        self._encoding: Encoding = encoding
        self._services: dict[str, QueueServiceClient] = {}
        self._queues: dict[str, dict[str, Queue]] = defaultdict(dict)

    def queue(self, connection_string: str, name: str) -> Queue:
        """The queue `name` of the account; the same object each time."""
        queues = self._queues[connection_string]
        if name not in queues:
            service = self._service(connection_string)
            queues[name] = Queue(service.get_queue_client(name), self._encoding)
        return queues[name]

    async def write(self, output: OutputBinding, value: Datum) -> None:
        """Write the messages of a queue output, one after another."""
        queue = self.queue(output.connection, output.queue_name)
        for body in messages_of(value):
            await queue.send(body)

    async def close(self) -> None:
        """Close the connections."""
        for service in self._services.values():
            await service.close()

    def _service(self, connection_string: str) -> QueueServiceClient:
        if connection_string not in self._services:
            self._services[connection_string] = QueueServiceClient.from_connection_string(
                connection_string,
                api_version=_API_VERSION,
                # Else each request looks for proxies in variables and in a file.
                transport=AioHttpTransport(use_env_settings=False),
                logger=_request_logger,
                # The SDK's own waits grow to minutes, which a host that stops can't sit out.
                retry_total=2,
                initial_backoff=1,
                increment_base=1,
                random_jitter_range=0,
            )
        return self._services[connection_string]

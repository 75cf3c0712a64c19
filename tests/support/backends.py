"""What is behind a workbench, through the vendor's clients: by key where there is one, else as
whoever is signed in to Azure on this machine."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from azure.cosmos.aio import ContainerProxy, CosmosClient, DatabaseProxy
from azure.identity.aio import DefaultAzureCredential
from azure.messaging.webpubsubservice.aio import WebPubSubServiceClient
from azure.storage.blob.aio import BlobServiceClient
from azure.storage.queue import TextBase64EncodePolicy
from azure.storage.queue.aio import QueueClient, QueueServiceClient

from local.stack import Stack
from shared import resources
from shared.settings import Settings, load


def settings_of(stack: Stack) -> Settings:
    """The settings that the app has, or as much of them as finds what is behind it."""
    return load(stack.addresses.environment)


@asynccontextmanager
async def database(stack: Stack) -> AsyncIterator[DatabaseProxy]:
    """The database."""
    cosmos = settings_of(stack).cosmos
    async with AsyncExitStack() as exits:
        credential = cosmos.key or await exits.enter_async_context(DefaultAzureCredential())
        client = CosmosClient(cosmos.endpoint, credential=credential)
        await exits.enter_async_context(client)
        yield client.get_database_client(cosmos.database)


@asynccontextmanager
async def container(
    stack: Stack, name: str = resources.CONVERSATIONS
) -> AsyncIterator[ContainerProxy]:
    """A container of the database."""
    async with database(stack) as found:
        yield found.get_container_client(name)


@asynccontextmanager
async def queues(stack: Stack) -> AsyncIterator[QueueServiceClient]:
    """The queues."""
    async with _storage(stack, QueueServiceClient, "queue") as client:
        yield client


@asynccontextmanager
async def queue(stack: Stack, name: str) -> AsyncIterator[QueueClient]:
    """A queue, encoded as the application and the host do it."""
    async with queues(stack) as service:
        yield service.get_queue_client(name, message_encode_policy=TextBase64EncodePolicy())


@asynccontextmanager
async def blobs(stack: Stack) -> AsyncIterator[BlobServiceClient]:
    """The blobs."""
    async with _storage(stack, BlobServiceClient, "blob") as client:
        yield client


@asynccontextmanager
async def web_pubsub(stack: Stack) -> AsyncIterator[WebPubSubServiceClient]:
    """The hub, as its owner has it."""
    settings = settings_of(stack).web_pubsub
    async with AsyncExitStack() as exits:
        if settings.connection_string:
            client = WebPubSubServiceClient.from_connection_string(
                settings.connection_string, hub=settings.hub
            )
        else:
            credential = await exits.enter_async_context(DefaultAzureCredential())
            client = WebPubSubServiceClient(str(settings.endpoint), settings.hub, credential)
        yield await exits.enter_async_context(client)


@asynccontextmanager
async def _storage(stack: Stack, kind: Any, service: str) -> AsyncIterator[Any]:
    settings = settings_of(stack).storage
    async with AsyncExitStack() as exits:
        if settings.connection_string:
            client = kind.from_connection_string(settings.connection_string)
        else:
            credential = await exits.enter_async_context(DefaultAzureCredential())
            client = kind(getattr(settings, f"{service}_service_uri"), credential=credential)
        yield await exits.enter_async_context(client)

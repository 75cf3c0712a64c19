"""Creates what shared.resources names, through the real SDKs; what is there already stays."""

import asyncio
import contextlib

from azure.core.exceptions import ResourceExistsError
from azure.cosmos import PartitionKey
from azure.cosmos.aio import CosmosClient, DatabaseProxy
from azure.cosmos.exceptions import CosmosResourceNotFoundError
from azure.data.tables.aio import TableServiceClient
from azure.storage.blob.aio import BlobServiceClient
from azure.storage.queue.aio import QueueServiceClient

from shared import resources


async def provision(
    cosmos_url: str,
    cosmos_key: str,
    storage_connection: str,
    database: str = resources.COSMOS_DATABASE,
) -> None:
    """Create database, containers, queues, tables and blob containers where they are missing."""
    await asyncio.gather(
        _provision_cosmos(cosmos_url, cosmos_key, database),
        _provision_queues(storage_connection),
        _provision_tables(storage_connection),
        _provision_blob_containers(storage_connection),
    )


async def remove_database(cosmos_url: str, cosmos_key: str, name: str) -> None:
    """Remove a database with all that is in it; one that isn't there is fine."""
    async with CosmosClient(cosmos_url, credential=cosmos_key) as client:
        with contextlib.suppress(CosmosResourceNotFoundError):
            await client.delete_database(name)


async def _provision_cosmos(url: str, key: str, name: str) -> None:
    async with CosmosClient(url, credential=key) as client:
        database = await client.create_database_if_not_exists(name)
        for container in resources.COSMOS_CONTAINERS:
            await _provision_container(database, container)


async def _provision_container(
    database: DatabaseProxy, container: resources.CosmosContainer
) -> None:
    await database.create_container_if_not_exists(
        container.name,
        partition_key=PartitionKey(container.partition_key_path),
        indexing_policy=container.indexing_policy(),
        default_ttl=container.default_ttl,
    )


async def _provision_queues(connection: str) -> None:
    async with QueueServiceClient.from_connection_string(connection) as client:
        for name in (*resources.QUEUES, *resources.POISON_QUEUES):
            with contextlib.suppress(ResourceExistsError):
                await client.create_queue(name)


async def _provision_tables(connection: str) -> None:
    async with TableServiceClient.from_connection_string(connection) as client:
        for name in resources.TABLES:
            await client.create_table_if_not_exists(name)


async def _provision_blob_containers(connection: str) -> None:
    async with BlobServiceClient.from_connection_string(connection) as client:
        for name in resources.BLOB_CONTAINERS:
            with contextlib.suppress(ResourceExistsError):
                await client.create_container(name)

"""The Cosmos DB client and the translation of its errors."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from azure.core.exceptions import AzureError, ServiceResponseError
from azure.core.pipeline import PipelineResponse
from azure.cosmos.aio import ContainerProxy, CosmosClient
from azure.cosmos.exceptions import (
    CosmosBatchOperationError,
    CosmosClientTimeoutError,
    CosmosHttpResponseError,
    CosmosResourceNotFoundError,
)

from shared import invocation
from shared.adapters.cosmos.reading import Key, key_of, page_query
from shared.adapters.identity import azure_credential
from shared.adapters.lazy import Lazy
from shared.adapters.transport import azure_transport
from shared.errors import AppError, DependencyUnavailable, InvalidArgument, Throttled, TooLarge
from shared.settings import CosmosSettings

THROTTLE_RETRY_SECONDS = 10
"""How long the SDK itself waits out throttling (429) before the caller is told."""

LONGEST_PAGE = 1000
"""Documents in one answer to a query, as far as they fit into 4 MB."""


class UncertainWriteError(DependencyUnavailable):
    """The connection broke after a write was sent: it may have been committed or not."""


class Cosmos:
    """Gives out containers of one database; the client is made at first use."""

    def __init__(self, settings: CosmosSettings) -> None:
        self._settings = settings
        self._client = Lazy(self._connect)
        self._containers: dict[str, ContainerProxy] = {}

    async def container(self, name: str) -> ContainerProxy:
        """A container, which must exist."""
        existing = self._containers.get(name)
        if existing is not None:
            return existing
        client = await self._client.get()
        database = client.get_database_client(self._settings.database)
        self._containers[name] = database.get_container_client(name)
        return self._containers[name]

    async def find(
        self, container_name: str, document_id: str, partition_key: str
    ) -> dict[str, Any] | None:
        """A document, or None if there is none (one point read)."""
        container = await self.container(container_name)
        with cosmos_errors():
            try:
                return dict(await container.read_item(document_id, partition_key=partition_key))
            except CosmosResourceNotFoundError:
                return None

    async def read_many(
        self, container_name: str, keys: Sequence[Key], page: int = 100
    ) -> list[dict[str, Any]]:
        """Documents by (id, partition key), one request for each page, side by side.

        Missing documents are left out; the order is that of the keys.
        """
        wanted = list(dict.fromkeys(keys))
        pages = await asyncio.gather(
            *(
                self._read_page(container_name, wanted[start : start + page])
                for start in range(0, len(wanted), page)
            )
        )
        found = {key: document for documents in pages for key, document in documents.items()}
        return [found[key] for key in wanted if key in found]

    async def _read_page(
        self, container_name: str, keys: Sequence[Key]
    ) -> dict[Key, dict[str, Any]]:
        """Documents by (id, partition key), in one request; what the SDK's `read_items` does.

        That hashes each partition key in Python, which took a third of the time of a list.
        """
        if len(keys) == 1:
            document = await self.find(container_name, *keys[0])
            return {} if document is None else {keys[0]: document}
        container = await self.container(container_name)
        query = page_query(container_name, keys)
        options: dict[str, Any] = {}
        if query.partition_key is not None:
            options["partition_key"] = query.partition_key
        with cosmos_errors():
            results = container.query_items(
                query.text, parameters=query.parameters, max_item_count=LONGEST_PAGE, **options
            )
            return {key_of(container_name, found): found async for found in results}

    async def query_partition(
        self, container_name: str, partition_key: str, query: str, **parameters: Any
    ) -> list[dict[str, Any]]:
        """All results of a query within one partition; `parameters` are named without `@`."""
        results = self.iterate_partition(container_name, partition_key, query, **parameters)
        return [document async for document in results]

    async def iterate_partition(
        self, container_name: str, partition_key: str, query: str, **parameters: Any
    ) -> AsyncIterator[dict[str, Any]]:
        """The same one by one: pages are read as far as they are asked for."""
        container = await self.container(container_name)
        with cosmos_errors():
            results = container.query_items(
                query,
                parameters=[
                    {"name": f"@{name}", "value": value} for name, value in parameters.items()
                ],
                partition_key=partition_key,
                max_item_count=LONGEST_PAGE,
            )
            async for document in results:
                yield document

    async def close(self) -> None:
        """Close the client's connections."""
        if self._client.existing is not None:
            await self._client.existing.close()

    async def _connect(self) -> CosmosClient:
        client = CosmosClient(
            self._settings.endpoint,
            credential=self._settings.key or azure_credential(),
            retry_throttle_backoff_max=THROTTLE_RETRY_SECONDS,
            transport=azure_transport(),
            raw_response_hook=_note_charge,
            # Escaped, the same text may be three times as long: limits count what is sent.
            enable_compact_utf8_item_writes=True,
        )
        with cosmos_errors():
            return await client.__aenter__()


def _note_charge(response: PipelineResponse[Any, Any]) -> None:
    """Count what a request was charged, throttled attempts included, for the invocation."""
    charge = response.http_response.headers.get("x-ms-request-charge")
    if charge:
        invocation.current().request_charge += float(charge)


@contextmanager
def cosmos_errors() -> Iterator[None]:
    """Turn the SDK's errors into ours, those of an operation in a batch as well.

    404, 409 and 412 are caught inside where they mean something to a repository.
    """
    try:
        yield
    except (CosmosHttpResponseError, CosmosBatchOperationError) as error:
        raise _translate(error) from error
    except (TimeoutError, ServiceResponseError, CosmosClientTimeoutError) as error:
        raise UncertainWriteError from error
    except AzureError as error:
        raise DependencyUnavailable from error


def _translate(error: CosmosHttpResponseError | CosmosBatchOperationError) -> AppError:
    match error.status_code:
        case 400:
            return InvalidArgument("The request holds a value that can't be stored")
        case 413:
            return TooLarge("The request holds more than a transaction can store (2 MB)")
        case 429:
            return Throttled(retry_after=_retry_after(error))
        case 408 | 449:
            return UncertainWriteError()
        case _:
            return DependencyUnavailable()


def _retry_after(error: CosmosHttpResponseError | CosmosBatchOperationError) -> float:
    milliseconds = (error.headers or {}).get("x-ms-retry-after-ms", "1000")
    return max(1.0, float(milliseconds) / 1000)

"""Registrations of assistant services: a table, because heartbeats are cheapest there."""

import asyncio
import base64
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from azure.core import MatchConditions
from azure.core.exceptions import (
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)
from cachetools import LRUCache

from shared import resources
from shared.adapters.identity import azure_credential
from shared.adapters.lazy import Lazy
from shared.adapters.storage_errors import storage_errors
from shared.adapters.transport import azure_transport
from shared.domain.registrations import Registration
from shared.errors import Conflict, NotFound
from shared.settings import StorageSettings

if TYPE_CHECKING:
    from azure.data.tables.aio import TableClient

PARTITION = "registration"
SHARED_READ_SECONDS = 2.0
"""How old a registration may be where it only says whether an assistant is online."""

REMEMBERED = 10_000


class RegistrationRepository:
    """Reads and writes registrations; changes are conditional on what was read."""

    def __init__(self, settings: StorageSettings) -> None:
        self._settings = settings
        self._table = Lazy(self._connect)
        self._recent: LRUCache[str, tuple[float, asyncio.Task[Registration | None]]] = LRUCache(
            REMEMBERED
        )

    async def get(self, assistant_service_id: str) -> Registration:
        """One registration as it is now; raises NotFound."""
        table = await self._table.get()
        with storage_errors():
            try:
                entity = await table.get_entity(PARTITION, row_key(assistant_service_id))
            except ResourceNotFoundError as error:
                raise NotFound from error
        return _registration(entity)

    async def list_all(self) -> list[Registration]:
        """All registrations, in the order of their creation."""
        table = await self._table.get()
        with storage_errors():
            entities = table.query_entities(f"PartitionKey eq '{PARTITION}'")
            found = [_registration(entity) async for entity in entities]
        return sorted(found, key=_created)

    async def list_expired(self, now: datetime) -> list[Registration]:
        """Registrations that people believe online though they expired."""
        table = await self._table.get()
        with storage_errors():
            entities = table.query_entities(
                "PartitionKey eq @partition and announced_online eq true and expires lt @now",
                parameters={"partition": PARTITION, "now": now},
            )
            return [_registration(entity) async for entity in entities]

    async def create(self, registration: Registration) -> None:
        """Store a new registration; raises Conflict if the id is taken."""
        table = await self._table.get()
        with storage_errors():
            try:
                await table.create_entity(_entity(registration))
            except ResourceExistsError as error:
                raise Conflict from error
        self._recent.pop(registration.assistant_service_id, None)

    async def replace(self, registration: Registration) -> None:
        """Store a changed registration; raises Conflict if it was changed meanwhile."""
        table = await self._table.get()
        with storage_errors():
            try:
                await table.update_entity(
                    _entity(registration),
                    mode="replace",
                    etag=registration.etag,
                    match_condition=MatchConditions.IfNotModified,
                )
            except ResourceModifiedError as error:
                raise Conflict("the registration was changed by another request") from error
            except ResourceNotFoundError as error:
                raise NotFound from error
        self._recent.pop(registration.assistant_service_id, None)

    async def delete(self, assistant_service_id: str) -> None:
        """Remove a registration."""
        table = await self._table.get()
        with storage_errors():
            await table.delete_entity(PARTITION, row_key(assistant_service_id))
        self._recent.pop(assistant_service_id, None)

    async def online(self, service_ids: Iterable[str], now: datetime) -> dict[str, bool]:
        """Whether each service is online; reads are shared for a short time."""
        ids = list(service_ids)
        found = await asyncio.gather(*(self.find_recent(service_id) for service_id in ids))
        return {
            service_id: registration is not None and registration.online(now)
            for service_id, registration in zip(ids, found, strict=True)
        }

    async def close(self) -> None:
        """Close the client's connections."""
        if self._table.existing is not None:
            await self._table.existing.close()

    async def find_recent(self, service_id: str) -> Registration | None:
        """A registration that is at most two seconds old, or None; the read is shared."""
        read_at, task = self._recent.get(service_id, (0.0, None))
        if task is None or time.monotonic() - read_at > SHARED_READ_SECONDS:
            task = asyncio.ensure_future(self._find(service_id))
            self._recent[service_id] = (time.monotonic(), task)
        try:
            return await asyncio.shield(task)
        except Exception:
            self._recent.pop(service_id, None)
            raise

    async def _find(self, service_id: str) -> Registration | None:
        try:
            return await self.get(service_id)
        except NotFound:
            return None

    async def _connect(self) -> "TableClient":
        from azure.data.tables.aio import TableClient

        settings, name = self._settings, resources.REGISTRATIONS_TABLE
        if settings.connection_string:
            return TableClient.from_connection_string(
                settings.connection_string, name, transport=azure_transport()
            )
        return TableClient(
            str(settings.table_service_uri),
            name,
            credential=azure_credential(),
            transport=azure_transport(),
        )


def row_key(assistant_service_id: str) -> str:
    """A row key for any service id: keys may not hold `/ \\ # ?`."""
    return base64.urlsafe_b64encode(assistant_service_id.encode()).decode()


def _created(registration: Registration) -> datetime:
    return registration.created


def _entity(registration: Registration) -> dict[str, Any]:
    fields = registration.model_dump(exclude={"etag"}, exclude_none=True)
    return {
        "PartitionKey": PARTITION,
        "RowKey": row_key(registration.assistant_service_id),
        **fields,
    }


def _registration(entity: Any) -> Registration:
    fields = {name: _plain(value) for name, value in entity.items()}
    return Registration.model_validate({**fields, "etag": entity.metadata["etag"]})


def _plain(value: Any) -> Any:
    """Table datetimes are a class of their own, in UTC."""
    if isinstance(value, datetime):
        return datetime.fromtimestamp(value.timestamp(), UTC)
    return value

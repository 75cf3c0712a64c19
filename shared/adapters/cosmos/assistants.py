"""Assistants: the `assistants` container."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any
from uuid import UUID

from azure.core import MatchConditions
from azure.cosmos.exceptions import (
    CosmosAccessConditionFailedError,
    CosmosResourceExistsError,
    CosmosResourceNotFoundError,
)
from pydantic import Field

from shared import resources
from shared.adapters.cosmos.client import Cosmos, cosmos_errors
from shared.adapters.cosmos.documents import without_system_fields
from shared.domain.conversation import Entity
from shared.errors import Conflict, NotFound


class AssistantRecord(Entity):
    """An assistant as stored.

    `prefers_web_pubsub`: its events go to its own Web PubSub stream while it is connected.
    `name_version` counts the changes of name and image.
    """

    assistant_id: UUID
    owner_id: str
    name: str
    image: str | None = None
    name_version: int = 0
    metadata: dict[str, Any] = Field(default_factory=dict)
    assistant_service_id: str
    template_id: str
    created: datetime
    prefers_web_pubsub: bool = False


class AssistantRepository:
    """Reads and writes assistants; changes are conditional on what was read."""

    def __init__(self, cosmos: Cosmos) -> None:
        self._cosmos = cosmos

    async def get(self, assistant_id: UUID) -> tuple[AssistantRecord, str]:
        """An assistant and its ETag (one point read); raises NotFound."""
        key = str(assistant_id)
        document = await self._cosmos.find(resources.ASSISTANTS, key, key)
        if document is None:
            raise NotFound
        return AssistantRecord.model_validate(without_system_fields(document)), document["_etag"]

    async def get_many(self, assistant_ids: Sequence[UUID]) -> list[AssistantRecord]:
        """The assistants that exist."""
        keys = [str(assistant_id) for assistant_id in assistant_ids]
        documents = await self._cosmos.read_many(resources.ASSISTANTS, [(key, key) for key in keys])
        return [AssistantRecord.model_validate(without_system_fields(found)) for found in documents]

    async def create(self, record: AssistantRecord) -> None:
        """Store a new assistant; one of that id stays as it is.

        It is this one, whose first writing was not confirmed, or the same default assistant.
        """
        container = await self._cosmos.container(resources.ASSISTANTS)
        with cosmos_errors(), suppress(CosmosResourceExistsError):
            await container.create_item(_document(record))

    async def replace(self, record: AssistantRecord, etag: str) -> None:
        """Store a changed assistant; raises Conflict if somebody else changed it meanwhile."""
        container = await self._cosmos.container(resources.ASSISTANTS)
        with cosmos_errors():
            try:
                await container.replace_item(
                    str(record.assistant_id),
                    _document(record),
                    etag=etag,
                    match_condition=MatchConditions.IfNotModified,
                )
            except CosmosAccessConditionFailedError as error:
                raise Conflict("the assistant was changed by another request") from error
            except CosmosResourceNotFoundError as error:
                raise NotFound from error

    async def prefer_web_pubsub(self, assistant_id: UUID) -> None:
        """Have an assistant's events go to its own stream; raises NotFound."""
        container = await self._cosmos.container(resources.ASSISTANTS)
        key, preference = str(assistant_id), {"op": "set", "path": "/prefers_web_pubsub"}
        with cosmos_errors():
            try:
                await container.patch_item(key, key, [preference | {"value": True}])
            except CosmosResourceNotFoundError as error:
                raise NotFound from error

    async def delete(self, assistant_id: UUID) -> None:
        """Remove an assistant; removing one that isn't there changes nothing."""
        container = await self._cosmos.container(resources.ASSISTANTS)
        with cosmos_errors():
            try:
                await container.delete_item(str(assistant_id), partition_key=str(assistant_id))
            except CosmosResourceNotFoundError:
                return


def _document(record: AssistantRecord) -> dict[str, object]:
    return {"id": str(record.assistant_id), **record.model_dump(mode="json")}

"""What becomes visible together, all or none, though no transaction spans its partitions.

| id                   | partition       | what                                                |
| -------------------- | --------------- | --------------------------------------------------- |
| `unborn`             | a conversation  | its aggregate, until it becomes visible             |
| `unborn-{assistant}` | the publication | an assistant, until it becomes visible              |
| `publication`        | the publication | decides that all becomes visible, whatever comes up |

Nobody sees any of them. Conversations are stored with everything else of them, and assistants
beside; see BulkWriter.
"""

from contextlib import suppress
from typing import Any
from uuid import UUID

from azure.cosmos.exceptions import (
    CosmosBatchOperationError,
    CosmosResourceExistsError,
    CosmosResourceNotFoundError,
)

from shared import resources
from shared.adapters.cosmos.assistants import AssistantRecord
from shared.adapters.cosmos.client import Cosmos, cosmos_errors
from shared.adapters.cosmos.documents import Document, aggregate_document, without_system_fields
from shared.domain.conversation import Conversation, Entity

UNBORN_ID = "unborn"
PUBLICATION_ID = "publication"
TTL_SECONDS = 7 * 24 * 3600
"""Much longer than it takes until somebody has looked whether anything is left to do."""


class Publication(Entity):
    """Conversations, and assistants that are stored under the same id, to become visible."""

    publication_id: UUID
    conversation_ids: list[UUID]


def unborn_conversation(conversation: Conversation) -> Document:
    """A conversation that lacks nothing but to be seen."""
    return {
        "id": UNBORN_ID,
        "type": "unborn",
        "conversation_id": str(conversation.conversation_id),
        "aggregate": aggregate_document(conversation),
    }


def unborn_assistant(publication_id: UUID, record: AssistantRecord) -> Document:
    """An assistant that lacks nothing but to be seen."""
    return {
        "id": _assistant_key(record.assistant_id),
        "type": "unborn",
        "conversation_id": str(publication_id),
        "assistant": record.model_dump(mode="json"),
        "ttl": TTL_SECONDS,
    }


class PublicationRepository:
    """Decides what becomes visible, and makes conversations visible exactly once."""

    def __init__(self, cosmos: Cosmos) -> None:
        self._cosmos = cosmos

    async def decide(self, publication: Publication) -> None:
        """From now on everything becomes visible; deciding again changes nothing."""
        container = await self._cosmos.container(resources.CONVERSATIONS)
        document: dict[str, Any] = {
            "id": PUBLICATION_ID,
            "type": "publication",
            "conversation_id": str(publication.publication_id),
            "conversation_ids": [str(found) for found in publication.conversation_ids],
            "ttl": TTL_SECONDS,
        }
        with cosmos_errors(), suppress(CosmosResourceExistsError):
            await container.create_item(document)

    async def find(self, publication_id: UUID) -> Publication | None:
        """What was decided and isn't done with, or None."""
        partition = str(publication_id)
        found = await self._cosmos.find(resources.CONVERSATIONS, PUBLICATION_ID, partition)
        if found is None:
            return None
        ids = [UUID(wanted) for wanted in found["conversation_ids"]]
        return Publication(publication_id=publication_id, conversation_ids=ids)

    async def close(self, publication_id: UUID) -> None:
        """It is done with, or was never decided."""
        await self._delete(publication_id, PUBLICATION_ID)

    async def bear(self, conversation_id: UUID) -> None:
        """Make a conversation visible: once, however often and late this is tried."""
        partition = str(conversation_id)
        unborn = await self._cosmos.find(resources.CONVERSATIONS, UNBORN_ID, partition)
        if unborn is None:
            return
        container = await self._cosmos.container(resources.CONVERSATIONS)
        with cosmos_errors():
            try:
                await container.execute_item_batch(
                    [("delete", (UNBORN_ID,)), ("create", (unborn["aggregate"],))],
                    partition_key=partition,
                )
            except CosmosBatchOperationError as error:
                if error.status_code != 404:
                    raise

    async def assistants(self, publication_id: UUID) -> list[AssistantRecord]:
        """The assistants that are still to become visible."""
        found = await self._cosmos.query_partition(
            resources.CONVERSATIONS,
            str(publication_id),
            "SELECT * FROM c WHERE c.type = 'unborn'",
        )
        return [
            AssistantRecord.model_validate(without_system_fields(document["assistant"]))
            for document in found
        ]

    async def shown(self, publication_id: UUID, assistant_id: UUID) -> None:
        """An assistant is visible by now."""
        await self._delete(publication_id, _assistant_key(assistant_id))

    async def _delete(self, publication_id: UUID, document_id: str) -> None:
        container = await self._cosmos.container(resources.CONVERSATIONS)
        with cosmos_errors(), suppress(CosmosResourceNotFoundError):
            await container.delete_item(document_id, partition_key=str(publication_id))


def _assistant_key(assistant_id: UUID) -> str:
    return f"{UNBORN_ID}-{assistant_id}"

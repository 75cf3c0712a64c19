"""A conversation's partition as a whole: what is in it, removed piece by piece."""

from uuid import UUID

from azure.cosmos.exceptions import CosmosBatchOperationError

from shared import resources
from shared.adapters.cosmos.client import Cosmos, cosmos_errors
from shared.adapters.cosmos.documents import aggregate_id_of
from shared.errors import DependencyUnavailable

BATCH = 100


class ConversationPartitions:
    """Maintenance of whole partitions of the `conversations` container."""

    def __init__(self, cosmos: Cosmos) -> None:
        self._cosmos = cosmos

    async def has_cursors(self, conversation_id: UUID) -> bool:
        """Whether any assistant still gets events."""
        found = await self._cosmos.query_partition(
            resources.CONVERSATIONS,
            str(conversation_id),
            "SELECT TOP 1 c.id FROM c WHERE c.type = 'cursor'",
        )
        return bool(found)

    async def delete_chunk(self, conversation_id: UUID, limit: int) -> bool:
        """Remove up to `limit` documents, the aggregate never; whether none is left."""
        found = await self._cosmos.query_partition(
            resources.CONVERSATIONS,
            str(conversation_id),
            f"SELECT TOP {limit} c.id FROM c WHERE c.type != 'conversation'",  # noqa: S608
        )
        aggregate_id = aggregate_id_of(conversation_id)
        ids = [document["id"] for document in found if document["id"] != aggregate_id]
        for start in range(0, len(ids), BATCH):
            await self._delete(conversation_id, ids[start : start + BATCH])
        return len(ids) < limit

    async def _delete(self, conversation_id: UUID, ids: list[str]) -> None:
        container = await self._cosmos.container(resources.CONVERSATIONS)
        with cosmos_errors():
            try:
                await container.execute_item_batch(
                    [("delete", (document_id,)) for document_id in ids],
                    partition_key=str(conversation_id),
                )
            except CosmosBatchOperationError as error:
                # Somebody else removed one of them, or it expired: the next look finds the rest.
                raise DependencyUnavailable from error

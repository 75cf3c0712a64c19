"""What has not reached its assistant: counted over all partitions, and single dead letters."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from azure.cosmos.exceptions import CosmosResourceNotFoundError

from shared import resources
from shared.adapters.cosmos.client import Cosmos, cosmos_errors
from shared.adapters.cosmos.cursors import dead_letter_id


@dataclass(frozen=True)
class Backlog:
    """How many deliveries wait since before the time asked for, the longest, and dead letters."""

    overdue: int
    oldest: datetime | None
    dead_letters: int


class BacklogRepository:
    """Looks for what waits; each query is answered from the index alone."""

    def __init__(self, cosmos: Cosmos) -> None:
        self._cosmos = cosmos

    async def measure(self, before: datetime) -> Backlog:
        """The backlog of deliveries that wait for longer than since `before` (three queries)."""
        parameters = {"before": before.isoformat()}
        overdue = await self._value(
            "SELECT VALUE COUNT(1) FROM c WHERE c.type = 'cursor' AND c.waiting_since < @before",
            parameters,
        )
        oldest = await self._value(
            "SELECT VALUE MIN(c.waiting_since) FROM c"
            " WHERE c.type = 'cursor' AND c.waiting_since < @before",
            parameters,
        )
        letters = await self._value("SELECT VALUE COUNT(1) FROM c WHERE c.type = 'dead-letter'", {})
        return Backlog(
            overdue=overdue or 0,
            oldest=datetime.fromisoformat(oldest) if overdue else None,
            dead_letters=letters or 0,
        )

    async def has_letter(self, conversation_id: UUID, assistant_id: UUID, sequence: int) -> bool:
        """Whether the dead letter about an event is kept (one point read)."""
        letter_id = dead_letter_id(assistant_id, sequence)
        found = await self._cosmos.find(resources.CONVERSATIONS, letter_id, str(conversation_id))
        return found is not None

    async def remove_letter(self, conversation_id: UUID, assistant_id: UUID, sequence: int) -> None:
        """Remove a dead letter; one that is gone is fine."""
        container = await self._cosmos.container(resources.CONVERSATIONS)
        with cosmos_errors(), suppress(CosmosResourceNotFoundError):
            await container.delete_item(
                dead_letter_id(assistant_id, sequence), partition_key=str(conversation_id)
            )

    async def _value(self, query: str, parameters: dict[str, str]) -> Any:
        """The only value of a query over all partitions."""
        container = await self._cosmos.container(resources.CONVERSATIONS)
        named: list[dict[str, object]] = [
            {"name": f"@{name}", "value": value} for name, value in parameters.items()
        ]
        with cosmos_errors():
            found = [value async for value in container.query_items(query, parameters=named)]
        return found[0] if found else None

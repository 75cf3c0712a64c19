"""The adjacency list: who has which conversations, assistants, shares and redemptions.

A link is written before the thing that it points to becomes visible, and says only where to
look: what it points to decides. So a crash can leave a link too many, never one too few.
"""

from enum import StrEnum
from uuid import UUID

from azure.cosmos.exceptions import CosmosResourceNotFoundError

from shared import resources
from shared.adapters.cosmos.client import Cosmos, cosmos_errors
from shared.contracts.participants import ParticipantRole
from shared.domain.conversation import Participant


class Link(StrEnum):
    """What a link points to."""

    CONVERSATION = "conversation"
    ASSISTANT = "assistant"
    SHARE = "share"
    REDEMPTION = "redemption"


def of_user(user_id: str) -> str:
    """The source of a person's links."""
    return f"user:{user_id}"


def of_assistant(assistant_id: UUID | str) -> str:
    """The source of an assistant's links."""
    return f"assistant:{assistant_id}"


def of_participant(participant: Participant) -> str:
    """The source of the links of whoever takes part in a conversation."""
    if participant.role is ParticipantRole.ASSISTANT:
        return of_assistant(participant.id)
    return of_user(participant.id)


def of_service(assistant_service_id: str) -> str:
    """The source of an assistant service's links."""
    return f"service:{assistant_service_id}"


def of_conversation(conversation_id: UUID | str) -> str:
    """The source of a conversation's links."""
    return f"conversation:{conversation_id}"


class LinkRepository:
    """The `links` container: documents `{source, type, target}`, one partition for each source.

    `within` is the partition of a target whose id alone doesn't say where it is.
    """

    def __init__(self, cosmos: Cosmos) -> None:
        self._cosmos = cosmos

    async def add(self, source: str, kind: Link, target: UUID, within: UUID | None = None) -> None:
        """Add a link; adding it again changes nothing."""
        container = await self._cosmos.container(resources.LINKS)
        document = {
            "id": f"{kind}:{target}",
            "source": source,
            "type": kind.value,
            "target": str(target),
        }
        if within is not None:
            document["within"] = str(within)
        with cosmos_errors():
            await container.upsert_item(document)

    async def remove(self, source: str, kind: Link, target: UUID) -> None:
        """Remove a link; removing one that isn't there changes nothing."""
        container = await self._cosmos.container(resources.LINKS)
        with cosmos_errors():
            try:
                await container.delete_item(f"{kind}:{target}", partition_key=source)
            except CosmosResourceNotFoundError:
                return

    async def targets(self, source: str, kind: Link) -> list[UUID]:
        """Where the links of one kind point (one request for each page of the database's)."""
        targets = await self._cosmos.query_partition(
            resources.LINKS,
            source,
            "SELECT VALUE c.target FROM c WHERE c.type = @kind",
            kind=kind.value,
        )
        return [UUID(str(target)) for target in targets]

    async def places(self, source: str, kind: Link) -> list[tuple[UUID, UUID]]:
        """Like `targets`, for links with `within`: where the target is, and the target."""
        found = await self._cosmos.query_partition(
            resources.LINKS,
            source,
            "SELECT c.within, c.target FROM c WHERE c.type = @kind",
            kind=kind.value,
        )
        return [(UUID(place["within"]), UUID(place["target"])) for place in found]

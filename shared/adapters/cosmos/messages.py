"""Messages, their debug data, and the events of a conversation."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from shared import resources
from shared.adapters.cosmos.client import Cosmos
from shared.adapters.cosmos.conversations import ConversationRepository, Loaded
from shared.adapters.cosmos.documents import (
    aggregate_id_of,
    announcement_of,
    debug_id_of,
    message_id_of,
    without_system_fields,
)
from shared.contracts.messages import MessageFilter, MessageType
from shared.domain.changes import Event
from shared.domain.conversation import Message
from shared.errors import NotFound


@dataclass(frozen=True)
class Boundaries:
    """The aggregate, and the sequence numbers of the messages that bound a page."""

    loaded: Loaded
    before: int | None
    after: int | None


class MessageRepository:
    """What is stored beside the aggregate in a conversation's partition."""

    def __init__(self, cosmos: Cosmos, conversations: ConversationRepository) -> None:
        self._cosmos = cosmos
        self._conversations = conversations

    async def get(self, conversation_id: UUID, message_id: UUID) -> Message:
        """One message (one point read); raises NotFound."""
        document = await self._read(conversation_id, message_id_of(message_id))
        return Message.model_validate(without_system_fields(document))

    async def find(self, conversation_id: UUID, message_id: UUID) -> Message | None:
        """One message, or None if there is none (one point read)."""
        try:
            return await self.get(conversation_id, message_id)
        except NotFound:
            return None

    async def get_debug(self, conversation_id: UUID, message_id: UUID) -> dict[str, Any]:
        """The debug data of one message (one point read); raises NotFound."""
        return (await self._read(conversation_id, debug_id_of(message_id)))["data"]

    async def boundaries(self, conversation_id: UUID, wanted: MessageFilter) -> Boundaries:
        """The aggregate with the boundary messages that exist (one request); raises NotFound."""
        if wanted.before is None and wanted.after is None:
            return Boundaries(await self._conversations.load(conversation_id), None, None)
        aggregate_id = aggregate_id_of(conversation_id)
        ids = {
            name: message_id_of(message_id)
            for name, message_id in (("before", wanted.before), ("after", wanted.after))
            if message_id is not None
        }
        documents = await self._cosmos.query_partition(
            resources.CONVERSATIONS,
            str(conversation_id),
            "SELECT * FROM c WHERE c.id IN (@aggregate, @before, @after)",
            aggregate=aggregate_id,
            before=ids.get("before"),
            after=ids.get("after"),
        )
        found = {document["id"]: document for document in documents}
        if aggregate_id not in found:
            raise NotFound
        sequences = {
            name: found[document_id]["sequence"]
            for name, document_id in ids.items()
            if document_id in found
        }
        loaded = self._conversations.keep(found[aggregate_id])
        return Boundaries(loaded, sequences.get("before"), sequences.get("after"))

    async def page(
        self, conversation_id: UUID, wanted: MessageFilter, before: int | None, after: int | None
    ) -> list[Message]:
        """The newest messages that match, oldest first (one request while they fit one page)."""
        if wanted.limit == 0:
            return []
        conditions, parameters = _conditions(wanted, before, after)
        documents = await self._cosmos.query_partition(
            resources.CONVERSATIONS,
            str(conversation_id),
            f"SELECT TOP {wanted.limit} * FROM c WHERE {' AND '.join(conditions)}"  # noqa: S608
            " ORDER BY c.type DESC, c.sequence DESC",
            **parameters,
        )
        documents.reverse()
        return [Message.model_validate(without_system_fields(found)) for found in documents]

    async def newest_below(
        self, conversation_id: UUID, kind: MessageType, sequence: int
    ) -> Message | None:
        """The newest message of a type before the given sequence number."""
        wanted = MessageFilter(message_type=[kind], limit=1)
        found = await self.page(conversation_id, wanted, before=sequence, after=None)
        return found[0] if found else None

    async def announcements(
        self, conversation_id: UUID, after: int, limit: int
    ) -> list[Message | Event]:
        """What was announced after a sequence number, oldest first."""
        documents = await self._cosmos.query_partition(
            resources.CONVERSATIONS,
            str(conversation_id),
            f"SELECT TOP {limit} * FROM c WHERE c.sequence > @after ORDER BY c.sequence",  # noqa: S608
            after=after,
        )
        return [announcement_of(document) for document in documents]

    async def announced(self, conversation_id: UUID, event_id: str, sequence: int) -> bool:
        """Whether an event was committed under this sequence number."""
        found = await self.announcements(conversation_id, sequence - 1, 1)
        return bool(found) and found[0].event_id == event_id

    async def _read(self, conversation_id: UUID, document_id: str) -> dict[str, Any]:
        document = await self._cosmos.find(
            resources.CONVERSATIONS, document_id, str(conversation_id)
        )
        if document is None:
            raise NotFound
        return document


def _conditions(
    wanted: MessageFilter, before: int | None, after: int | None
) -> tuple[list[str], dict[str, Any]]:
    conditions, parameters = ["c.type = 'message'"], dict[str, Any]()
    lists = {
        "c.sender.participant_role": ("role", wanted.participant_role),
        "c.sender.participant_id": ("sender", wanted.participant_id),
        "c.message_type": ("kind", wanted.message_type),
    }
    for path, (name, values) in lists.items():
        if values is not None:
            conditions.append(f"ARRAY_CONTAINS(@{name}, {path})")
            parameters[name] = [str(value) for value in values]
    for operator, name, sequence in (("<", "before", before), (">", "after", after)):
        if sequence is not None:
            conditions.append(f"c.sequence {operator} @{name}")
            parameters[name] = sequence
    return conditions, parameters

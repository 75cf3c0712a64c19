"""Events of a conversation: replay, and real-time connections."""

from datetime import timedelta
from uuid import UUID

from shared import clock
from shared.adapters.cosmos.assistants import AssistantRepository
from shared.adapters.cosmos.conversations import ConversationRepository
from shared.adapters.cosmos.messages import MessageRepository
from shared.adapters.web_pubsub import WebPubSub
from shared.contracts.events import EventPage, EventsQuery, RealTimeConnection
from shared.domain.access import Access
from shared.domain.events import envelope
from shared.domain.principals import Actor, Assistant, User, participant_id
from shared.errors import NotFound
from shared.services.opening import open_for
from shared.services.publishing import assistant_group, conversation_group, user_group

SUBPROTOCOL = "json.reliable.webpubsub.azure.v1"


class Events:
    """Use cases of those who follow conversations."""

    def __init__(
        self,
        conversations: ConversationRepository,
        messages: MessageRepository,
        assistants: AssistantRepository,
        web_pubsub: WebPubSub,
        retention_seconds: int,
    ) -> None:
        self._conversations = conversations
        self._messages = messages
        self._assistants = assistants
        self._web_pubsub = web_pubsub
        self._retention = timedelta(seconds=retention_seconds)

    async def replay(self, actor: Actor, conversation_id: UUID, query: EventsQuery) -> EventPage:
        """Events after a sequence number, as far as they are kept."""
        conversation = await open_for(self._conversations, actor, conversation_id, Access.READ)
        found = await self._messages.announcements(conversation_id, query.after, query.limit)
        oldest = clock.now() - self._retention
        kept = [announcement for announcement in found if announcement.timestamp >= oldest]
        # The events were read after the conversation, so they may know of later ones.
        seen = [query.after, *(announcement.sequence for announcement in kept)]
        return EventPage.model_construct(
            events=[envelope(conversation_id, announcement) for announcement in kept],
            last_sequence=max(conversation.last_sequence, *seen),
            complete=_starts_at(kept[0].sequence if kept else None, query.after)
            or (not kept and conversation.last_sequence <= query.after),
        )

    async def connect_to_conversation(
        self, actor: Actor, conversation_id: UUID
    ) -> RealTimeConnection:
        """A connection that gets all events of one conversation."""
        conversation = await open_for(self._conversations, actor, conversation_id, Access.READ)
        return await self._connect(
            participant_id(actor), conversation_group(conversation_id), conversation.last_sequence
        )

    async def connect_user(self, user: User) -> RealTimeConnection:
        """A connection that gets what happens in all conversations of a person."""
        return await self._connect(user.user_id, user_group(user.user_id))

    async def connect_assistant(
        self, assistant: Assistant, assistant_id: UUID
    ) -> RealTimeConnection:
        """A connection that gets an assistant's events while it is open, instead of HTTP."""
        record, _ = await self._assistants.get(assistant_id)
        if Assistant(record.assistant_service_id, record.assistant_id) != assistant:
            raise NotFound
        if not record.prefers_web_pubsub:
            await self._assistants.prefer_web_pubsub(assistant_id)
        return await self._connect(str(assistant_id), assistant_group(assistant_id))

    async def _connect(
        self, user_id: str, group: str, last_sequence: int | None = None
    ) -> RealTimeConnection:
        access = await self._web_pubsub.client_access(user_id, group)
        return RealTimeConnection(
            url=access.url,
            protocol=SUBPROTOCOL,
            expires_at=access.expires_at,
            last_sequence=last_sequence,
        )


def _starts_at(first: int | None, after: int) -> bool:
    return first == after + 1

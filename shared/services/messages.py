"""Messages: post, list, read, delete."""

from dataclasses import dataclass
from uuid import UUID

from shared import clock, invocation
from shared.adapters.cosmos.conversations import ConversationRepository
from shared.adapters.cosmos.messages import MessageRepository
from shared.contracts.messages import (
    ConversationMessage,
    ConversationMessageDebug,
    ConversationMessageList,
    MessageFilter,
    NewConversationMessage,
)
from shared.domain.access import Access, require
from shared.domain.conversation import Conversation, Message
from shared.domain.messages import DeleteMessage, PostMessage, is_latest
from shared.domain.principals import Actor, User
from shared.services.changes import Changes
from shared.services.opening import open_for
from shared.services.titles import Titles


class Messages:
    """Use cases around messages."""

    def __init__(
        self,
        conversations: ConversationRepository,
        messages: MessageRepository,
        changes: Changes,
        titles: Titles,
    ) -> None:
        self._conversations = conversations
        self._messages = messages
        self._changes = changes
        self._titles = titles

    async def post(
        self, actor: Actor, conversation_id: UUID, new: NewConversationMessage
    ) -> ConversationMessage:
        """Add a message; raises Conflict if its id is taken in this conversation."""
        command = PostMessage(
            actor,
            new,
            message_id=new.id or clock.new_uuid(),
            event_id=clock.new_hex_id(),
            correlation_id=invocation.current().correlation_id,
        )
        posted = await self._changes.apply(conversation_id, command)
        if posted.titles_before is not None:
            self._titles.want(conversation_id, command.message_id, posted.titles_before)
        return posted.view

    async def list_messages(
        self, actor: Actor, conversation_id: UUID, wanted: MessageFilter
    ) -> ConversationMessageList:
        """The newest messages that match, oldest first (two requests to the database)."""
        bounds = await self._messages.boundaries(conversation_id, wanted)
        require(bounds.loaded.conversation, actor, Access.READ, clock.now())
        found = await self._messages.page(conversation_id, wanted, bounds.before, bounds.after)
        return ConversationMessageList.model_construct(
            messages=[message.view() for message in found]
        )

    async def get(
        self, actor: Actor, conversation_id: UUID, message_id: UUID
    ) -> ConversationMessage:
        """One message."""
        await self._require_read(actor, conversation_id)
        return (await self._messages.get(conversation_id, message_id)).view()

    async def get_debug(
        self, actor: Actor, conversation_id: UUID, message_id: UUID
    ) -> ConversationMessageDebug:
        """The debug data of one message; raises NotFound where it has none."""
        await self._require_read(actor, conversation_id)
        data = await self._messages.get_debug(conversation_id, message_id)
        return ConversationMessageDebug.model_construct(message_id=message_id, debug_data=data)

    async def delete(self, user: User, conversation_id: UUID, message_id: UUID) -> None:
        """Remove a message with its debug data."""
        preparation = _Deletion(user, message_id, self._messages)
        await self._changes.apply_prepared(conversation_id, preparation)

    async def _require_read(self, actor: Actor, conversation_id: UUID) -> None:
        await open_for(self._conversations, actor, conversation_id, Access.READ)


@dataclass(frozen=True)
class _Deletion:
    """Finds the message to delete, and what is left as the latest of its type."""

    user: User
    message_id: UUID
    messages: MessageRepository

    async def prepare(self, conversation: Conversation) -> DeleteMessage:
        require(conversation, self.user, Access.WRITE_OR_OWNED, clock.now())
        conversation_id = conversation.conversation_id
        message = await self.messages.get(conversation_id, self.message_id)
        next_latest: Message | None = None
        if is_latest(conversation, message):
            next_latest = await self.messages.newest_below(
                conversation_id, message.message_type, message.sequence
            )
        correlation_id = invocation.current().correlation_id
        return DeleteMessage(self.user, message, next_latest, correlation_id)

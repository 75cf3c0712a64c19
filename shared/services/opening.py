"""Reading a conversation for somebody who may see it, or may change it."""

from uuid import UUID

from shared import clock
from shared.adapters.cosmos.conversations import ConversationRepository
from shared.domain.access import Access, require
from shared.domain.conversation import Conversation
from shared.domain.principals import Actor


async def open_for(
    conversations: ConversationRepository, actor: Actor, conversation_id: UUID, access: Access
) -> Conversation:
    """The conversation as committed; raises NotFound for who lacks the access."""
    conversation = (await conversations.load(conversation_id)).conversation
    require(conversation, actor, access, clock.now())
    return conversation

"""Deleting a conversation: gone for everyone at once, purged afterwards."""

from dataclasses import dataclass
from datetime import datetime

from shared.contracts.events import ConversationEventType
from shared.contracts.participants import ConversationPermission
from shared.domain.changes import Change
from shared.domain.conversation import Conversation
from shared.domain.events import announce
from shared.domain.principals import Actor, Assistant
from shared.domain.views import conversation_view
from shared.errors import Forbidden, NotFound


@dataclass(frozen=True)
class DeleteConversation:
    """Delete a conversation, as its owner or as the assistant that created it."""

    actor: Actor
    correlation_id: str

    def apply(self, conversation: Conversation, now: datetime) -> Change[None]:
        """The last event of the conversation; whoever isn't in it is told nothing (404)."""
        if conversation.deleted is not None:
            raise NotFound
        _require_may_delete(conversation, self.actor)
        view = conversation_view(conversation, ConversationPermission.READ_WRITE)
        conversation.deleted = now
        event = announce(
            ConversationEventType.CONVERSATION_DELETED,
            {"conversation": view},
            self.correlation_id,
            now,
        )
        return Change(
            conversation,
            None,
            announcements=[event],
            left=conversation.active_user_ids(),
        )


def _require_may_delete(conversation: Conversation, actor: Actor) -> None:
    if isinstance(actor, Assistant):
        record = conversation.participants.get(str(actor.assistant_id))
        if record is None or record.assistant_service_id != actor.assistant_service_id:
            raise NotFound
        if conversation.created_by_assistant_id != actor.assistant_id:
            raise Forbidden
        return
    record = conversation.participants.get(actor.user_id)
    if record is None:
        raise NotFound
    if conversation.owner_id != actor.user_id:
        raise Forbidden if record.active else NotFound

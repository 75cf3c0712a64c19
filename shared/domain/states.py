"""Announcing that a state of an assistant changed or wants attention."""

from dataclasses import dataclass
from datetime import datetime

from shared.contracts.events import ConversationEventType
from shared.domain.access import Access, require
from shared.domain.changes import Change
from shared.domain.conversation import Conversation
from shared.domain.events import announce
from shared.domain.principals import Assistant

_EVENTS = {
    "created": ConversationEventType.ASSISTANT_STATE_CREATED,
    "updated": ConversationEventType.ASSISTANT_STATE_UPDATED,
    "deleted": ConversationEventType.ASSISTANT_STATE_DELETED,
    "focus": ConversationEventType.ASSISTANT_STATE_FOCUS,
}


@dataclass(frozen=True)
class AnnounceState:
    """An assistant says what happened to one of its states: `kind` is a key of the events."""

    assistant: Assistant
    state_id: str
    kind: str
    correlation_id: str

    def apply(self, conversation: Conversation, now: datetime) -> Change[None]:
        """The event; the state itself stays with the assistant's service."""
        require(conversation, self.assistant, Access.READ, now)
        data = {
            "assistant_id": str(self.assistant.assistant_id),
            "state_id": self.state_id,
            "conversation_id": str(conversation.conversation_id),
        }
        event = announce(_EVENTS[self.kind], data, self.correlation_id, now)
        return Change(conversation, None, announcements=[event])

"""Creating conversations and changing their title and metadata."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.contracts.conversations import DEFAULT_TITLE, NewConversation, UpdateConversation
from shared.contracts.conversations import Conversation as ConversationView
from shared.contracts.events import ConversationEventType
from shared.domain.access import Access, require
from shared.domain.changes import Change
from shared.domain.conversation import USER_SET_TITLE, Conversation
from shared.domain.events import announce
from shared.domain.merging import bounded
from shared.domain.principals import Actor
from shared.domain.views import conversation_view

MAX_METADATA = 256_000
"""How long a conversation's metadata may be, as JSON."""


def new_conversation(
    conversation_id: UUID, owner_id: str, new: NewConversation, now: datetime
) -> Conversation:
    """A conversation without participants; a title of the caller's own is marked as such.

    Raises TooLarge.
    """
    metadata = dict(bounded(new.metadata, MAX_METADATA))
    if new.title and new.title != DEFAULT_TITLE:
        metadata[USER_SET_TITLE] = True
    return Conversation(
        conversation_id=conversation_id,
        title=new.title or DEFAULT_TITLE,
        owner_id=owner_id,
        metadata=metadata,
        created=now,
    )


@dataclass(frozen=True)
class PatchConversation:
    """Change title and metadata, as far as they are present."""

    actor: Actor
    update: UpdateConversation
    correlation_id: str

    def apply(self, conversation: Conversation, now: datetime) -> Change[ConversationView]:
        """The conversation as the caller sees it, and always an event, as in the reference."""
        caller = require(conversation, self.actor, Access.WRITE_OR_OWNED, now)
        present = self.update.model_fields_set
        if "metadata" in present:
            merged = merge_metadata(conversation.metadata, self.update.metadata)
            conversation.metadata = bounded(merged, MAX_METADATA)
        if "title" in present and self.update.title != conversation.title:
            conversation.title = self.update.title
            conversation.metadata = {**conversation.metadata, USER_SET_TITLE: True}
        view = conversation_view(conversation, caller.permission)
        event = announce(
            ConversationEventType.CONVERSATION_UPDATED,
            {"conversation": view},
            self.correlation_id,
            now,
        )
        return Change(conversation, view, announcements=[event])


def merge_metadata(base: dict[str, Any], update: dict[str, Any]) -> dict[str, Any]:
    """Shallow merge; entries that begin with two underscores can be added but not changed."""
    system = {name: value for name, value in base.items() if name.startswith("__")}
    return {**base, **update, **system}

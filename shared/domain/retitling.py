"""Titles that a model proposes: when one is wanted, and what becomes of a proposal."""

from dataclasses import dataclass
from datetime import datetime

from shared.contracts.events import ConversationEventType
from shared.contracts.messages import MessageType
from shared.contracts.participants import ConversationPermission, ParticipantRole
from shared.domain.changes import Change
from shared.domain.conversation import USER_SET_TITLE, Conversation, Message
from shared.domain.events import announce
from shared.domain.views import conversation_view

AUTO_TITLE_COUNT = "__auto_title_count"
"""Metadata key: how many proposals were taken so far (the reference's name)."""

MAX_AUTO_TITLES = 3
MAX_TITLE_LENGTH = 120
"""A longer proposal is no title but an essay, and is not taken."""


@dataclass(frozen=True)
class Retitle:
    """Take a model's proposal, if nothing happened to the title since it was asked for.

    `titles_before` is how many there had been when the message was posted: of two proposals
    that were asked for at the same time one is taken, and a repeated one never.
    """

    proposal: str
    titles_before: int
    correlation_id: str

    def apply(self, conversation: Conversation, now: datetime) -> Change[None]:
        """The new title, or the old one where the proposal is blank; both count."""
        if titles_so_far(conversation) != self.titles_before:
            return Change(conversation, None, nothing_to_do=True)
        conversation.title = self.proposal or conversation.title
        count = {AUTO_TITLE_COUNT: self.titles_before + 1}
        conversation.metadata = {**conversation.metadata, **count}
        view = conversation_view(conversation, ConversationPermission.READ_WRITE)
        event = announce(
            ConversationEventType.CONVERSATION_UPDATED,
            {"conversation": view},
            self.correlation_id,
            now,
        )
        return Change(conversation, None, announcements=[event])


def prompts_title(message: Message) -> bool:
    """Whether a message is one after which a title may be proposed."""
    by_person = message.sender.participant_role is ParticipantRole.USER
    return by_person and message.message_type is MessageType.CHAT


def titles_so_far(conversation: Conversation) -> int | None:
    """How many titles were proposed; None where no model may change the title (any more)."""
    if conversation.deleted is not None or conversation.metadata.get(USER_SET_TITLE):
        return None
    count = conversation.metadata.get(AUTO_TITLE_COUNT, 0)
    return count if isinstance(count, int) and count < MAX_AUTO_TITLES else None


def tidy(proposal: str) -> str | None:
    """A proposal on one line, empty to keep the title; None if it can't be a title."""
    title = " ".join(proposal.split())
    return title if len(title) <= MAX_TITLE_LENGTH and title.isprintable() else None

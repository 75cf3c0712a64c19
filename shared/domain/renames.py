"""New names and images of people and assistants, in the conversations that show them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from shared.contracts.events import ConversationEventType
from shared.domain.changes import Change
from shared.domain.conversation import Conversation, Participant
from shared.domain.events import participant_event


class Named(Protocol):
    """What has a name and an image; `name_version` counts how often they changed."""

    name: str
    image: str | None
    name_version: int


def is_renamed(before: Named, after: Named) -> bool:
    """Whether conversations have something new to show."""
    return (before.name, before.image) != (after.name, after.image)


@dataclass(frozen=True)
class RenameParticipant:
    """Show a participant's newest name and image; an older version never replaces a newer."""

    participant_id: str
    name: str
    image: str | None
    name_version: int
    correlation_id: str

    def concerns(self, conversation: Conversation) -> bool:
        """Whether there is anything to change."""
        return self._outdated(conversation) is not None

    def apply(self, conversation: Conversation, now: datetime) -> Change[None]:
        """The renamed participant, and an event if it shows; nothing on a repeat.

        The version counts even where the name is shown already: a walk with a version between
        may still be under way.
        """
        record = self._outdated(conversation)
        if record is None:
            return Change(conversation, None, nothing_to_do=True)
        shows = record.listed and (record.name, record.image) != (self.name, self.image)
        record.name = self.name
        record.image = self.image
        record.name_version = self.name_version
        change: Change[None] = Change(conversation, None)
        if shows:
            event = participant_event(
                ConversationEventType.PARTICIPANT_UPDATED,
                conversation,
                record,
                self.correlation_id,
                now,
            )
            change.announcements.append(event)
        return change

    def _outdated(self, conversation: Conversation) -> Participant | None:
        record = conversation.participants.get(self.participant_id)
        if record is None or conversation.deleted is not None:
            return None
        return record if record.name_version < self.name_version else None

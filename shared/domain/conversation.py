"""The conversation aggregate: one document that answers who is here and who may what."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.messages import ConversationMessage, MessageSender, MessageType
from shared.contracts.participants import ConversationPermission, ParticipantRole

INLINE_LENGTH = 4096
"""A latest message up to this Message.size is kept in the aggregate; of a larger one its place."""

DEPARTED_TIME = timedelta(days=1)
"""How long it is remembered who left: much longer than a negotiated address works."""

USER_SET_TITLE = "__user_set_title"
"""Metadata key: a person chose the title, so that no model changes it (the reference's name)."""


class Entity(BaseModel):
    """Base of stored things; unknown fields of a newer version survive a rewrite."""

    # Validators are built at first use: cold start counts.
    model_config = ConfigDict(extra="allow", defer_build=True)


class Admission(Entity):
    """What a redeemed share gave: committed with it, so that the redemption is never lost."""

    redemption_id: UUID
    share_id: UUID
    permission: ConversationPermission
    new_participant: bool
    created: datetime


class Participant(Entity):
    """A participant as stored; people and assistants side by side.

    `joining_until`: until then the assistant may act though it isn't a participant yet, because
    services talk back while they are being told of a conversation.
    `announced_online`: what people were last told about the assistant's service.
    `name_version`: which version of the person's or assistant's name and image is shown.
    `admission`: the redeemed share that last let the person in or do more.
    """

    id: str
    role: ParticipantRole
    name: str
    image: str | None = None
    name_version: int = 0
    status: str | None = None
    status_updated: datetime
    active: bool = True
    permission: ConversationPermission = ConversationPermission.READ_WRITE
    metadata: dict[str, Any] = Field(default_factory=dict)
    joined: datetime
    assistant_service_id: str | None = None
    announced_online: bool | None = None
    joining_until: datetime | None = None
    listed: bool = True
    admission: Admission | None = None


class Message(Entity):
    """A message as stored: it is its own `message.created` event as well.

    `sequence` is its place among the events of the conversation, `trace_parent` the W3C trace
    context of the request that posted it.
    """

    message_id: UUID
    conversation_id: UUID
    sequence: int = 0
    event_id: str
    correlation_id: str
    sender: MessageSender
    message_type: MessageType
    timestamp: datetime
    content_type: str
    content: str
    filenames: list[str]
    metadata: dict[str, Any]
    has_debug_data: bool
    trace_parent: str = ""

    @property
    def size(self) -> int:
        """Roughly how long it is, in characters: what may be long about a message."""
        return len(self.content) + len(str(self.metadata)) + len(str(self.filenames))

    def without_content(self) -> "Message":
        """The message without what may be long about it."""
        return self.model_copy(update={"content": "", "metadata": {}, "filenames": []})

    def view(self) -> ConversationMessage:
        """The message as the API shows it."""
        return ConversationMessage.model_construct(
            id=self.message_id,
            sender=self.sender,
            message_type=self.message_type,
            timestamp=self.timestamp,
            content_type=self.content_type,
            content=self.content,
            filenames=self.filenames,
            metadata=self.metadata,
            has_debug_data=self.has_debug_data,
        )


class LatestMessage(Entity):
    """The newest message of one type: the message itself while small, else only where it is."""

    message_id: UUID
    sequence: int
    message: Message | None = None

    @staticmethod
    def of(message: Message) -> "LatestMessage":
        """What the aggregate keeps of a message."""
        inline = message if message.size <= INLINE_LENGTH else None
        return LatestMessage(
            message_id=message.message_id, sequence=message.sequence, message=inline
        )


class Conversation(Entity):
    """The aggregate; `last_sequence` is the number of the newest event, 0 before the first."""

    conversation_id: UUID
    title: str
    owner_id: str
    metadata: dict[str, Any] = Field(default_factory=dict)
    imported_from_conversation_id: UUID | None = None
    created: datetime
    created_by_assistant_id: UUID | None = None
    participants: dict[str, Participant] = Field(default_factory=dict)
    last_sequence: int = 0
    latest: dict[MessageType, LatestMessage] = Field(default_factory=dict)
    departed: dict[str, datetime] = Field(default_factory=dict)
    """When people left who haven't come back, as far as it is recent."""

    deleted: datetime | None = None
    """When it was deleted: from then on it is gone for everyone, and purged bit by bit."""

    def latest_of(self, types: set[MessageType]) -> LatestMessage | None:
        """The newest message of any of the types."""
        found = [latest for kind, latest in self.latest.items() if kind in types]
        return max(found, key=_sequence, default=None)

    def note_departures(self, participant_ids: Iterable[str], now: datetime) -> None:
        """Remember who leaves now, and forget who left long ago."""
        recent = {left: at for left, at in self.departed.items() if now - at < DEPARTED_TIME}
        self.departed = recent | dict.fromkeys(participant_ids, now)

    def gone_people(self) -> list[str]:
        """People who left recently: an address that they negotiated before may still work."""
        return [
            left
            for left in self.departed
            if left in self.participants and not self.participants[left].active
        ]

    def away(self) -> list[str]:
        """Who left recently and may not follow it now: everybody, once it is deleted."""
        return [left for left in self.departed if self.deleted is not None or self._lacks(left)]

    def _lacks(self, participant_id: str) -> bool:
        found = self.participants.get(participant_id)
        return found is None or not found.active

    def remember(self, message: Message) -> None:
        """Keep a message as the latest of its type."""
        self.latest[message.message_type] = LatestMessage.of(message)

    def active_assistants(self) -> list[Participant]:
        """The assistants that get the conversation's events."""
        return [
            participant
            for participant in self.participants.values()
            if participant.role is ParticipantRole.ASSISTANT and participant.active
        ]

    def active_user_ids(self) -> list[str]:
        """The people who follow the conversation on their own event stream."""
        return [
            participant.id
            for participant in self.participants.values()
            if participant.role is ParticipantRole.USER and participant.active
        ]

    def assistant_service_ids(self) -> set[str]:
        """The services behind all assistants that are or were here."""
        return {
            participant.assistant_service_id
            for participant in self.participants.values()
            if participant.assistant_service_id is not None
        }


def _sequence(latest: LatestMessage) -> int:
    return latest.sequence

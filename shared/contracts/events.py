"""Events of a conversation: the closed list of types, and the envelope."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from shared.contracts.base import WireModel


class ConversationEventType(StrEnum):
    """Every event that a client may meet; existing assistants break on any other."""

    MESSAGE_CREATED = "message.created"
    MESSAGE_DELETED = "message.deleted"
    PARTICIPANT_CREATED = "participant.created"
    PARTICIPANT_UPDATED = "participant.updated"
    FILE_CREATED = "file.created"
    FILE_UPDATED = "file.updated"
    FILE_DELETED = "file.deleted"
    ASSISTANT_STATE_CREATED = "assistant.state.created"
    ASSISTANT_STATE_UPDATED = "assistant.state.updated"
    ASSISTANT_STATE_DELETED = "assistant.state.deleted"
    ASSISTANT_STATE_FOCUS = "assistant.state.focus"
    CONVERSATION_CREATED = "conversation.created"
    CONVERSATION_UPDATED = "conversation.updated"
    CONVERSATION_DELETED = "conversation.deleted"


class ConversationEvent(WireModel):
    """One event, as assistants and subscribers get it.

    `sequence` counts 1, 2, 3 … within a conversation, so that a gap can be seen. `data` is
    null where an event was too large for the real-time channel: read it with `after`.
    """

    id: str
    correlation_id: str
    conversation_id: UUID
    event: ConversationEventType
    timestamp: datetime
    sequence: int
    data: dict[str, Any] | None


class EventPage(WireModel):
    """Events after a sequence number, oldest first.

    `last_sequence` is the newest event of the conversation; `complete` is false where events
    right after the number asked for have expired, so that the client must read anew.
    """

    events: list[ConversationEvent]
    last_sequence: int
    complete: bool


class EventsQuery(WireModel):
    """Which events to replay."""

    after: Annotated[int, Field(ge=0)] = 0
    limit: Annotated[int, Field(ge=1, le=500)] = 100


class RealTimeConnection(WireModel):
    """A WebSocket address that receives events and can't publish, good for one hour or less."""

    url: str
    protocol: str
    expires_at: datetime
    last_sequence: int | None = None

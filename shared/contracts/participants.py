"""Participants of a conversation, as the API shows them."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from shared.contracts.base import Flag, JsonObject, ShortText, WireModel


class ParticipantRole(StrEnum):
    """What kind of participant it is."""

    USER = "user"
    ASSISTANT = "assistant"
    SERVICE = "service"


class ConversationPermission(StrEnum):
    """What a participant may do in a conversation."""

    READ_WRITE = "read_write"
    READ = "read"


class ConversationParticipant(WireModel):
    """One participant; `online` is null for people."""

    role: ParticipantRole
    id: str
    conversation_id: UUID
    name: str
    image: str | None
    status: str | None
    status_updated_timestamp: datetime
    active_participant: bool
    online: bool | None = None
    conversation_permission: ConversationPermission
    metadata: JsonObject


class ConversationParticipantList(WireModel):
    """The participants of one conversation."""

    participants: list[ConversationParticipant]


class UpdateParticipant(WireModel):
    """Changes to a participant; a status that is absent or null clears the status."""

    status: ShortText | None = None
    active_participant: Flag | None = None
    metadata: JsonObject | None = None

"""Conversations, as the API shows them."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from shared.contracts.base import JsonObject, ShortText, WireModel
from shared.contracts.messages import ConversationMessage, MessageType
from shared.contracts.participants import ConversationParticipant, ConversationPermission

DEFAULT_TITLE = "New Conversation"


class Conversation(WireModel):
    """A conversation as the caller sees it: `conversation_permission` is the caller's."""

    id: UUID
    title: str
    owner_id: str
    imported_from_conversation_id: UUID | None
    metadata: JsonObject
    created_datetime: datetime
    conversation_permission: ConversationPermission
    latest_message: ConversationMessage | None
    participants: list[ConversationParticipant]


class ConversationList(WireModel):
    """Several conversations, the newest first."""

    conversations: list[Conversation]


class NewConversation(WireModel):
    """A conversation to create; a title of one's own keeps it from being titled by a model."""

    title: ShortText = DEFAULT_TITLE
    metadata: JsonObject = Field(default_factory=dict)


class UpdateConversation(WireModel):
    """Changes to a conversation; metadata is merged, keys that begin with `__` stay as they are."""

    title: ShortText = ""
    metadata: JsonObject = Field(default_factory=dict)


class LatestMessageQuery(WireModel):
    """Which types of message count as the latest one."""

    latest_message_type: list[MessageType] = Field(default_factory=lambda: [MessageType.CHAT])


class ListConversationsQuery(LatestMessageQuery):
    """Which conversations to list; inactive ones are those that the caller owns but has left."""

    include_inactive: bool = False

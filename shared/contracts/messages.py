"""Messages and their debug data, as the API shows them."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from shared.contracts.base import JsonObject, ShortText, WireModel
from shared.contracts.participants import ParticipantRole


class MessageType(StrEnum):
    """What a message is for; only `chat` counts as conversation."""

    CHAT = "chat"
    COMMAND = "command"
    COMMAND_RESPONSE = "command-response"
    LOG = "log"
    NOTE = "note"
    NOTICE = "notice"


class MessageSender(WireModel):
    """Who a message is from."""

    participant_role: ParticipantRole
    participant_id: ShortText


class ConversationMessage(WireModel):
    """A message as committed."""

    id: UUID
    sender: MessageSender
    message_type: MessageType = MessageType.CHAT
    timestamp: datetime
    content_type: str
    content: str
    filenames: list[str]
    metadata: JsonObject
    has_debug_data: bool


class ConversationMessageList(WireModel):
    """Messages in the order of the conversation, oldest first."""

    messages: list[ConversationMessage]


class ConversationMessageDebug(WireModel):
    """The debug data of one message."""

    message_id: UUID
    debug_data: JsonObject


class NewConversationMessage(WireModel):
    """A message to post; `sender` counts only from an assistant that speaks for a person.

    How long it may be is up to the transaction that stores it with its debug data: 2 MB.
    """

    id: UUID | None = None
    sender: MessageSender | None = None
    content: str
    message_type: MessageType = MessageType.CHAT
    content_type: ShortText = "text/plain"
    filenames: Annotated[list[ShortText], Field(max_length=1000)] | None = None
    metadata: JsonObject | None = None
    debug_data: JsonObject | None = None


class MessageFilter(WireModel):
    """Which messages to list: the newest `limit` of those that match, oldest first."""

    participant_role: list[ParticipantRole] | None = None
    participant_id: list[ShortText] | None = None
    message_type: list[MessageType] | None = None
    before: UUID | None = None
    after: UUID | None = None
    limit: Annotated[int, Field(ge=0, le=500)] = 100

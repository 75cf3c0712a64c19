"""Assistants, as the API shows them."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from shared.contracts.assistant_service import StateResponse
from shared.contracts.base import Image, JsonObject, ShortText, WireModel


class Assistant(WireModel):
    """An assistant; it is online as long as its service is."""

    id: UUID
    name: str
    image: str | None
    assistant_service_id: str
    assistant_service_online: bool
    template_id: str
    metadata: JsonObject
    created_datetime: datetime


class AssistantList(WireModel):
    """Several assistants, the newest first."""

    assistants: list[Assistant]


class NewAssistant(WireModel):
    """An assistant to create; without an image it takes the icon that its service offers."""

    assistant_service_id: ShortText
    template_id: ShortText = "default"
    name: ShortText
    image: Image | None = None
    metadata: JsonObject = Field(default_factory=dict)


class UpdateAssistant(WireModel):
    """Changes to an assistant; only the fields present are applied, metadata as a whole."""

    name: ShortText = ""
    image: Image | None = None
    metadata: JsonObject = Field(default_factory=dict)


class AssistantsQuery(WireModel):
    """Whose assistants: without a conversation, one's own."""

    conversation_id: UUID | None = None


class AssistantStateEvent(WireModel):
    """An assistant announces that one of its states changed or wants attention."""

    state_id: ShortText
    event: Literal["created", "updated", "deleted", "focus"]
    state: StateResponse | None


class StateEventQuery(WireModel):
    """Where to announce it: without a conversation, in all where the assistant is active."""

    conversation_id: UUID | None = None

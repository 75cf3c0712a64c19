"""Events: how they are made, and how they look on the wire."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from shared import clock
from shared.contracts.events import ConversationEvent, ConversationEventType
from shared.domain.changes import Audience, Event
from shared.domain.conversation import Conversation, Message, Participant
from shared.domain.views import participant_view, participant_views

EventData = Mapping[str, BaseModel | Sequence[BaseModel] | str]

OWN_STREAM_EVENTS = frozenset(
    {
        ConversationEventType.MESSAGE_CREATED,
        ConversationEventType.MESSAGE_DELETED,
        ConversationEventType.CONVERSATION_UPDATED,
        ConversationEventType.CONVERSATION_DELETED,
        ConversationEventType.PARTICIPANT_CREATED,
        ConversationEventType.PARTICIPANT_UPDATED,
    }
)
"""What a person's own stream over all conversations carries: enough to keep a list fresh."""


def announce(
    event: ConversationEventType,
    data: EventData,
    correlation_id: str,
    now: datetime,
    audience: Audience = Audience.EVERYONE,
) -> Event:
    """A new event with its data as JSON; it is numbered when it is committed."""
    return Event(
        event=event,
        data={name: _to_json(value) for name, value in data.items()},
        event_id=clock.new_hex_id(),
        correlation_id=correlation_id,
        timestamp=now,
        audience=audience,
    )


def participant_event(
    event: ConversationEventType,
    conversation: Conversation,
    participant: Participant,
    correlation_id: str,
    now: datetime,
    audience: Audience = Audience.EVERYONE,
) -> Event:
    """A participant came or changed; the event carries all participants, inactive ones too."""
    data: EventData = {
        "participant": participant_view(conversation, participant),
        "participants": participant_views(conversation),
    }
    return announce(event, data, correlation_id, now, audience)


def envelope(conversation_id: UUID, announcement: Message | Event) -> ConversationEvent:
    """An event as subscribers and assistants get it."""
    if isinstance(announcement, Message):
        kind = ConversationEventType.MESSAGE_CREATED
        data = {"message": announcement.view().model_dump(mode="json")}
    else:
        kind, data = announcement.event, announcement.data
    return ConversationEvent.model_construct(
        id=announcement.event_id,
        correlation_id=announcement.correlation_id,
        conversation_id=conversation_id,
        event=kind,
        timestamp=announcement.timestamp,
        sequence=announcement.sequence,
        data=data,
    )


def _to_json(value: BaseModel | Sequence[BaseModel] | str) -> Any:
    if isinstance(value, str):
        return value
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    return [item.model_dump(mode="json") for item in value]

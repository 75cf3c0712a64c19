"""Small conversations to try the rules on."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.contracts.messages import MessageSender, MessageType
from shared.contracts.participants import ConversationPermission, ParticipantRole
from shared.domain.conversation import Conversation, Message, Participant
from shared.domain.participants import JoiningAssistant
from shared.domain.principals import Assistant, User
from shared.domain.registrations import Registration

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
EARLIER = NOW - timedelta(hours=1)
SERVICE = "service.test"
ADA = User("tenant.ada", "Ada")
BOB = User("tenant.bob", "Bob")
ECHO = Assistant(SERVICE, uuid.UUID(int=1, version=4))
READ = ConversationPermission.READ


def person(user: User = ADA, **changes: Any) -> Participant:
    """A person in a conversation."""
    fields: dict[str, Any] = {
        "id": user.user_id,
        "role": ParticipantRole.USER,
        "name": user.name,
        "status_updated": EARLIER,
        "joined": EARLIER,
    }
    return Participant(**(fields | changes))


def assistant(actor: Assistant = ECHO, **changes: Any) -> Participant:
    """An assistant in a conversation."""
    fields: dict[str, Any] = {
        "id": str(actor.assistant_id),
        "role": ParticipantRole.ASSISTANT,
        "name": "Echo",
        "status_updated": EARLIER,
        "joined": EARLIER,
        "assistant_service_id": actor.assistant_service_id,
        "announced_online": True,
    }
    return Participant(**(fields | changes))


def conversation(*participants: Participant, **changes: Any) -> Conversation:
    """A conversation of Ada's with these participants; without any, Ada alone."""
    fields: dict[str, Any] = {
        "conversation_id": uuid.uuid4(),
        "title": "Title",
        "owner_id": ADA.user_id,
        "created": EARLIER,
        "participants": {found.id: found for found in participants or (person(),)},
    }
    return Conversation(**(fields | changes))


def message(of: Conversation, **changes: Any) -> Message:
    """A message of Ada's."""
    fields: dict[str, Any] = {
        "message_id": uuid.uuid4(),
        "conversation_id": of.conversation_id,
        "event_id": uuid.uuid4().hex,
        "correlation_id": "correlation",
        "sender": MessageSender(participant_role=ParticipantRole.USER, participant_id=ADA.user_id),
        "message_type": MessageType.CHAT,
        "timestamp": NOW,
        "content_type": "text/plain",
        "content": "hello",
        "filenames": [],
        "metadata": {},
        "has_debug_data": False,
    }
    return Message(**(fields | changes))


def joining(actor: Assistant = ECHO, **changes: Any) -> JoiningAssistant:
    """An assistant about to join."""
    fields: dict[str, Any] = {
        "assistant_id": str(actor.assistant_id),
        "name": "Echo",
        "image": None,
        "assistant_service_id": actor.assistant_service_id,
        "service_online": True,
    }
    return JoiningAssistant(**(fields | changes))


def registration(**changes: Any) -> Registration:
    """An assistant service that Ada registered and that has not called yet."""
    fields: dict[str, Any] = {
        "assistant_service_id": SERVICE,
        "created_by_user_id": ADA.user_id,
        "created_by_user_name": ADA.name,
        "created": EARLIER,
        "name": "Service",
        "description": "",
        "api_key_name": "key",
    }
    return Registration(**(fields | changes))

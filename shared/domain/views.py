"""Conversations and participants as the API shows them."""

from collections.abc import Mapping

from shared.contracts.conversations import Conversation as ConversationView
from shared.contracts.messages import ConversationMessage
from shared.contracts.participants import (
    ConversationParticipant,
    ConversationPermission,
    ParticipantRole,
)
from shared.domain.conversation import Conversation, Participant

Online = Mapping[str, bool]
"""Whether each assistant service, by id, is online; a service not in it is offline."""


def participant_view(
    conversation: Conversation, participant: Participant, online: Online | None = None
) -> ConversationParticipant:
    """One participant; without `online`, as people were last told (for events)."""
    return ConversationParticipant.model_construct(
        role=participant.role,
        id=participant.id,
        conversation_id=conversation.conversation_id,
        name=participant.name,
        image=participant.image,
        status=participant.status,
        status_updated_timestamp=participant.status_updated,
        active_participant=participant.active,
        online=_online(participant, online),
        conversation_permission=participant.permission,
        metadata=participant.metadata,
    )


def participant_views(
    conversation: Conversation, online: Online | None = None, *, include_inactive: bool = True
) -> list[ConversationParticipant]:
    """The participants, people first, each group in the order of joining."""
    people_first = sorted(conversation.participants.values(), key=_is_assistant)
    return [
        participant_view(conversation, participant, online)
        for participant in people_first
        if participant.listed and (participant.active or include_inactive)
    ]


def conversation_view(
    conversation: Conversation,
    permission: ConversationPermission,
    latest_message: ConversationMessage | None = None,
    online: Online | None = None,
) -> ConversationView:
    """A conversation as a caller with `permission` sees it."""
    return ConversationView.model_construct(
        id=conversation.conversation_id,
        title=conversation.title,
        owner_id=conversation.owner_id,
        imported_from_conversation_id=conversation.imported_from_conversation_id,
        metadata=conversation.metadata,
        created_datetime=conversation.created,
        conversation_permission=permission,
        latest_message=latest_message,
        participants=participant_views(conversation, online),
    )


def _online(participant: Participant, online: Online | None) -> bool | None:
    if participant.role is not ParticipantRole.ASSISTANT:
        return None
    if online is None:
        return bool(participant.announced_online)
    return online.get(participant.assistant_service_id or "", False)


def _is_assistant(participant: Participant) -> bool:
    return participant.role is ParticipantRole.ASSISTANT

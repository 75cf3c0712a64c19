"""Routes of the participants of a conversation."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from shared import resources
from shared.api.endpoint import new_router
from shared.api.openapi.described import FORWARDED
from shared.container import App
from shared.contracts.base import WireModel
from shared.contracts.participants import (
    ConversationParticipant,
    ConversationParticipantList,
    UpdateParticipant,
)
from shared.domain.principals import Actor

router = new_router()

ALL = "conversations/{conversation_id}/participants"
ONE = f"{ALL}/{{participant_id}}"

ParticipantId = Annotated[str, Field(max_length=1024)]


class ParticipantsQuery(WireModel):
    """Whether to list those who have left, too."""

    include_inactive: bool = False


@router.get(ALL, name="participants_all")
async def list_participants(
    app: App, caller: Actor, conversation_id: UUID, query: ParticipantsQuery
) -> ConversationParticipantList:
    """List the participants of a conversation, people first."""
    return await app.participants.list_participants(
        caller, conversation_id, include_inactive=query.include_inactive
    )


@router.get(ONE, name="participants_get")
async def get_participant(
    app: App, caller: Actor, conversation_id: UUID, participant_id: ParticipantId
) -> ConversationParticipant:
    """Get one participant; `me` is the caller."""
    return await app.participants.get(caller, conversation_id, participant_id)


@router.put(ONE, name="participants_put", docs=FORWARDED, queues=[resources.DELIVERIES_QUEUE])
async def put_participant(
    app: App,
    caller: Actor,
    conversation_id: UUID,
    participant_id: ParticipantId,
    body: UpdateParticipant,
) -> ConversationParticipant:
    """Update oneself, or add or update an assistant of one's own."""
    return await app.participants.put(caller, conversation_id, participant_id, body)


@router.patch(ONE, name="participants_update", docs=FORWARDED, queues=[resources.DELIVERIES_QUEUE])
async def update_participant(
    app: App,
    caller: Actor,
    conversation_id: UUID,
    participant_id: ParticipantId,
    body: UpdateParticipant,
) -> ConversationParticipant:
    """The same as PUT: a status that is absent clears the status, as existing clients expect."""
    return await app.participants.put(caller, conversation_id, participant_id, body)

"""Shares of conversations: who may make one, and what redeeming one does."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from shared.contracts.events import ConversationEventType
from shared.contracts.participants import ConversationPermission, ParticipantRole
from shared.domain.access import Access, require
from shared.domain.changes import Change
from shared.domain.conversation import Admission, Conversation, Entity, Participant
from shared.domain.events import participant_event
from shared.domain.principals import Assistant, User
from shared.errors import Forbidden, InvalidArgument, NotFound

CONVERSATION_NOT_FOUND = "Conversation not found"

MAX_METADATA = 64_000
"""How long a share's metadata may be, as JSON."""


class Share(Entity):
    """A share as stored; `deleted` is when it was: from then on nobody finds it."""

    share_id: UUID
    owner_id: str
    conversation_id: UUID
    label: str
    permission: ConversationPermission
    metadata: dict[str, Any] = Field(default_factory=dict)
    is_redeemable: bool = True
    created: datetime
    deleted: datetime | None = None


class Redemption(Entity):
    """A redemption as stored; `permission` is what the redeemer had after it."""

    redemption_id: UUID
    share_id: UUID
    conversation_id: UUID
    user_id: str
    permission: ConversationPermission
    new_participant: bool
    created: datetime

    @staticmethod
    def of(admission: Admission, conversation_id: UUID, user_id: str) -> "Redemption":
        """The record of an admission to a conversation."""
        return Redemption(
            redemption_id=admission.redemption_id,
            share_id=admission.share_id,
            conversation_id=conversation_id,
            user_id=user_id,
            permission=admission.permission,
            new_participant=admission.new_participant,
            created=admission.created,
        )


@dataclass(frozen=True)
class Redeemer:
    """What a conversation keeps of a person who redeems a share."""

    user_id: str
    name: str
    image: str | None
    name_version: int

    def participant(self, permission: ConversationPermission, now: datetime) -> Participant:
        """A record of somebody who has not been here before."""
        return Participant(
            id=self.user_id,
            role=ParticipantRole.USER,
            name=self.name,
            image=self.image,
            name_version=self.name_version,
            status_updated=now,
            permission=permission,
            joined=now,
        )


@dataclass(frozen=True)
class RedeemShare:
    """Let a person in, or let one who is in do more; a permission is only ever raised."""

    share: Share
    redeemer: Redeemer
    redemption_id: UUID
    correlation_id: str

    def apply(self, conversation: Conversation, now: datetime) -> Change[Redemption]:
        """The redemption, and an event if it gave anything that the person didn't have."""
        if conversation.deleted is not None:
            raise NotFound
        known = conversation.participants.get(self.redeemer.user_id)
        record = known or self.redeemer.participant(self.share.permission, now)
        comes = known is None or not known.active
        rises = _raises(record.permission, self.share.permission)
        permission = self.share.permission if rises else record.permission
        admission = Admission(
            redemption_id=self.redemption_id,
            share_id=self.share.share_id,
            permission=permission,
            new_participant=comes,
            created=now,
        )
        result = Redemption.of(admission, conversation.conversation_id, record.id)
        if not (comes or rises):
            return Change(conversation, result, nothing_to_do=True)
        record.active = True
        record.permission = permission
        record.admission = admission
        conversation.participants[record.id] = record
        event = participant_event(
            ConversationEventType.PARTICIPANT_CREATED
            if known is None
            else ConversationEventType.PARTICIPANT_UPDATED,
            conversation,
            record,
            self.correlation_id,
            now,
        )
        return Change(conversation, result, announcements=[event])


def require_may_share(conversation: Conversation, user: User, now: datetime) -> None:
    """Who may write in a conversation, or owns it, may share it; raises InvalidArgument."""
    try:
        require(conversation, user, Access.WRITE_OR_OWNED, now)
    except NotFound as error:
        raise InvalidArgument(CONVERSATION_NOT_FOUND) from error


def require_may_share_for(
    conversation: Conversation, assistant: Assistant, owner_id: str, now: datetime
) -> None:
    """An assistant may share where it is active, in the name of the conversation's owner only.

    Raises NotFound for a conversation that the assistant is not in, Forbidden for another owner.
    """
    try:
        require(conversation, assistant, Access.WRITE, now)
    except NotFound as error:
        raise NotFound(CONVERSATION_NOT_FOUND) from error
    if conversation.owner_id != owner_id:
        raise Forbidden


def _raises(present: ConversationPermission, given: ConversationPermission) -> bool:
    return (present, given) == (ConversationPermission.READ, ConversationPermission.READ_WRITE)

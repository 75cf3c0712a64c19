"""Who may do what in a conversation: the only place where that is decided.

Rules, from the reference's behaviour with its gaps closed (docs/api-differences.md):

| access        | person                                              | assistant            |
| ------------- | --------------------------------------------------- | -------------------- |
| READ          | active participant                                  | active participant   |
| READ_OR_OWNED | active participant, or the owner who has left       | active participant   |
| WRITE         | active participant with read_write                  | active participant   |
| WRITE_OR_OWNED| the same, or the owner (with read_write) who left   | active participant   |

An owner counts only with a participant record: a conversation that an assistant made for
somebody is theirs to see once they have redeemed a share of it.
"""

from datetime import datetime
from enum import Enum

from shared.contracts.participants import ConversationPermission
from shared.domain.conversation import Conversation, Participant
from shared.domain.principals import Actor, Assistant, User, participant_id
from shared.errors import NotFound


class Access(Enum):
    """What a caller wants in a conversation."""

    READ = (False, False)
    READ_OR_OWNED = (False, True)
    WRITE = (True, False)
    WRITE_OR_OWNED = (True, True)

    def __init__(self, writes: bool, owner_may_be_gone: bool) -> None:
        self.writes = writes
        """Whether a read permission is not enough."""
        self.owner_may_be_gone = owner_may_be_gone
        """Whether an owner who left the conversation still has it."""


def require(conversation: Conversation, actor: Actor, access: Access, now: datetime) -> Participant:
    """The caller's participant record.

    Raises NotFound where the caller has no such access: whether the conversation exists is
    nobody else's business.
    """
    participant = conversation.participants.get(participant_id(actor))
    if participant is None or not _allowed(conversation, participant, actor, access, now):
        raise NotFound
    return participant


def allows(conversation: Conversation, actor: Actor, access: Access, now: datetime) -> bool:
    """Whether `require` would succeed: for lists, which leave out what isn't the caller's."""
    participant = conversation.participants.get(participant_id(actor))
    return participant is not None and _allowed(conversation, participant, actor, access, now)


def _allowed(
    conversation: Conversation,
    participant: Participant,
    actor: Actor,
    access: Access,
    now: datetime,
) -> bool:
    if conversation.deleted is not None:
        return False
    if isinstance(actor, Assistant):
        return _assistant_allowed(participant, actor, now)
    if access.writes and participant.permission is ConversationPermission.READ:
        return False
    if participant.active:
        return True
    return access.owner_may_be_gone and _owns(conversation, actor)


def _assistant_allowed(participant: Participant, assistant: Assistant, now: datetime) -> bool:
    if participant.assistant_service_id != assistant.assistant_service_id:
        return False
    joining = participant.joining_until is not None and now < participant.joining_until
    return participant.active or joining


def _owns(conversation: Conversation, user: User) -> bool:
    return conversation.owner_id == user.user_id

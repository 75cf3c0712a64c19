"""Joining, leaving and updating participants."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shared.contracts.conversations import Conversation as ConversationView
from shared.contracts.events import ConversationEventType
from shared.contracts.participants import (
    ConversationParticipant,
    ConversationPermission,
    ParticipantRole,
    UpdateParticipant,
)
from shared.domain.access import Access, require
from shared.domain.changes import Audience, Change
from shared.domain.conversation import Conversation, Participant
from shared.domain.events import participant_event
from shared.domain.merging import bounded, deep_merge
from shared.domain.principals import Actor, User
from shared.domain.views import conversation_view, participant_view
from shared.errors import Conflict, NotFound

MAX_METADATA = 64_000
"""How long a participant's metadata may be, as JSON."""

JOINING = timedelta(seconds=90)
"""How long an assistant may act while its service is being told: connecting plus answering."""


JOIN_UNDONE = "The assistant was deleted or taken out while it joined"


@dataclass(frozen=True)
class JoiningAssistant:
    """What a conversation keeps of an assistant that takes part in it."""

    assistant_id: str
    name: str
    image: str | None
    assistant_service_id: str
    service_online: bool
    name_version: int = 0

    def participant(self, now: datetime) -> Participant:
        """A record that nobody is shown until the assistant has joined."""
        return Participant(
            id=self.assistant_id,
            role=ParticipantRole.ASSISTANT,
            name=self.name,
            image=self.image,
            name_version=self.name_version,
            status_updated=now,
            active=False,
            listed=False,
            joined=now,
            assistant_service_id=self.assistant_service_id,
            announced_online=self.service_online,
        )


@dataclass(frozen=True)
class UpdateOwnParticipant:
    """A person or an assistant changes their own status, metadata or presence."""

    actor: Actor
    participant_id: str
    update: UpdateParticipant
    correlation_id: str

    def apply(self, conversation: Conversation, now: datetime) -> Change[ConversationParticipant]:
        """The changed participant, and an event if anything changed."""
        access = Access.READ_OR_OWNED if isinstance(self.actor, User) else Access.READ
        require(conversation, self.actor, access, now)
        participant = conversation.participants.get(self.participant_id)
        if participant is None:
            raise NotFound
        change: Change[ConversationParticipant] = _updated(
            conversation, participant, self.update, self.correlation_id, now
        )
        return change


@dataclass(frozen=True)
class BeginJoin:
    """Let an assistant act before it is a participant, while its service is being told."""

    user: User | None
    assistant: JoiningAssistant

    def apply(self, conversation: Conversation, now: datetime) -> Change[int]:
        """Changes nothing that anybody sees; the result is the last event before joining."""
        if self.user is not None:
            require(conversation, self.user, Access.WRITE_OR_OWNED, now)
        record = conversation.participants.setdefault(
            self.assistant.assistant_id, self.assistant.participant(now)
        )
        record.joining_until = now + JOINING
        return Change(conversation, conversation.last_sequence)


@dataclass(frozen=True)
class AbortJoin:
    """The service could not be told: it is as if the assistant had never been asked."""

    assistant_id: str

    def apply(self, conversation: Conversation, now: datetime) -> Change[None]:  # noqa: ARG002
        """Removes what BeginJoin did; a participant of earlier days stays as they were."""
        record = conversation.participants.get(self.assistant_id)
        if record is None or record.active or record.joining_until is None:
            return Change(conversation, None, nothing_to_do=True)
        if record.listed:
            record.joining_until = None
        else:
            del conversation.participants[self.assistant_id]
        return Change(conversation, None)


@dataclass(frozen=True)
class PutAssistant:
    """Update an assistant in a conversation, or take it out, in a person's name."""

    user: User
    assistant: JoiningAssistant
    update: UpdateParticipant
    correlation_id: str

    def apply(
        self, conversation: Conversation, now: datetime
    ) -> Change[ConversationParticipant | None]:
        """The assistant's participant, and an event if anything changed; None if it is to join."""
        require(conversation, self.user, Access.WRITE_OR_OWNED, now)
        key = self.assistant.assistant_id
        if wants_in(conversation.participants.get(key), self.update):
            return Change(conversation, None, nothing_to_do=True)
        record = conversation.participants.setdefault(key, self.assistant.participant(now))
        is_new = not record.listed
        record.announced_online = self.assistant.service_online
        record.listed = True
        if self.update.active_participant is False:
            record.joining_until = None
        change: Change[ConversationParticipant | None] = _updated(
            conversation, record, self.update, self.correlation_id, now, created=is_new
        )
        return change


@dataclass(frozen=True)
class CompleteJoin:
    """Show an assistant to everybody: its service knows of the conversation.

    `after_sequence` is where its events begin.
    """

    user: User
    assistant: JoiningAssistant
    update: UpdateParticipant
    after_sequence: int
    correlation_id: str

    def apply(self, conversation: Conversation, now: datetime) -> Change[ConversationParticipant]:
        """The assistant's participant, with an event; raises Conflict if it may not any more."""
        require(conversation, self.user, Access.WRITE_OR_OWNED, now)
        record = conversation.participants.get(self.assistant.assistant_id)
        if record is None or not _may_complete(record):
            raise Conflict(JOIN_UNDONE)
        is_new = not record.listed
        was_active = record.active
        record.announced_online = self.assistant.service_online
        if is_new:
            record.listed = record.active = True
            record.status = self.update.status
        activate = self.update.model_copy(update={"active_participant": True})
        change: Change[ConversationParticipant] = _updated(
            conversation, record, activate, self.correlation_id, now, created=is_new
        )
        record.joining_until = None
        if not was_active:
            change.started_cursors[record.id] = self.after_sequence
        return change


@dataclass(frozen=True)
class AdmitAssistant:
    """Make the assistant that created a conversation its first participant, silently."""

    assistant_id: str

    def apply(
        self,
        conversation: Conversation,
        now: datetime,  # noqa: ARG002
    ) -> Change[ConversationView]:
        """The conversation as its creator sees it; raises NotFound if either was deleted."""
        record = conversation.participants.get(self.assistant_id)
        if record is None or not _may_complete(record) or conversation.deleted is not None:
            raise NotFound
        record.listed = record.active = True
        record.joining_until = None
        view = conversation_view(conversation, ConversationPermission.READ_WRITE)
        return Change(conversation, view, started_cursors={self.assistant_id: 0})


@dataclass(frozen=True)
class RemoveAssistant:
    """An assistant that is being deleted leaves a conversation."""

    assistant_id: str
    correlation_id: str

    def apply(self, conversation: Conversation, now: datetime) -> Change[bool]:
        """Whether the assistant was active there; of a deleted conversation nobody hears more.

        One that is joining may not complete that any more.
        """
        record = conversation.participants.get(self.assistant_id)
        if record is None or not record.active:
            aborted = AbortJoin(self.assistant_id).apply(conversation, now)
            return Change(conversation, False, nothing_to_do=aborted.nothing_to_do)
        record.active = False
        if conversation.deleted is not None:
            return Change(conversation, True, left=[record.id])
        event = participant_event(
            ConversationEventType.PARTICIPANT_UPDATED,
            conversation,
            record,
            self.correlation_id,
            now,
        )
        return Change(conversation, True, announcements=[event], left=[record.id])


@dataclass(frozen=True)
class AnnounceOnline:
    """Tell people that an assistant came online or went offline with its service."""

    assistant_id: str
    online: bool
    correlation_id: str

    def apply(self, conversation: Conversation, now: datetime) -> Change[None]:
        """One event for people, unless they know it already or the conversation is deleted."""
        record = conversation.participants.get(self.assistant_id)
        known = record is None or not record.listed or record.announced_online is self.online
        if record is None or known or conversation.deleted is not None:
            return Change(conversation, None, nothing_to_do=True)
        record.announced_online = self.online
        event = participant_event(
            ConversationEventType.PARTICIPANT_UPDATED,
            conversation,
            record,
            self.correlation_id,
            now,
            Audience.PEOPLE,
        )
        return Change(conversation, None, announcements=[event])


def wants_in(present: Participant | None, update: UpdateParticipant) -> bool:
    """A newcomer joins unless told otherwise, one who has left only when told to."""
    if present is None or not present.listed:
        return update.active_participant is not False
    return update.active_participant is True and not present.active


def _may_complete(record: Participant) -> bool:
    """Whether what began to join still may: nobody undid it, or somebody completed it."""
    return record.active or record.joining_until is not None


def _updated(
    conversation: Conversation,
    participant: Participant,
    update: UpdateParticipant,
    correlation_id: str,
    now: datetime,
    *,
    created: bool = False,
) -> Change[Any]:
    """The change with the participant as its result."""
    was_active = participant.active
    changed = _apply_update(participant, update, now)
    change: Change[Any] = Change(conversation, participant_view(conversation, participant))
    if not (created or changed):
        change.nothing_to_do = True
        return change
    kind = (
        ConversationEventType.PARTICIPANT_CREATED
        if created
        else ConversationEventType.PARTICIPANT_UPDATED
    )
    change.announcements = [participant_event(kind, conversation, participant, correlation_id, now)]
    if was_active and not participant.active:
        change.left = [participant.id]
    return change


def _apply_update(participant: Participant, update: UpdateParticipant, now: datetime) -> bool:
    """A status that is absent or null is cleared, as it is when the participant leaves."""
    changed = False
    status = update.status
    if update.active_participant is not None:
        participant.active = update.active_participant
        status = status if update.active_participant else None
        changed = True
    if status != participant.status:
        participant.status = status
        participant.status_updated = now
        changed = True
    if update.metadata is not None:
        merged = deep_merge(participant.metadata, update.metadata)
        participant.metadata = bounded(merged, MAX_METADATA)
        changed = True
    return changed

"""Posting and deleting messages."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.contracts.events import ConversationEventType
from shared.contracts.messages import (
    ConversationMessage,
    MessageSender,
    NewConversationMessage,
)
from shared.contracts.participants import ParticipantRole
from shared.domain.access import Access, require
from shared.domain.changes import Change, Event, MessageDebug
from shared.domain.conversation import Conversation, Message
from shared.domain.events import announce
from shared.domain.merging import deep_merge
from shared.domain.principals import Actor, Assistant, User
from shared.domain.retitling import prompts_title, titles_so_far

KEPT_LENGTH = 50_000
"""Events keep the content of a deleted message up to this size (Message.size).

Two copies go into the transaction that deletes it: what is left of its `message.created`, and
its `message.deleted`.
"""


@dataclass(frozen=True)
class Posted:
    """A message as committed; `titles_before` is None unless a model may propose a title now."""

    view: ConversationMessage
    titles_before: int | None


@dataclass(frozen=True)
class PostMessage:
    """Add a message; `message_id` and `event_id` stay the same however often it is tried."""

    actor: Actor
    new: NewConversationMessage
    message_id: UUID
    event_id: str
    correlation_id: str

    def apply(self, conversation: Conversation, now: datetime) -> Change[Posted]:
        """The message, which is its own event, with its debug data."""
        require(conversation, self.actor, Access.WRITE, now)
        metadata, debug = split_debug(self.new)
        message = Message(
            message_id=self.message_id,
            conversation_id=conversation.conversation_id,
            event_id=self.event_id,
            correlation_id=self.correlation_id,
            sender=sender_of(self.actor, self.new),
            message_type=self.new.message_type,
            timestamp=now,
            content_type=self.new.content_type,
            content=self.new.content,
            filenames=self.new.filenames or [],
            metadata=metadata,
            has_debug_data=bool(debug),
        )
        titles_before = titles_so_far(conversation) if prompts_title(message) else None
        return Change(
            conversation,
            Posted(message.view(), titles_before),
            announcements=[message],
            debug=[MessageDebug(self.message_id, debug)] if debug else [],
        )


@dataclass(frozen=True)
class DeleteMessage:
    """Remove a message; `next_latest` is what is left as the newest of its type."""

    user: User
    message: Message
    next_latest: Message | None
    correlation_id: str

    def apply(self, conversation: Conversation, now: datetime) -> Change[None]:
        """The deletion with its event."""
        require(conversation, self.user, Access.WRITE_OR_OWNED, now)
        self._forget_latest(conversation)
        remains = self.message
        if remains.size > KEPT_LENGTH:
            remains = remains.without_content()
        view = remains.view().model_copy(update={"has_debug_data": False})
        event = announce(
            ConversationEventType.MESSAGE_DELETED, {"message": view}, self.correlation_id, now
        )
        announcements: list[Message | Event] = [event]
        return Change(
            conversation,
            None,
            announcements=announcements,
            deleted_messages=[remains],
        )

    def _forget_latest(self, conversation: Conversation) -> None:
        kind = self.message.message_type
        latest = conversation.latest.get(kind)
        if latest is None or latest.message_id != self.message.message_id:
            return
        if self.next_latest is None:
            del conversation.latest[kind]
        else:
            conversation.remember(self.next_latest)


def is_latest(conversation: Conversation, message: Message) -> bool:
    """Whether deleting the message changes what the aggregate knows as the latest of its type."""
    latest = conversation.latest.get(message.message_type)
    return latest is not None and latest.message_id == message.message_id


def sender_of(actor: Actor, new: NewConversationMessage) -> MessageSender:
    """The caller, unless an assistant speaks in the name of a person."""
    if isinstance(actor, Assistant):
        if new.sender is not None and new.sender.participant_role is ParticipantRole.USER:
            return new.sender
        return MessageSender(
            participant_role=ParticipantRole.ASSISTANT, participant_id=str(actor.assistant_id)
        )
    return MessageSender(participant_role=ParticipantRole.USER, participant_id=actor.user_id)


def split_debug(new: NewConversationMessage) -> tuple[dict[str, Any], dict[str, Any]]:
    """Metadata without its `debug` entry, and the debug data of both sources merged."""
    metadata = dict(new.metadata or {})
    debug = metadata.pop("debug", None)
    if debug and not isinstance(debug, dict):
        debug = {"debug": debug}
    return metadata, deep_merge(debug or {}, new.debug_data or {})

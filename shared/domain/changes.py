"""What a command wants done to a conversation, all of it in one transaction or none."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

from shared.contracts.events import ConversationEventType
from shared.domain.conversation import Conversation, Message
from shared.domain.files import File

ResultT = TypeVar("ResultT")


class Audience(StrEnum):
    """Who is told of an event."""

    EVERYONE = "everyone"
    PEOPLE = "people"


@dataclass
class Event:
    """An event that is stored by itself; `sequence` is given at commit.

    `trace_parent` is the W3C trace context of what caused it.
    """

    event: ConversationEventType
    data: dict[str, Any]
    event_id: str
    correlation_id: str
    timestamp: datetime
    audience: Audience = Audience.EVERYONE
    sequence: int = 0
    trace_parent: str = ""


@dataclass
class MessageDebug:
    """Debug data to store beside a message."""

    message_id: UUID
    data: dict[str, Any]


@dataclass
class Change(Generic[ResultT]):
    """A changed conversation with everything that must be committed together with it.

    `announcements` are numbered in their order. `started_cursors` are assistants (by id) that
    get events from the given sequence on; `left` are participants whose open connections to
    the conversation must end. `committed_uploads` are those that became versions of files.
    """

    conversation: Conversation
    result: ResultT
    announcements: list[Message | Event] = field(default_factory=list[Message | Event])
    debug: list[MessageDebug] = field(default_factory=list[MessageDebug])
    deleted_messages: list[Message] = field(default_factory=list[Message])
    started_cursors: dict[str, int] = field(default_factory=dict[str, int])
    left: list[str] = field(default_factory=list[str])
    saved_files: list[File] = field(default_factory=list[File])
    deleted_files: list[File] = field(default_factory=list[File])
    committed_uploads: list[UUID] = field(default_factory=list[UUID])
    nothing_to_do: bool = False

    def number(self) -> None:
        """Give every announcement the next sequence number of the conversation."""
        for announcement in self.announcements:
            self.conversation.last_sequence += 1
            announcement.sequence = self.conversation.last_sequence
            if isinstance(announcement, Message):
                self.conversation.remember(announcement)


class Preparation(Protocol[ResultT]):
    """Reads what a command needs besides the conversation, anew at every attempt.

    What it reads can't have changed when the change is committed: whatever changes anything in
    a conversation's partition replaces the aggregate too.
    """

    async def prepare(self, conversation: Conversation) -> "Command[ResultT]":
        """The command for this state of the conversation; raises AppError to refuse."""
        ...


class Command(Protocol[ResultT]):
    """A use case's decision, free of I/O, so that it can be taken again after a conflict."""

    def apply(self, conversation: Conversation, now: datetime) -> "Change[ResultT]":
        """Decide on a private copy of the conversation; raises AppError to refuse."""
        ...

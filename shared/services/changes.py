"""The write path: every change of a conversation goes through here.

Load (from the cache if possible), decide, commit with the aggregate's ETag, and start over
with a fresh copy if somebody else was faster. What was committed is published and nudged.
"""

import asyncio
import logging
import random
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID
from weakref import WeakValueDictionary

from shared import clock, invocation
from shared.adapters.cosmos.client import UncertainWriteError
from shared.adapters.cosmos.conversations import (
    ConversationRepository,
    Loaded,
    StaleConversationError,
)
from shared.adapters.cosmos.messages import MessageRepository
from shared.domain.changes import Change, Command, Preparation
from shared.domain.conversation import Conversation, Message
from shared.errors import AppError, Conflict, DependencyUnavailable
from shared.services.nudges import Nudge, Nudges
from shared.services.publishing import Publisher
from shared.telemetry import get_logger, log

_logger = get_logger("changes")

MAX_ATTEMPTS = 12
FIRST_BACKOFF_SECONDS = 0.01
MAX_BACKOFF_SECONDS = 0.5

ResultT = TypeVar("ResultT")


class Changes:
    """Applies commands to conversations, each exactly once."""

    def __init__(
        self,
        conversations: ConversationRepository,
        messages: MessageRepository,
        nudges: Nudges,
        publisher: Publisher,
        address_seconds: int,
    ) -> None:
        self._conversations = conversations
        self._messages = messages
        self._nudges = nudges
        self._publisher = publisher
        self._address_seconds = address_seconds
        self._turns: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()

    async def apply(self, conversation_id: UUID, command: Command[ResultT]) -> ResultT:
        """Apply a command that needs to know nothing but the conversation; see apply_prepared."""
        return await self.apply_prepared(conversation_id, _Prepared(command))

    async def apply_prepared(
        self, conversation_id: UUID, preparation: Preparation[ResultT]
    ) -> ResultT:
        """Prepare a command, apply it, and tell everybody concerned.

        Raises what the command raises; NotFound, TooLarge or Conflict from the commit;
        DependencyUnavailable if the database is down or the conversation too busy.
        """
        turn = self._turns.setdefault(conversation_id, asyncio.Lock())
        async with turn:
            change = await self._commit(conversation_id, preparation)
        if not change.nothing_to_do:
            await self._tell(change)
        return change.result

    async def _commit(
        self, conversation_id: UUID, preparation: Preparation[ResultT]
    ) -> Change[ResultT]:
        loaded = await self._conversations.load_for_write(conversation_id)
        for attempt in range(MAX_ATTEMPTS):
            loaded, change = await self._decide(loaded, conversation_id, preparation)
            if change.nothing_to_do or await self._committed(loaded, change):
                return change
            await asyncio.sleep(_backoff(attempt))
            loaded = await self._conversations.load(conversation_id)
        raise DependencyUnavailable("The conversation is too busy; try again")

    async def _decide(
        self, loaded: Loaded, conversation_id: UUID, preparation: Preparation[ResultT]
    ) -> tuple[Loaded, Change[ResultT]]:
        """Only a commit proves a cached copy right: without one, decide on a fresh copy."""
        try:
            change = await _take(loaded, preparation)
            if loaded.fresh or not change.nothing_to_do:
                return loaded, change
        except AppError:
            if loaded.fresh:
                raise
        loaded = await self._conversations.load(conversation_id)
        return loaded, await _take(loaded, preparation)

    async def _committed(self, loaded: Loaded, change: Change[Any]) -> bool:
        conversation = change.conversation
        if change.left or conversation.active_assistants():
            await self._nudges.cover(conversation.conversation_id)
        try:
            await self._conversations.commit(loaded, change, clock.now())
        except (StaleConversationError, UncertainWriteError):
            self._conversations.forget(conversation.conversation_id)
            return await self._arrived(change)
        except Conflict:
            if not await self._is_posted(change):
                raise
        return True

    async def _arrived(self, change: Change[Any]) -> bool:
        """Whether what looks like a failure is our own commit.

        The SDK sends a write again when the connection broke after it was sent, and then
        meets its own first attempt.
        """
        for first in change.announcements:
            return await self._messages.announced(
                change.conversation.conversation_id, first.event_id, first.sequence
            )
        return False

    async def _is_posted(self, change: Change[Any]) -> bool:
        """Whether the message that is there already is our own, committed by an attempt before."""
        posted = [found for found in change.announcements if isinstance(found, Message)]
        for message in posted:
            found = await self._messages.find(message.conversation_id, message.message_id)
            if found is None or found.event_id != message.event_id:
                return False
            message.sequence = found.sequence
        return bool(posted)

    async def _tell(self, change: Change[Any]) -> None:
        if change.announcements or change.started_cursors:
            self._nudges.committed(change.conversation)
        # Who leaves hears nothing more; that it is deleted is for everybody to hear.
        hears_all = change.conversation.deleted is not None
        if not hears_all:
            await self._send_away(change)
        await self._publisher.publish(change.conversation, change.announcements)
        if hears_all:
            await self._send_away(change)

    async def _send_away(self, change: Change[Any]) -> None:
        """End subscriptions now, and once more when no address negotiated before still works.

        What fails here is logged and tried again in the background: the change is committed,
        and nothing is published to people who have left (see Publisher).
        """
        if not change.left:
            return
        nudge = Nudge(conversation_id=change.conversation.conversation_id)
        try:
            await self._nudges.later(nudge, self._address_seconds)
            await self._publisher.send_away(change.conversation, change.left)
        except DependencyUnavailable as error:
            log(_logger, logging.WARNING, "not_sent_away", error=error.detail)
            self._nudges.now(nudge)


@dataclass(frozen=True)
class _Prepared(Generic[ResultT]):
    """A command that needs no preparation."""

    command: Command[ResultT]

    async def prepare(self, conversation: Conversation) -> Command[ResultT]:  # noqa: ARG002
        return self.command


async def _take(loaded: Loaded, preparation: Preparation[ResultT]) -> Change[ResultT]:
    command = await preparation.prepare(loaded.conversation)
    now = clock.now()
    change = command.apply(loaded.conversation, now)
    if change.left:
        change.conversation.note_departures(change.left, now)
    for announcement in change.announcements:
        announcement.trace_parent = invocation.current().trace_parent
    return change


def _backoff(attempt: int) -> float:
    longest = min(MAX_BACKOFF_SECONDS, FIRST_BACKOFF_SECONDS * 2**attempt)
    return random.uniform(0, longest)  # noqa: S311 (jitter, not a secret)

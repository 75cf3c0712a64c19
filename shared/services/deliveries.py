"""Delivery of events to assistants: at least once, in order, one worker at a time.

The cursor of a (conversation, assistant) is leased by ETag, the events after it are sent one
by one, and the cursor moves on. After giving up the lease the worker looks once more, because
whoever was nudged meanwhile saw the lease and went away. See docs/events.md.
"""

import logging
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from shared import clock
from shared.adapters.cosmos.conversations import ConversationRepository
from shared.adapters.cosmos.cursors import Cursor, CursorRepository, LostLeaseError
from shared.adapters.cosmos.messages import MessageRepository
from shared.domain.changes import Audience, Event
from shared.domain.conversation import Conversation, Message, Participant
from shared.domain.events import envelope
from shared.errors import NotFound
from shared.services.connecting import Connecting
from shared.services.dead_letters import DeadLetters
from shared.services.nudges import Nudge, Nudges
from shared.services.publishing import Publisher
from shared.services.sending import Outcome, Sender
from shared.telemetry import get_logger, log

LEASE = timedelta(seconds=150)
"""Longer than one event may take: connecting with retries, plus 60 seconds for the answer."""

RENEW_SECONDS = 45
PAGE = 50

_logger = get_logger("deliveries")


class Deliveries:
    """What the queue function does with a nudge."""

    def __init__(
        self,
        conversations: ConversationRepository,
        messages: MessageRepository,
        cursors: CursorRepository,
        sender: Sender,
        dead_letters: DeadLetters,
        connecting: Connecting,
        nudges: Nudges,
        publisher: Publisher,
    ) -> None:
        self._conversations = conversations
        self._messages = messages
        self._cursors = cursors
        self._sender = sender
        self._dead_letters = dead_letters
        self._connecting = connecting
        self._nudges = nudges
        self._publisher = publisher
        self._watched: dict[tuple[UUID, UUID], float] = {}

    async def handle(self, nudge: Nudge) -> None:
        """Look at what the nudge names; raises DependencyUnavailable to be nudged again."""
        if nudge.assistant_id is None:
            await self._look_at_all(nudge.conversation_id)
            return
        look_again = True
        while look_again:
            look_again = await self._deliver(nudge.conversation_id, nudge.assistant_id, nudge)

    async def _look_at_all(self, conversation_id: UUID) -> None:
        """Nudge every delivery, and end subscriptions of people who have left."""
        try:
            conversation = (await self._conversations.load(conversation_id)).conversation
        except NotFound:
            return
        for participant in conversation.participants.values():
            if participant.assistant_service_id is not None:
                assistant_id = UUID(participant.id)
                self._nudges.now(Nudge(conversation_id=conversation_id, assistant_id=assistant_id))
        gone = [found.id for found in conversation.participants.values() if not found.active]
        await self._publisher.send_away(conversation, gone)

    async def _deliver(self, conversation_id: UUID, assistant_id: UUID, nudge: Nudge) -> bool:
        """Deliver what there is; whether to look again."""
        found = await self._cursors.get(conversation_id, assistant_id)
        if found is None or not await self._is_my_turn(found[0], nudge):
            return False
        cursor, etag = found
        try:
            conversation = (await self._conversations.load(conversation_id)).conversation
        except NotFound:
            return False
        try:
            return await self._deliver_to(conversation, cursor, etag)
        except LostLeaseError:
            return False

    async def _deliver_to(self, conversation: Conversation, cursor: Cursor, etag: str) -> bool:
        participant = conversation.participants.get(str(cursor.assistant_id))
        if participant is None or not participant.active:
            await self._end(conversation, participant, cursor, etag)
            return False
        if cursor.position >= conversation.last_sequence:
            if conversation.deleted is not None:
                await self._end(conversation, participant, cursor, etag)
            return False
        cursor.leased_until = clock.now() + LEASE
        etag = await self._cursors.save(cursor, etag)
        run = _Run(self._cursors, cursor, etag)
        try:
            return await self._send_all(participant, run)
        finally:
            await run.release()

    async def _send_all(self, participant: Participant, run: "_Run") -> bool:
        """Send until nothing is left, or until an event must wait; whether nothing is left."""
        cursor = run.cursor
        while True:
            pending = await self._messages.announcements(
                cursor.conversation_id, cursor.position, PAGE
            )
            if not pending:
                return True
            if not await self._send_page(participant, pending, run):
                return False

    async def _send_page(
        self, participant: Participant, pending: Sequence[Message | Event], run: "_Run"
    ) -> bool:
        for announcement in pending:
            if not await self._send(participant, announcement, run.cursor):
                return False
            run.cursor.position = announcement.sequence
            run.cursor.attempts = 0
            run.cursor.not_before = None
            await run.renew()
        return True

    async def _send(
        self, participant: Participant, announcement: Message | Event, cursor: Cursor
    ) -> bool:
        """Send one event; False if it must wait, with the time set at the cursor."""
        if isinstance(announcement, Event) and announcement.audience is Audience.PEOPLE:
            return True
        event = envelope(cursor.conversation_id, announcement)
        outcome = await self._sender.send(participant, cursor.assistant_id, event)
        if outcome is Outcome.DELIVERED:
            return True
        wait = await self._dead_letters.wait_or_bury(outcome, event, cursor)
        if wait is None:
            return True
        cursor.not_before = clock.now() + timedelta(seconds=wait)
        await self._nudges.later(_nudge(cursor), int(wait) + 1)
        return False

    async def _is_my_turn(self, cursor: Cursor, nudge: Nudge) -> bool:
        now = clock.now()
        if cursor.leased_until is not None and now < cursor.leased_until:
            await self._watch(cursor, cursor.leased_until - now)
            return False
        return nudge.retry_now or cursor.not_before is None or now >= cursor.not_before

    async def _watch(self, cursor: Cursor, remaining: timedelta) -> None:
        """Come back when the lease has run out, in case its holder dies: once for each lease."""
        key = (cursor.conversation_id, cursor.assistant_id)
        now = time.monotonic()
        if self._watched.get(key, 0.0) > now:
            return
        self._watched = {watched: until for watched, until in self._watched.items() if until > now}
        self._watched[key] = now + remaining.total_seconds()
        await self._nudges.later(_nudge(cursor), int(remaining.total_seconds()) + 1)

    async def _end(
        self,
        conversation: Conversation,
        participant: Participant | None,
        cursor: Cursor,
        etag: str,
    ) -> None:
        """The assistant left: tell its service, should a crash have kept us from it."""
        if _is_joining(participant, clock.now()):
            return
        await self._cursors.remove(cursor, etag)
        if participant is not None and participant.assistant_service_id is not None:
            await self._connecting.disconnect(
                participant.assistant_service_id,
                cursor.assistant_id,
                conversation.conversation_id,
            )
        log(
            _logger,
            logging.INFO,
            "delivery_ended",
            conversation_id=cursor.conversation_id,
            assistant_id=cursor.assistant_id,
        )


class _Run:
    """A leased cursor: saved now and then, so that a crash repeats little."""

    def __init__(self, cursors: CursorRepository, cursor: Cursor, etag: str) -> None:
        self.cursor = cursor
        self._cursors = cursors
        self._etag = etag
        self._saved_at = time.monotonic()

    async def renew(self) -> None:
        """Save the cursor with a longer lease if the last time was long ago."""
        if time.monotonic() - self._saved_at > RENEW_SECONDS:
            self.cursor.leased_until = clock.now() + LEASE
            await self.save()

    async def release(self) -> None:
        """Give up the lease, so that anybody may go on from here; raises LostLeaseError."""
        self.cursor.leased_until = None
        await self.save()

    async def save(self) -> None:
        """Save the cursor; raises LostLeaseError."""
        self._etag = await self._cursors.save(self.cursor, self._etag)
        self._saved_at = time.monotonic()


def _nudge(cursor: Cursor) -> Nudge:
    return Nudge(conversation_id=cursor.conversation_id, assistant_id=cursor.assistant_id)


def _is_joining(participant: Participant | None, now: datetime) -> bool:
    return (
        participant is not None
        and participant.joining_until is not None
        and now < participant.joining_until
    )

"""Delivery of events to assistants: at least once, in order, one worker at a time.

The cursor of a (conversation, assistant) is leased by ETag, the events after it are sent one
by one, and the cursor moves on. After giving up the lease the worker looks once more, because
whoever was nudged meanwhile saw the lease and went away.

A worker that is killed takes its nudge with it: the host hides the queue message from the others
for ten minutes. So another nudge, sent before the lease is taken, looks after it: what the dead
worker left is delivered within some twenty seconds, its last events a second time. It costs one
queue message for several runs; a longer lease would cost less and recover later, none at all
would recover with the host's message. See docs/events.md.
"""

import logging
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from cachetools import LRUCache

from shared import clock, metrics, telemetry
from shared.adapters.cosmos.conversations import ConversationRepository
from shared.adapters.cosmos.cursors import Cursor, CursorRepository, LostLeaseError
from shared.adapters.cosmos.messages import MessageRepository
from shared.domain.changes import Audience, Event
from shared.domain.conversation import Conversation, Message, Participant
from shared.domain.events import envelope
from shared.errors import NotFound
from shared.services.connecting import Connecting
from shared.services.dead_letters import DeadLetters
from shared.services.leases import LEASE_SECONDS, Lease
from shared.services.nudges import Nudge, Nudges
from shared.services.publishing import Publisher
from shared.services.sending import Outcome, Sender
from shared.telemetry import get_logger, log

WATCH_SECONDS = 20
"""When to see whether the holder of a lease is still alive; longer than a lease."""

PRESENCE_SECONDS = 1.0
"""How old the knowledge may be that an assistant still takes part."""

LATE_SECONDS = 60
"""Older than this an event is delivered late, whatever kept it."""

REMEMBERED = 10_000
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
        self._reminded: LRUCache[tuple[UUID, UUID], float] = LRUCache(REMEMBERED)
        self._watched: LRUCache[tuple[UUID, UUID], float] = LRUCache(REMEMBERED)

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
        conversation = await self._conversations.find(conversation_id)
        if conversation is None:
            return
        for participant in conversation.participants.values():
            if participant.assistant_service_id is not None:
                assistant_id = UUID(participant.id)
                self._nudges.now(Nudge(conversation_id=conversation_id, assistant_id=assistant_id))
        await self._publisher.send_away(conversation, conversation.away())

    async def _deliver(self, conversation_id: UUID, assistant_id: UUID, nudge: Nudge) -> bool:
        """Deliver what there is; whether to look again."""
        found = await self._cursors.get(conversation_id, assistant_id)
        if found is None or not await self._is_my_turn(found[0], nudge):
            return False
        cursor, etag = found
        try:
            conversation = (await self._conversations.load(conversation_id)).conversation
            return await self._deliver_to(conversation, cursor, etag)
        except (LostLeaseError, NotFound):
            return False

    async def _deliver_to(self, conversation: Conversation, cursor: Cursor, etag: str) -> bool:
        if _active(conversation, cursor) is None:
            await self._end(conversation, cursor, etag)
            return False
        if cursor.position >= conversation.last_sequence:
            if conversation.deleted is not None:
                await self._end(conversation, cursor, etag)
            return False
        await self._watch(cursor)
        lease = Lease(self._cursors, cursor, etag)
        return await lease.hold(self._send_all(conversation, cursor))

    async def _send_all(self, conversation: Conversation, cursor: Cursor) -> bool:
        """Send until nothing is left, or until an event must wait; whether nothing is left.

        Only what was announced while the assistant is known to be there is sent: up to the last
        event of the aggregate that says so.
        """
        while _active(conversation, cursor) and cursor.position < conversation.last_sequence:
            page = await self._messages.announcements(cursor.conversation_id, cursor.position, PAGE)
            known = [found for found in page if found.sequence <= conversation.last_sequence]
            sent = await self._send_page(conversation, known, cursor)
            _report_lateness(cursor, known)
            if not sent:
                return False
            if not known:  # the rest has expired
                cursor.advance(conversation.last_sequence)
            conversation = (await self._conversations.load(cursor.conversation_id)).conversation
        return True

    async def _send_page(
        self, conversation: Conversation, page: Sequence[Message | Event], cursor: Cursor
    ) -> bool:
        """Send a page, or as much of it as there is time for before another look at who is here."""
        seen_at = time.monotonic()
        participant = _active(conversation, cursor)
        for announcement in page:
            if time.monotonic() - seen_at > PRESENCE_SECONDS:
                conversation = (await self._conversations.load(cursor.conversation_id)).conversation
                participant = _active(conversation, cursor)
                seen_at = time.monotonic()
            if participant is None:
                return True
            if not await self._send(participant, announcement, cursor):
                return False
            cursor.advance(announcement.sequence)
        return True

    async def _send(
        self, participant: Participant, announcement: Message | Event, cursor: Cursor
    ) -> bool:
        """Send one event; False if it must wait, with the time set at the cursor."""
        if isinstance(announcement, Event) and announcement.audience == Audience.PEOPLE:
            return True
        event = envelope(cursor.conversation_id, announcement)
        with telemetry.continued(
            "deliver_event", announcement.correlation_id, announcement.trace_parent
        ):
            outcome = await self._sender.send(participant, cursor.assistant_id, event)
        if outcome is Outcome.DELIVERED:
            metrics.events_delivered.add(1)
            metrics.delivery_lag.record(_age(event.timestamp))
            return True
        wait = await self._dead_letters.wait_or_bury(outcome, event, cursor)
        if wait is None:
            return True
        cursor.wait(clock.now() + timedelta(seconds=wait), event.timestamp)
        await self._remind(cursor, wait)
        return False

    async def _is_my_turn(self, cursor: Cursor, nudge: Nudge) -> bool:
        now = clock.now()
        if cursor.leased_until is None or now >= cursor.leased_until:
            if nudge.retry_now or cursor.not_before is None or now >= cursor.not_before:
                return True
            await self._remind_in_doubt(cursor, (cursor.not_before - now).total_seconds())
            return False
        if nudge.retry_now:  # its holder may be about to wait for the service that is back
            await self._nudges.later(nudge, LEASE_SECONDS + 1)
        else:
            await self._watch(cursor)
        return False

    async def _remind(self, cursor: Cursor, seconds: float) -> None:
        """Have somebody come back when the event that waits may be tried again."""
        self._reminded.pop(_key(cursor), None)
        now = time.monotonic()
        await self._nudges.later(_nudge(cursor), int(seconds) + 1)
        self._reminded[_key(cursor)] = now + int(seconds) + 1

    async def _remind_in_doubt(self, cursor: Cursor, seconds: float) -> None:
        """The same, unless this process knows that somebody will.

        Whoever set the time may have failed to send a nudge, or have a clock that is ahead of
        ours: then this was the nudge that was to come back.
        """
        if self._reminded.get(_key(cursor), 0.0) < time.monotonic() + seconds:
            await self._remind(cursor, seconds)

    async def _watch(self, cursor: Cursor) -> None:
        """Have somebody look when a lease of now has run out, in case its holder dies.

        One nudge does for all leases that run out before it fires.
        """
        now = time.monotonic()
        if self._watched.get(_key(cursor), 0.0) > now + LEASE_SECONDS:
            return
        await self._nudges.later(_nudge(cursor), WATCH_SECONDS)
        self._watched[_key(cursor)] = now + WATCH_SECONDS

    async def _end(
        self,
        conversation: Conversation,
        cursor: Cursor,
        etag: str,
    ) -> None:
        """The assistant left: tell its service, should a crash have kept us from it."""
        participant = conversation.participants.get(str(cursor.assistant_id))
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


def _active(conversation: Conversation, cursor: Cursor) -> Participant | None:
    participant = conversation.participants.get(str(cursor.assistant_id))
    return participant if participant is not None and participant.active else None


def _report_lateness(cursor: Cursor, page: Sequence[Message | Event]) -> None:
    """One line for a page whose first event got there late: operators count these lines."""
    if not page or cursor.position < page[0].sequence:
        return
    seconds = _age(page[0].timestamp)
    if seconds > LATE_SECONDS:
        log(
            _logger,
            logging.WARNING,
            "delivered_late",
            conversation_id=cursor.conversation_id,
            assistant_id=cursor.assistant_id,
            sequence=page[0].sequence,
            seconds=round(seconds),
        )


def _age(timestamp: datetime) -> float:
    return (clock.now() - timestamp).total_seconds()


def _key(cursor: Cursor) -> tuple[UUID, UUID]:
    return cursor.conversation_id, cursor.assistant_id


def _nudge(cursor: Cursor) -> Nudge:
    return Nudge(conversation_id=cursor.conversation_id, assistant_id=cursor.assistant_id)


def _is_joining(participant: Participant | None, now: datetime) -> bool:
    return (
        participant is not None
        and participant.joining_until is not None
        and now < participant.joining_until
    )

"""Nudges: queue messages that make somebody look at a conversation.

A nudge carries no event. It names a conversation and perhaps an assistant; whoever gets it
looks at what is committed, and does nothing if there is nothing to do. One nudge is sent when
a change is committed. Another one, sent before and visible only after the request can no
longer be alive, covers a crash in between; it serves all changes made until it fires.
"""

import time
from uuid import UUID

from cachetools import LRUCache

from shared import invocation, resources
from shared.adapters.queues import Queues
from shared.domain.conversation import Conversation
from shared.services.queue_messages import QueueMessage

REQUEST_SECONDS = 240
"""Longer than any HTTP request lives: Azure's front end ends them after 230 seconds."""

REMEMBERED = 10_000


class Nudge(QueueMessage):
    """Look at this conversation: at one assistant's deliveries, or at everything.

    `retry_now`: don't wait for a back-off to end, because the assistant service came back.
    `dead_letter`: the sequence number of an event that an operator wants to be sent once more.
    """

    conversation_id: UUID
    assistant_id: UUID | None = None
    retry_now: bool = False
    dead_letter: int | None = None


class Nudges:
    """Sends nudges, as few as will do; those ahead of a change fire after `write_ahead_seconds`."""

    def __init__(self, queues: Queues, write_ahead_seconds: int) -> None:
        self._queues = queues
        self._write_ahead = write_ahead_seconds
        self._covered_until: LRUCache[UUID, float] = LRUCache(REMEMBERED)

    async def cover(self, conversation_id: UUID) -> None:
        """Make sure that a nudge will fire after this request, whatever becomes of it."""
        now = time.monotonic()
        if self._covered_until.get(conversation_id, 0.0) > now + REQUEST_SECONDS:
            return
        # It serves many requests, minutes later: of no trace.
        nudge = Nudge(conversation_id=conversation_id, trace_parent="")
        await self.later(nudge, self._write_ahead)
        self._covered_until[conversation_id] = now + self._write_ahead

    def committed(self, conversation: Conversation) -> None:
        """Nudge the deliveries of all active assistants as soon as the handler returns."""
        for participant in conversation.active_assistants():
            self.now(
                Nudge(
                    conversation_id=conversation.conversation_id,
                    assistant_id=UUID(participant.id),
                )
            )

    def now(self, nudge: Nudge) -> None:
        """Send a nudge through the host's output binding."""
        invocation.current().enqueue(resources.DELIVERIES_QUEUE, nudge.model_dump_json())

    async def later(self, nudge: Nudge, delay_seconds: int) -> None:
        """Send a nudge that becomes visible after a while."""
        await self._queues.send(resources.DELIVERIES_QUEUE, nudge.model_dump_json(), delay_seconds)

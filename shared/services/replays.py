"""Sending the event of a dead letter once more, because an operator asks for it.

The request is a nudge that names the dead letter: whoever may write to the queue is an operator.
"""

import logging
from uuid import UUID

from shared.adapters.cosmos.backlog import BacklogRepository
from shared.adapters.cosmos.conversations import ConversationRepository
from shared.adapters.cosmos.messages import MessageRepository
from shared.domain.events import envelope
from shared.services.nudges import Nudge
from shared.services.sending import Outcome, Sender
from shared.telemetry import get_logger, log

_logger = get_logger("replays")


class Replays:
    """Works dead letters off, one at a time."""

    def __init__(
        self,
        backlog: BacklogRepository,
        conversations: ConversationRepository,
        messages: MessageRepository,
        sender: Sender,
    ) -> None:
        self._backlog = backlog
        self._conversations = conversations
        self._messages = messages
        self._sender = sender

    async def replay(self, nudge: Nudge) -> None:
        """Send the event that the nudge's dead letter is about, after whatever came since.

        The letter goes when the assistant has taken the event; else it stays, and a log line says
        why. Without a letter nothing happens, so that asking twice changes nothing.
        """
        assistant_id, sequence = nudge.assistant_id, nudge.dead_letter
        if assistant_id is None or sequence is None:
            return
        letter = (nudge.conversation_id, assistant_id, sequence)
        result = await self._result(*letter)
        if result == Outcome.DELIVERED.name:
            await self._backlog.remove_letter(*letter)
        log(
            _logger,
            logging.INFO,
            "dead_letter_replayed",
            conversation_id=nudge.conversation_id,
            assistant_id=assistant_id,
            sequence=sequence,
            result=result.lower(),
        )

    async def _result(self, conversation_id: UUID, assistant_id: UUID, sequence: int) -> str:
        """What became of it: the name of an outcome, or why there was nothing to send."""
        if not await self._backlog.has_letter(conversation_id, assistant_id, sequence):
            return "NO_SUCH_DEAD_LETTER"
        conversation = await self._conversations.find(conversation_id)
        if conversation is None:
            return "CONVERSATION_IS_GONE"
        participant = conversation.participants.get(str(assistant_id))
        if participant is None or not participant.active:
            return "ASSISTANT_HAS_LEFT"
        found = await self._messages.announcements(conversation_id, sequence - 1, 1)
        if not found or found[0].sequence != sequence:
            return "EVENT_HAS_EXPIRED"
        event = envelope(conversation_id, found[0])
        return (await self._sender.send(participant, assistant_id, event)).name

"""Assistants that leave conversations because they are deleted, whatever lets them in meanwhile.

Whoever deletes an assistant finds its conversations by their links. A conversation that is being
made has its links already and can't be changed yet: who makes it looks afterwards whether all
its assistants still exist.
"""

import logging
from collections.abc import Sequence
from functools import partial
from uuid import UUID

from shared import invocation
from shared.adapters.cosmos.assistants import AssistantRepository
from shared.adapters.cosmos.conversations import ConversationRepository
from shared.domain.conversation import Conversation
from shared.domain.participants import RemoveAssistant
from shared.errors import DependencyUnavailable, NotFound
from shared.services.changes import Changes
from shared.services.connecting import Connecting
from shared.services.side_by_side import for_each
from shared.telemetry import get_logger, log

_logger = get_logger("leaving")


class Leaving:
    """Takes assistants out of conversations for good."""

    def __init__(
        self,
        assistants: AssistantRepository,
        conversations: ConversationRepository,
        changes: Changes,
        connecting: Connecting,
    ) -> None:
        self._assistants = assistants
        self._conversations = conversations
        self._changes = changes
        self._connecting = connecting

    async def leave_all(
        self, assistant_service_id: str, assistant_id: UUID, conversation_ids: Sequence[UUID]
    ) -> None:
        """Take an assistant that is being deleted out of those conversations that know it."""
        key = str(assistant_id)
        known = [
            conversation.conversation_id
            for conversation in await self._conversations.load_many(conversation_ids)
            if _takes_part(conversation, key)
        ]
        await for_each(known, partial(self._leave, assistant_service_id, assistant_id))

    async def leave_if_gone(self, conversation_ids: Sequence[UUID]) -> None:
        """Take out of conversations that were just made the assistants that don't exist."""
        conversations = await self._conversations.load_many(conversation_ids)
        ids = {UUID(found.id) for one in conversations for found in one.active_assistants()}
        present = {record.assistant_id for record in await self._assistants.get_many(list(ids))}
        for conversation in conversations:
            for participant in conversation.active_assistants():
                if UUID(participant.id) not in present:
                    await self._leave(
                        participant.assistant_service_id or "",
                        UUID(participant.id),
                        conversation.conversation_id,
                    )

    async def try_leave_if_gone(self, conversation_ids: Sequence[UUID]) -> None:
        """The same after the last step of a request: the purge asked for ahead does it else."""
        try:
            await self.leave_if_gone(conversation_ids)
        except DependencyUnavailable as error:
            log(_logger, logging.WARNING, "leaving_put_off", error=type(error).__name__)

    async def _leave(
        self, assistant_service_id: str, assistant_id: UUID, conversation_id: UUID
    ) -> None:
        command = RemoveAssistant(str(assistant_id), invocation.current().correlation_id)
        try:
            was_active = await self._changes.apply(conversation_id, command)
        except NotFound:
            return
        if was_active:
            await self._connecting.disconnect(assistant_service_id, assistant_id, conversation_id)


def _takes_part(conversation: Conversation, assistant_id: str) -> bool:
    """Whether the assistant is active there, or joining."""
    record = conversation.participants.get(assistant_id)
    return record is not None and (record.active or record.joining_until is not None)

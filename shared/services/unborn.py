"""Conversations that are made in many steps: nobody sees one before it is complete.

Links and a request to purge come first, the aggregate comes last. Whatever ends the work in
between, even the end of the process, leaves nothing: a conversation without an aggregate is
purged when no request that is running now can finish it any more. Several that belong together
are part of a publication, which decides for all of them.
"""

from collections.abc import Sequence
from functools import partial
from uuid import UUID

from shared.adapters.cosmos.conversations import ConversationRepository
from shared.adapters.cosmos.links import Link, LinkRepository, of_participant, of_user
from shared.domain.conversation import Conversation
from shared.services.purges import Purges
from shared.services.side_by_side import for_each


class Unborn:
    """Begins, publishes and abandons conversations."""

    def __init__(
        self,
        conversations: ConversationRepository,
        links: LinkRepository,
        purges: Purges,
        cleanup_seconds: int,
    ) -> None:
        """`cleanup_seconds` is longer than any function may run."""
        self._conversations = conversations
        self._links = links
        self._purges = purges
        self._cleanup_seconds = cleanup_seconds

    async def begin(
        self, conversations: Sequence[Conversation], publication_id: UUID | None = None
    ) -> None:
        """Prepare for the conversations, whose participants must be complete.

        With a publication, they become visible if that is decided, and are purged else.
        """
        if publication_id is not None:
            await self.finish_later(publication_id, self._cleanup_seconds)
        await for_each(conversations, partial(self._begin, publication_id))

    async def finish_later(self, publication_id: UUID, delay_seconds: int = 0) -> None:
        """Ask for a publication to be carried out, or for what is left of it to be removed."""
        await self._purges.later(publication_id, delay_seconds, publication_id)

    async def publish(self, conversations: Sequence[Conversation]) -> None:
        """Make the conversations visible: everything else of them must be stored."""
        await for_each(conversations, self._conversations.create)

    async def abandon(self, conversations: Sequence[Conversation]) -> None:
        """Remove what there is of the conversations, some of it in the background."""
        await for_each(conversations, self._abandon)

    async def _begin(self, publication_id: UUID | None, conversation: Conversation) -> None:
        conversation_id = conversation.conversation_id
        await self._purges.later(conversation_id, self._cleanup_seconds, publication_id)
        for source in _sources(conversation):
            await self._links.add(source, Link.CONVERSATION, conversation_id)

    async def _abandon(self, conversation: Conversation) -> None:
        conversation_id = conversation.conversation_id
        if await self._conversations.find(conversation_id) is not None:
            await self._conversations.discard(conversation_id)
        for source in _sources(conversation):
            await self._links.remove(source, Link.CONVERSATION, conversation_id)
        await self._purges.later(conversation_id, 0)


def _sources(conversation: Conversation) -> list[str]:
    """Who finds the conversation in their lists: its owner, and who is active in it."""
    active = [of_participant(found) for found in conversation.participants.values() if found.active]
    return list(dict.fromkeys([of_user(conversation.owner_id), *active]))

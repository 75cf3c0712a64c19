"""Deleting conversations, and removing what is left of deleted or unfinished ones.

A conversation whose aggregate is marked as deleted, or was never written, is purged chunk by
chunk: each message removes a part and asks for the next, so a crash only repeats a part.
"""

from datetime import timedelta
from uuid import UUID

from shared import clock, invocation, resources
from shared.adapters.blobs import Blobs
from shared.adapters.cosmos.conversations import ConversationRepository
from shared.adapters.cosmos.links import Link, LinkRepository, of_participant, of_user
from shared.adapters.cosmos.partitions import ConversationPartitions
from shared.adapters.queues import Queues
from shared.domain.conversation import Conversation
from shared.domain.deletion import DeleteConversation
from shared.domain.principals import Actor
from shared.services.changes import Changes
from shared.services.leaving import Leaving
from shared.services.publications import Publications
from shared.services.queue_messages import QueueMessage
from shared.services.share_upkeep import ShareUpkeep

WRITE_AHEAD_SECONDS = 300
"""Longer than the request that deletes lives."""

ASK_AGAIN_SECONDS = 30
CHUNK = 200


class PurgeRequest(QueueMessage):
    """A queue message: remove what there is of a conversation, if it is deleted or unborn.

    `publication_id`: what it becomes visible with, if that is decided.
    """

    conversation_id: UUID
    publication_id: UUID | None = None


class Purges:
    """Use cases around the end of conversations."""

    def __init__(
        self,
        conversations: ConversationRepository,
        partitions: ConversationPartitions,
        links: LinkRepository,
        blobs: Blobs,
        queues: Queues,
        changes: Changes,
        shares: ShareUpkeep,
        publications: Publications,
        leaving: Leaving,
        hold_seconds: int,
    ) -> None:
        self._conversations = conversations
        self._partitions = partitions
        self._links = links
        self._blobs = blobs
        self._queues = queues
        self._changes = changes
        self._shares = shares
        self._publications = publications
        self._leaving = leaving
        self._hold = timedelta(seconds=hold_seconds)

    async def delete(self, actor: Actor, conversation_id: UUID) -> None:
        """Delete a conversation: gone at once, purged in the background."""
        await self.later(conversation_id, WRITE_AHEAD_SECONDS)
        command = DeleteConversation(actor, invocation.current().correlation_id)
        await self._changes.apply(conversation_id, command)
        self._now(conversation_id)

    async def later(
        self, conversation_id: UUID, delay_seconds: int, publication_id: UUID | None = None
    ) -> None:
        """Ask for a purge after a while: what is finished or alive by then stays as it is."""
        request = PurgeRequest(conversation_id=conversation_id, publication_id=publication_id)
        await self._queues.send(resources.PURGES_QUEUE, request.model_dump_json(), delay_seconds)

    async def handle(self, request: PurgeRequest) -> None:
        """Remove one chunk, and ask for the next one; or finish what is visible in part."""
        conversation = await self._conversations.find(request.conversation_id)
        if conversation is None and request.publication_id is not None:
            if await self._publications.finish(request.publication_id):
                return
            # Another message may have finished it since the conversation was looked for.
            conversation = await self._conversations.find(request.conversation_id)
        await self._purge(request.conversation_id, conversation)

    async def _purge(self, conversation_id: UUID, conversation: Conversation | None) -> None:
        """One that was just made stays, without the assistants that were deleted meanwhile."""
        if conversation is not None:
            if conversation.deleted is None:
                await self._leaving.leave_if_gone([conversation_id])
                return
            if await self._must_wait(conversation, clock.now() - conversation.deleted):
                await self.later(conversation_id, ASK_AGAIN_SECONDS)
                return
        prefix = f"{conversation_id}/"
        finished = await self._blobs.delete_all(resources.FILES_BLOB_CONTAINER, prefix, CHUNK)
        finished = await self._shares.remove_all_of(conversation_id) and finished
        finished = await self._partitions.delete_chunk(conversation_id, CHUNK) and finished
        if not finished:
            self._now(conversation_id)
        elif conversation is not None:
            await self._remove_links(conversation)
            await self._conversations.discard(conversation_id)

    async def _must_wait(self, conversation: Conversation, age: timedelta) -> bool:
        """Whether assistants are still to be told, as long as events are held for them."""
        if age > self._hold:
            return False
        return await self._partitions.has_cursors(conversation.conversation_id)

    async def _remove_links(self, conversation: Conversation) -> None:
        conversation_id = conversation.conversation_id
        sources = {of_participant(found) for found in conversation.participants.values()}
        for source in sources | {of_user(conversation.owner_id)}:
            await self._links.remove(source, Link.CONVERSATION, conversation_id)

    def _now(self, conversation_id: UUID) -> None:
        request = PurgeRequest(conversation_id=conversation_id)
        invocation.current().enqueue(resources.PURGES_QUEUE, request.model_dump_json())

"""What happens to shares in the background: removal in chunks, redemptions to be finished.

Both begin with a message that is sent before anything changes, and becomes visible when the
request can no longer be alive. Whoever gets it looks at what is committed: a share that is not
deleted stays, a redemption that did not happen is not recorded, and what is done already is
done again without effect.
"""

import asyncio
from uuid import UUID

from shared import invocation, resources
from shared.adapters.cosmos.conversations import ConversationRepository
from shared.adapters.cosmos.links import Link, LinkRepository, of_conversation, of_user
from shared.adapters.cosmos.shares import ShareRepository
from shared.adapters.queues import Queues
from shared.domain.shares import Redemption
from shared.services.queue_messages import QueueMessage

WRITE_AHEAD_SECONDS = 300
"""Longer than any request lives."""

REDEMPTIONS_AT_ONCE = 50
SHARES_AT_ONCE = 20


class ShareRequest(QueueMessage):
    """A queue message: remove a share if it is deleted, or record that a person redeemed it."""

    share_id: UUID
    conversation_id: UUID
    redeemed_by: str | None = None


class ShareUpkeep:
    """Finishes what requests began."""

    def __init__(
        self,
        shares: ShareRepository,
        conversations: ConversationRepository,
        links: LinkRepository,
        queues: Queues,
    ) -> None:
        self._shares = shares
        self._conversations = conversations
        self._links = links
        self._queues = queues

    async def ahead(self, request: ShareRequest) -> None:
        """Make sure that somebody looks at it, whatever becomes of the present request."""
        await self._queues.send(
            resources.SHARES_QUEUE, request.model_dump_json(), WRITE_AHEAD_SECONDS
        )

    def now(self, request: ShareRequest) -> None:
        """Have somebody look at it as soon as the handler has returned."""
        invocation.current().enqueue(resources.SHARES_QUEUE, request.model_dump_json())

    async def handle(self, request: ShareRequest) -> None:
        """Do what a message asks for; asks for the next chunk itself."""
        if request.redeemed_by is not None:
            await self._record(request, request.redeemed_by)
            return
        share = await self._shares.get(request.share_id)
        if share is not None and share.deleted is None:
            return
        if not await self._remove_chunk(request.share_id, request.conversation_id):
            self.now(request)

    async def remove_all_of(self, conversation_id: UUID) -> bool:
        """Remove a part of the shares of a deleted conversation; whether none is left."""
        ids = await self._links.targets(of_conversation(conversation_id), Link.SHARE)
        for share_id in ids[:SHARES_AT_ONCE]:
            if not await self._remove_chunk(share_id, conversation_id):
                return False
        return len(ids) <= SHARES_AT_ONCE

    async def _record(self, request: ShareRequest, user_id: str) -> None:
        """Copy a redemption from the participant whom it let in, if that happened."""
        share = await self._shares.get(request.share_id)
        if share is None or share.deleted is not None:
            return
        conversation = await self._conversations.find(request.conversation_id)
        if conversation is None:
            return
        participant = conversation.participants.get(user_id)
        admission = participant.admission if participant is not None else None
        if admission is not None and admission.share_id == request.share_id:
            await self._shares.record(Redemption.of(admission, request.conversation_id, user_id))

    async def _remove_chunk(self, share_id: UUID, conversation_id: UUID) -> bool:
        """Remove the share and some of its redemptions; whether nothing is left.

        The share goes first, because without it nothing is recorded any more, and the link by
        which a purge finds it last.
        """
        share = await self._shares.get(share_id)
        if share is not None:
            await self._links.remove(of_user(share.owner_id), Link.SHARE, share_id)
            await self._shares.remove(share_id)
        found = await self._shares.some_redemptions(share_id, REDEMPTIONS_AT_ONCE)
        if found:
            await asyncio.gather(*(self._unlink(redemption) for redemption in found))
            await self._shares.remove_redemptions(share_id, found)
        if len(found) == REDEMPTIONS_AT_ONCE:
            return False
        await self._links.remove(of_conversation(conversation_id), Link.SHARE, share_id)
        return True

    async def _unlink(self, redemption: Redemption) -> None:
        source = of_user(redemption.user_id)
        await self._links.remove(source, Link.REDEMPTION, redemption.redemption_id)

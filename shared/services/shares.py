"""Shares of conversations: create, list, redeem, delete.

Redeeming touches three partitions, in this order: the links (hints, so one too many does no
harm), the conversation, the redemption's record. What decides is the conversation: its batch
makes the person a participant, announces it, and holds the redemption itself (`admission`). The
record in the share's partition is a copy; a message sent ahead makes it if the process dies
before. Redeeming again may be repeated at will: it raises nothing, announces nothing, and only
leaves another record, as in the reference.

A deleted share is marked first, which takes it and its redemptions from everybody at once, and
removed in the background. What it gave stays.
"""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from shared import clock, invocation
from shared.adapters.cosmos.conversations import ConversationRepository
from shared.adapters.cosmos.links import Link, LinkRepository, of_conversation, of_user
from shared.adapters.cosmos.profiles import Profile, ProfileRepository
from shared.adapters.cosmos.shares import ShareRepository
from shared.contracts.shares import (
    ConversationShare,
    ConversationShareList,
    ConversationShareRedemption,
    ConversationShareRedemptionList,
    NewConversationShare,
    SharesQuery,
)
from shared.domain.conversation import Conversation
from shared.domain.merging import bounded
from shared.domain.principals import Assistant, User
from shared.domain.shares import (
    CONVERSATION_NOT_FOUND,
    MAX_METADATA,
    Redeemer,
    RedeemShare,
    Redemption,
    Share,
    require_may_share,
    require_may_share_for,
)
from shared.errors import InvalidArgument, NotFound
from shared.services.changes import Changes
from shared.services.profiles import Profiles, profile_view
from shared.services.share_upkeep import ShareRequest, ShareUpkeep


class Shares:
    """Use cases around shares and redemptions."""

    def __init__(
        self,
        shares: ShareRepository,
        conversations: ConversationRepository,
        links: LinkRepository,
        profile_records: ProfileRepository,
        profiles: Profiles,
        changes: Changes,
        upkeep: ShareUpkeep,
    ) -> None:
        self._shares = shares
        self._conversations = conversations
        self._links = links
        self._profile_records = profile_records
        self._profiles = profiles
        self._changes = changes
        self._upkeep = upkeep

    async def create(self, user: User, new: NewConversationShare) -> ConversationShare:
        """A share of a conversation that the caller may write in, or owns."""
        try:
            conversation = await self._load(new.conversation_id)
        except NotFound as error:
            raise InvalidArgument(CONVERSATION_NOT_FOUND) from error
        require_may_share(conversation, user, clock.now())
        return await self._create(new, conversation, await self._profiles.ensure(user))

    async def create_for_owner(
        self, assistant: Assistant, owner_id: str, new: NewConversationShare
    ) -> ConversationShare:
        """An assistant shares a conversation that it is in, in the name of the owner."""
        try:
            conversation = await self._load(new.conversation_id)
        except NotFound as error:
            raise NotFound(CONVERSATION_NOT_FOUND) from error
        require_may_share_for(conversation, assistant, owner_id, clock.now())
        return await self._create(new, conversation, await self._profile(owner_id))

    async def list_shares(self, user: User, query: SharesQuery) -> ConversationShareList:
        """The caller's shares, the oldest first."""
        ids = await self._shares_of(user, query.conversation_id)
        found = [
            share
            for share in await self._shares.get_many(ids)
            if share.owner_id == user.user_id
            and share.deleted is None
            and (share.is_redeemable or query.include_unredeemable)
        ]
        conversations = await self._alive(share.conversation_id for share in found)
        found = [share for share in found if share.conversation_id in conversations]
        if not found:
            return ConversationShareList(conversation_shares=[])
        owner = await self._profile(user.user_id)
        return ConversationShareList(
            conversation_shares=[
                _share_view(share, conversations[share.conversation_id], owner)
                for share in sorted(found, key=_created)
            ]
        )

    async def get(self, user: User, share_id: UUID) -> ConversationShare:
        """A share, for whoever knows its id; raises NotFound."""
        share = await self._find(share_id)
        if share.owner_id != user.user_id and not share.is_redeemable:
            raise NotFound
        conversation, owner = await asyncio.gather(
            self._load(share.conversation_id), self._profile(share.owner_id)
        )
        return _share_view(share, conversation, owner)

    async def delete(self, user: User, share_id: UUID) -> None:
        """Take back a share of one's own: nobody can redeem it any more."""
        share = await self._find(share_id)
        if share.owner_id != user.user_id or not share.is_redeemable:
            raise NotFound
        request = ShareRequest(share_id=share_id, conversation_id=share.conversation_id)
        await self._upkeep.ahead(request)
        await self._shares.mark_deleted(share_id, clock.now())
        self._upkeep.now(request)

    async def redeem(self, user: User, share_id: UUID) -> ConversationShareRedemption:
        """Take part in a shared conversation; see the module for the order of things."""
        share = await self._find(share_id)
        if not share.is_redeemable:
            raise NotFound
        redemption_id = clock.new_uuid()
        conversation_id = share.conversation_id
        source = of_user(user.user_id)
        request = ShareRequest(
            share_id=share_id, conversation_id=conversation_id, redeemed_by=user.user_id
        )
        profile, *_ = await asyncio.gather(
            self._profiles.ensure(user),
            self._links.add(source, Link.CONVERSATION, conversation_id),
            self._links.add(source, Link.REDEMPTION, redemption_id, within=share_id),
            self._upkeep.ahead(request),
        )
        try:
            redemption = await self._admit(profile, share, redemption_id)
        except NotFound:
            await self._links.remove(source, Link.CONVERSATION, conversation_id)
            await self._links.remove(source, Link.REDEMPTION, redemption_id)
            raise
        if not await self._shares.record(redemption):
            await self._links.remove(source, Link.REDEMPTION, redemption_id)
        return _redemption_view(redemption, profile)

    async def list_redemptions(self, user: User, share_id: UUID) -> ConversationShareRedemptionList:
        """Who redeemed a share of the caller's; nobody if the share is not theirs."""
        shares, redemptions = await self._shares.with_redemptions(share_id)
        theirs = [
            share for share in shares if share.owner_id == user.user_id and share.deleted is None
        ]
        if not theirs or not await self._alive([theirs[0].conversation_id]):
            return ConversationShareRedemptionList(conversation_share_redemptions=[])
        user_ids = [redemption.user_id for redemption in redemptions]
        return _redemption_list(redemptions, await self._profile_records.get_many(user_ids))

    async def list_own_redemptions(self, user: User) -> ConversationShareRedemptionList:
        """What the caller has redeemed, as long as the shares and conversations exist."""
        places = await self._links.places(of_user(user.user_id), Link.REDEMPTION)
        shares, redemptions = await self._shares.redemptions(places)
        existing = {share.share_id for share in shares if share.deleted is None}
        found = [redemption for redemption in redemptions if redemption.share_id in existing]
        conversations = await self._alive(redemption.conversation_id for redemption in found)
        found = [redemption for redemption in found if redemption.conversation_id in conversations]
        profiles = [await self._profile(user.user_id)] if found else []
        return _redemption_list(found, profiles)

    async def _create(
        self, new: NewConversationShare, conversation: Conversation, owner: Profile
    ) -> ConversationShare:
        share = Share(
            share_id=clock.new_uuid(),
            owner_id=owner.user_id,
            conversation_id=new.conversation_id,
            label=new.label,
            permission=new.conversation_permission,
            metadata=bounded(new.metadata, MAX_METADATA),
            created=clock.now(),
        )
        await asyncio.gather(
            self._links.add(of_user(owner.user_id), Link.SHARE, share.share_id),
            self._links.add(of_conversation(share.conversation_id), Link.SHARE, share.share_id),
        )
        await self._shares.create(share)
        return _share_view(share, conversation, owner)

    async def _admit(self, profile: Profile, share: Share, redemption_id: UUID) -> Redemption:
        redeemer = Redeemer(profile.user_id, profile.name, profile.image, profile.name_version)
        command = RedeemShare(share, redeemer, redemption_id, invocation.current().correlation_id)
        return await self._changes.apply(share.conversation_id, command)

    async def _shares_of(self, user: User, conversation_id: UUID | None) -> list[UUID]:
        ids = await self._links.targets(of_user(user.user_id), Link.SHARE)
        if conversation_id is None:
            return ids
        there = set(await self._links.targets(of_conversation(conversation_id), Link.SHARE))
        return [share_id for share_id in ids if share_id in there]

    async def _find(self, share_id: UUID) -> Share:
        share = await self._shares.get(share_id)
        if share is None or share.deleted is not None:
            raise NotFound
        return share

    async def _load(self, conversation_id: UUID) -> Conversation:
        conversation = (await self._conversations.load(conversation_id)).conversation
        if conversation.deleted is not None:
            raise NotFound
        return conversation

    async def _alive(self, conversation_ids: Iterable[UUID]) -> dict[UUID, Conversation]:
        """The conversations that exist, by their ids."""
        wanted = list(dict.fromkeys(conversation_ids))
        found = await self._conversations.load_many(wanted)
        return {one.conversation_id: one for one in found if one.deleted is None}

    async def _profile(self, user_id: str) -> Profile:
        found = await self._profile_records.get(user_id)
        if found is None:
            raise NotFound
        return found[0]


def _redemption_list(
    redemptions: Sequence[Redemption], profiles: Sequence[Profile]
) -> ConversationShareRedemptionList:
    by_id = {profile.user_id: profile for profile in profiles}
    return ConversationShareRedemptionList(
        conversation_share_redemptions=[
            _redemption_view(redemption, by_id[redemption.user_id])
            for redemption in sorted(redemptions, key=_created)
            if redemption.user_id in by_id
        ]
    )


def _share_view(share: Share, conversation: Conversation, owner: Profile) -> ConversationShare:
    return ConversationShare(
        id=share.share_id,
        owner_id=share.owner_id,
        label=share.label,
        created_by_user=profile_view(owner),
        conversation_id=share.conversation_id,
        conversation_title=conversation.title,
        conversation_permission=share.permission,
        is_redeemable=share.is_redeemable,
        created_datetime=share.created,
        metadata=share.metadata,
    )


def _redemption_view(redemption: Redemption, redeemer: Profile) -> ConversationShareRedemption:
    return ConversationShareRedemption(
        id=redemption.redemption_id,
        conversation_share_id=redemption.share_id,
        conversation_id=redemption.conversation_id,
        redeemed_by_user=profile_view(redeemer),
        conversation_permission=redemption.permission,
        new_participant=redemption.new_participant,
        created_datetime=redemption.created,
    )


def _created(record: Share | Redemption) -> datetime:
    return record.created

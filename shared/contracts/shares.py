"""Shares of conversations and their redemptions, as the API shows them."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from shared.contracts.base import JsonObject, ShortText, WireModel
from shared.contracts.participants import ConversationPermission
from shared.contracts.users import User


class NewConversationShare(WireModel):
    """A share to create: what its permission gives to whoever redeems it."""

    conversation_id: UUID
    label: ShortText
    conversation_permission: ConversationPermission
    metadata: JsonObject = Field(default_factory=dict)


class ConversationShare(WireModel):
    """A share; whoever knows its `id` may redeem it."""

    id: UUID
    owner_id: str
    label: str
    created_by_user: User
    conversation_id: UUID
    conversation_title: str
    conversation_permission: ConversationPermission
    is_redeemable: bool
    created_datetime: datetime
    metadata: JsonObject


class ConversationShareList(WireModel):
    """Several shares, the oldest first."""

    conversation_shares: list[ConversationShare]


class SharesQuery(WireModel):
    """Which of one's shares: those of one conversation only, those that can't be redeemed too."""

    include_unredeemable: bool = False
    conversation_id: UUID | None = None


class ConversationShareRedemption(WireModel):
    """One redemption of a share: `conversation_permission` is what its redeemer had after it."""

    id: UUID
    conversation_share_id: UUID
    conversation_id: UUID
    redeemed_by_user: User
    conversation_permission: ConversationPermission
    new_participant: bool
    created_datetime: datetime


class ConversationShareRedemptionList(WireModel):
    """Several redemptions, the oldest first."""

    conversation_share_redemptions: list[ConversationShareRedemption]

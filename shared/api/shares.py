"""Routes of shares and their redemptions."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from shared import resources
from shared.api.endpoint import new_router
from shared.api.openapi.described import Described
from shared.container import App
from shared.contracts.shares import (
    ConversationShare,
    ConversationShareList,
    ConversationShareRedemption,
    ConversationShareRedemptionList,
    NewConversationShare,
    SharesQuery,
)
from shared.domain.principals import Assistant, User

router = new_router()

UNKNOWN = Described(errors={400: "The conversation is unknown, or not one to share"})

ALL = "conversation-shares"
ONE = f"{ALL}/{{conversation_share_id}}"
REDEMPTIONS = f"{ONE}/redemptions"


@router.get(ALL, name="shares_all")
async def list_shares(app: App, caller: User, query: SharesQuery) -> ConversationShareList:
    """List one's own shares."""
    return await app.shares.list_shares(caller, query)


@router.post(ALL, name="shares_create", docs=UNKNOWN, queues=[resources.DELIVERIES_QUEUE])
async def create_share(app: App, caller: User, body: NewConversationShare) -> ConversationShare:
    """Share a conversation: whoever knows the id of the share may redeem it."""
    return await app.shares.create(caller, body)


@router.post(f"{ALL}/{{owner_id}}", name="shares_create_for_owner", docs=UNKNOWN)
async def create_share_for_owner(
    app: App,
    caller: Assistant,
    owner_id: Annotated[str, Field(max_length=1024)],
    body: NewConversationShare,
) -> ConversationShare:
    """Share a conversation, as an assistant that is in it, in the name of its owner."""
    return await app.shares.create_for_owner(caller, owner_id, body)


@router.get(ONE, name="shares_get")
async def get_share(app: App, caller: User, conversation_share_id: UUID) -> ConversationShare:
    """Get a share by its id."""
    return await app.shares.get(caller, conversation_share_id)


@router.delete(ONE, name="shares_delete", status=204, queues=[resources.SHARES_QUEUE])
async def delete_share(app: App, caller: User, conversation_share_id: UUID) -> None:
    """Take back a share of one's own; who redeemed it keeps what it gave."""
    await app.shares.delete(caller, conversation_share_id)


@router.post(REDEMPTIONS, name="shares_redeem", queues=[resources.DELIVERIES_QUEUE])
async def redeem_share(
    app: App, caller: User, conversation_share_id: UUID
) -> ConversationShareRedemption:
    """Redeem a share: take part in its conversation, with at least its permission."""
    return await app.shares.redeem(caller, conversation_share_id)


@router.get(REDEMPTIONS, name="shares_redemptions")
async def list_redemptions(
    app: App, caller: User, conversation_share_id: UUID
) -> ConversationShareRedemptionList:
    """List the redemptions of a share of one's own."""
    return await app.shares.list_redemptions(caller, conversation_share_id)


@router.get("conversation-share-redemptions", name="redemptions_all")
async def list_own_redemptions(app: App, caller: User) -> ConversationShareRedemptionList:
    """List what one has redeemed."""
    return await app.shares.list_own_redemptions(caller)

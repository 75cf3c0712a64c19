"""Shares made, listed and redeemed, for tests."""

from typing import Any

import httpx

from tests.api.builders import answer_of


async def new_share(
    client: httpx.AsyncClient, conversation_id: str, permission: str = "read_write", **fields: Any
) -> dict[str, Any]:
    """A share of the client's."""
    body = {
        "conversation_id": conversation_id,
        "conversation_permission": permission,
        "label": "shared",
        **fields,
    }
    return answer_of(await client.post("/conversation-shares", json=body))


async def shares_of(client: httpx.AsyncClient, **query: Any) -> list[dict[str, Any]]:
    """The client's shares."""
    response = await client.get("/conversation-shares", params=query)
    return answer_of(response)["conversation_shares"]


async def redeem(client: httpx.AsyncClient, share_id: str) -> dict[str, Any]:
    """The client redeems a share."""
    return answer_of(await client.post(f"/conversation-shares/{share_id}/redemptions"))


async def redemptions_of(
    client: httpx.AsyncClient, share_id: str | None = None
) -> list[dict[str, Any]]:
    """The redemptions of a share of the client's, or those that the client made."""
    path = f"/conversation-shares/{share_id}/redemptions"
    response = await client.get(path if share_id else "/conversation-share-redemptions")
    return answer_of(response)["conversation_share_redemptions"]


async def share_with(
    owner: httpx.AsyncClient,
    conversation_id: str,
    person: httpx.AsyncClient,
    permission: str = "read_write",
) -> dict[str, Any]:
    """Let a person into a conversation; the redemption."""
    share = await new_share(owner, conversation_id, permission)
    return await redeem(person, share["id"])

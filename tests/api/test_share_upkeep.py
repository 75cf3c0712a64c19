"""What happens to shares in the background, and what a crash leaves."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from azure.cosmos.aio import DatabaseProxy

from local.stack.stack import Stack
from shared import resources
from shared.services.share_upkeep import ShareRequest
from tests.api.builders import get_conversation, user_id_of
from tests.api.conftest import Person, new_conversation
from tests.api.share_builders import new_share, redeem, redemptions_of, shares_of
from tests.support import backends
from tests.support.eventually import eventually


@pytest.fixture
async def database(stack: Stack) -> AsyncIterator[DatabaseProxy]:
    """The database behind the application."""
    async with backends.database(stack) as found:
        yield found


@pytest.fixture
async def conversation_id(ada: httpx.AsyncClient) -> str:
    """A conversation of Ada's."""
    return (await new_conversation(ada))["id"]


async def documents(database: DatabaseProxy, container: str, partition: str) -> list[str]:
    """The ids of what is in a partition."""
    found = database.get_container_client(container).query_items(
        "SELECT c.id FROM c", partition_key=partition
    )
    return sorted([document["id"] async for document in found])


class Traces:
    """Everything that a redeemed share leaves in the database."""

    def __init__(self, database: DatabaseProxy, places: dict[str, str], share_id: str) -> None:
        self._database = database
        self._places = places
        self._share_id = share_id

    async def all(self) -> list[str]:
        """The share, its redemptions, and the links to either."""
        found = await documents(self._database, resources.SHARES, self._share_id)
        for source in self._places.values():
            found += await documents(self._database, resources.LINKS, source)
        return [one for one in found if not one.startswith("conversation:")]

    async def are_gone(self) -> bool:
        """Whether nothing is left."""
        return await self.all() == []


@pytest.fixture
async def redeemed(
    ada: httpx.AsyncClient, person: Person, conversation_id: str, database: DatabaseProxy
) -> tuple[dict[str, Any], Traces]:
    """A share that two people redeemed, one of them twice, and all its traces."""
    share = await new_share(ada, conversation_id)
    places = {"owner": f"user:{await user_id_of(ada)}", "all": f"conversation:{conversation_id}"}
    for name, times in (("first", 1), ("second", 2)):
        redeemer = person()
        for _ in range(times):
            await redeem(redeemer, share["id"])
        places[name] = f"user:{await user_id_of(redeemer)}"
    traces = Traces(database, places, share["id"])
    assert len(await traces.all()) == 1 + 3 + 2 + 3
    return share, traces


class TestRemoval:
    """Nothing is left of what nobody can see any more."""

    async def test_nothing_of_a_deleted_share_is_left(
        self, ada: httpx.AsyncClient, redeemed: tuple[dict[str, Any], Traces]
    ) -> None:
        share, traces = redeemed
        await ada.delete(f"/conversation-shares/{share['id']}")

        await eventually(traces.are_gone)

    async def test_nothing_of_the_shares_of_a_deleted_conversation_is_left(
        self, ada: httpx.AsyncClient, redeemed: tuple[dict[str, Any], Traces]
    ) -> None:
        share, traces = redeemed
        await ada.delete(f"/conversations/{share['conversation_id']}")

        await eventually(traces.are_gone)

    async def test_many_redemptions_are_removed_in_chunks(
        self,
        ada: httpx.AsyncClient,
        person: Person,
        conversation_id: str,
        database: DatabaseProxy,
    ) -> None:
        share = await new_share(ada, conversation_id)
        bert = person()
        for _ in range(110):
            await redeem(bert, share["id"])
        assert len(await redemptions_of(bert)) == 110
        await ada.delete(f"/conversation-shares/{share['id']}")
        assert await redemptions_of(bert) == []

        places = {"bert": f"user:{await user_id_of(bert)}"}
        await eventually(Traces(database, places, share["id"]).are_gone)

    async def test_a_message_about_a_living_share_changes_nothing(
        self,
        ada: httpx.AsyncClient,
        stack: Stack,
        redeemed: tuple[dict[str, Any], Traces],
        database: DatabaseProxy,
    ) -> None:
        share, traces = redeemed
        before = await traces.all()
        other = await new_share(ada, share["conversation_id"])
        await ada.delete(f"/conversation-shares/{other['id']}")
        for share_id in (share["id"], other["id"]):
            await send(stack, request_of(share) | {"share_id": share_id})

        async def is_taken_back() -> bool:
            found = await documents(database, resources.SHARES, other["id"])
            return found == []

        await eventually(is_taken_back)
        assert [one for one in await traces.all() if other["id"] not in one] == before
        assert await shares_of(ada) == [share]


class TestCrashes:
    """A redemption that let somebody in is recorded, whatever becomes of the request."""

    async def test_the_message_sent_ahead_records_what_a_crash_left_out(
        self,
        ada: httpx.AsyncClient,
        person: Person,
        conversation_id: str,
        stack: Stack,
    ) -> None:
        share = await new_share(ada, conversation_id, "read")
        bert = person()
        user_id = await user_id_of(bert)
        await stack.cosmos_admin.add_fault(
            operation="batch", container=resources.SHARES, status=503, times=20
        )
        try:
            response = await bert.post(f"/conversation-shares/{share['id']}/redemptions")
        finally:
            await stack.cosmos_admin.clear_faults()
        assert response.status_code == 503
        assert (await get_conversation(bert, conversation_id))["id"] == conversation_id
        assert await redemptions_of(bert) == []
        for _ in range(2):
            await send(stack, request_of(share) | {"redeemed_by": user_id})

        async def is_recorded() -> bool:
            return await redemptions_of(bert) != []

        await eventually(is_recorded)
        (redemption,) = await redemptions_of(bert)
        assert redemption["new_participant"] is True
        assert redemption["conversation_permission"] == "read"
        assert await redemptions_of(ada, share["id"]) == [redemption]

    async def test_what_did_not_happen_is_not_recorded(
        self,
        ada: httpx.AsyncClient,
        person: Person,
        conversation_id: str,
        stack: Stack,
    ) -> None:
        share, other = [await new_share(ada, conversation_id) for _ in range(2)]
        bert, carl = person(), person()
        await redeem(bert, other["id"])
        for client in (bert, carl):
            user_id = await user_id_of(client)
            await send(stack, request_of(share) | {"redeemed_by": user_id})
        await send(stack, request_of(share) | {"conversation_id": str(uuid.uuid4())})
        last = await new_share(ada, conversation_id)
        await ada.delete(f"/conversation-shares/{last['id']}")

        async def is_quiet() -> bool:
            return (await ada.get(f"/conversation-shares/{last['id']}")).status_code == 404

        await eventually(is_quiet)
        assert await redemptions_of(ada, share["id"]) == []


async def test_a_redemption_that_outlasts_its_share_leaves_nothing_but_the_participant(
    stack: Stack,
    ada: httpx.AsyncClient,
    person: Person,
    conversation_id: str,
    database: DatabaseProxy,
) -> None:
    share = await new_share(ada, conversation_id)
    bob = person()
    source = f"user:{await user_id_of(bob)}"

    async def the_share_is_gone() -> bool:
        return await documents(database, resources.SHARES, share["id"]) == []

    await stack.cosmos_admin.add_fault(
        operation="batch", container=resources.CONVERSATIONS, hold=True, times=1
    )
    try:
        redeeming = asyncio.create_task(redeem(bob, share["id"]))
        await eventually(stack.cosmos_admin.holds_an_answer)
        assert (await ada.delete(f"/conversation-shares/{share['id']}")).status_code == 204
        await eventually(the_share_is_gone)
    finally:
        await stack.cosmos_admin.clear_faults()

    assert (await redeeming)["new_participant"]
    assert await the_share_is_gone()
    links = await documents(database, resources.LINKS, source)
    assert links == [f"conversation:{conversation_id}"]
    await get_conversation(bob, conversation_id)


def request_of(share: dict[str, Any]) -> dict[str, Any]:
    """A message that names a share and its conversation."""
    return {"share_id": share["id"], "conversation_id": share["conversation_id"]}


async def send(stack: Stack, fields: dict[str, Any]) -> None:
    """Put a message into the queue, as the application does."""
    text = ShareRequest.model_validate(fields).model_dump_json()
    async with backends.queue(stack, resources.SHARES_QUEUE) as queue:
        await queue.send_message(text)

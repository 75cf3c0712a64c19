"""Redeeming shares: who gets in, with which permission, and what everybody is told."""

import asyncio

import httpx
import pytest
from azure.cosmos.aio import DatabaseProxy

from local.stack.stack import Stack
from shared import resources
from tests.api.builders import (
    admit,
    answer_of,
    events_of,
    get_conversation,
    leave,
    negotiate,
    post_message,
    user_id_of,
)
from tests.api.conftest import Person, add_assistant, new_assistant, new_conversation
from tests.api.share_builders import new_share, redeem, redemptions_of, share_with
from tests.support import backends
from tests.support.assistant_service import RecordingService
from tests.support.subscriber import Subscriber


@pytest.fixture
async def conversation_id(ada: httpx.AsyncClient) -> str:
    """A conversation of Ada's."""
    return (await new_conversation(ada))["id"]


class TestGettingIn:
    """POST /conversation-shares/{id}/redemptions by somebody who is not there."""

    @pytest.mark.parametrize("permission", ["read", "read_write"])
    async def test_the_answer_and_what_it_opens(
        self, ada: httpx.AsyncClient, person: Person, conversation_id: str, permission: str
    ) -> None:
        share = await new_share(ada, conversation_id, permission)
        bert = person()
        redemption = await redeem(bert, share["id"])

        assert redemption.pop("created_datetime").endswith("Z")
        assert redemption.pop("id") not in ("", share["id"])
        assert redemption == {
            "conversation_share_id": share["id"],
            "conversation_id": conversation_id,
            "redeemed_by_user": answer_of(await bert.get("/users/me")),
            "conversation_permission": permission,
            "new_participant": True,
        }
        seen = await get_conversation(bert, conversation_id)
        assert seen["conversation_permission"] == permission
        assert answer_of(await bert.get("/conversations"))["conversations"] == [seen]
        participant = seen["participants"][1]
        assert participant["id"] == await user_id_of(bert)
        assert participant["active_participant"] is True
        assert participant["role"] == "user"
        allowed = permission == "read_write"
        path = f"/conversations/{conversation_id}/messages"
        posted = await bert.post(path, json={"content": "x"})
        assert posted.status_code == (200 if allowed else 404)

    async def test_a_first_request_redeems_and_makes_the_profile(
        self, ada: httpx.AsyncClient, person: Person, conversation_id: str
    ) -> None:
        redemption = await share_with(ada, conversation_id, person("Grace"))

        assert redemption["redeemed_by_user"]["name"] == "Grace"

    async def test_everybody_is_told(
        self,
        ada: httpx.AsyncClient,
        person: Person,
        conversation_id: str,
        service: RecordingService,
    ) -> None:
        assistant = await new_assistant(ada, service)
        await add_assistant(ada, conversation_id, assistant["id"])
        bert = person("Bert")
        address = await negotiate(ada, f"/conversations/{conversation_id}")
        own = await negotiate(bert, "")
        async with Subscriber(address["url"]) as others, Subscriber(own["url"]) as himself:
            await share_with(ada, conversation_id, bert, "read")
            told = await others.next("participant.created")
            assert await himself.next("participant.created") == told

        assert told["data"]["participant"]["name"] == "Bert"
        assert told["data"]["participant"]["conversation_permission"] == "read"
        assert len(told["data"]["participants"]) == 3
        await service.wait_for(
            lambda me: (
                [event["id"] for event in me.events(conversation_id) if event["id"] == told["id"]]
                == [told["id"]]
            )
        )
        assert (await events_of(ada, conversation_id))[-1] == told

    async def test_the_new_one_replays_what_was_before(
        self, ada: httpx.AsyncClient, person: Person, conversation_id: str
    ) -> None:
        await post_message(ada, conversation_id, "before")
        bert = person()
        await share_with(ada, conversation_id, bert, "read")

        events = await events_of(bert, conversation_id)
        assert [event["event"] for event in events] == ["message.created", "participant.created"]

    async def test_many_at_once(
        self, ada: httpx.AsyncClient, person: Person, conversation_id: str
    ) -> None:
        share = await new_share(ada, conversation_id)
        people = [person() for _ in range(5)]
        await asyncio.gather(*(redeem(one, share["id"]) for one in people for _ in range(2)))

        kinds = [event["event"] for event in await events_of(ada, conversation_id)]
        assert kinds == ["participant.created"] * 5
        assert len((await get_conversation(ada, conversation_id))["participants"]) == 6
        made = await redemptions_of(ada, share["id"])
        assert sorted(one["new_participant"] for one in made) == [False] * 5 + [True] * 5


class TestThoseWhoAreIn:
    """Redeeming again, and permissions, which are only ever raised."""

    async def test_a_second_time_is_harmless(
        self, ada: httpx.AsyncClient, person: Person, conversation_id: str
    ) -> None:
        share = await new_share(ada, conversation_id, "read")
        bert = person()
        first = await redeem(bert, share["id"])
        before = await get_conversation(ada, conversation_id)
        second = await redeem(bert, share["id"])

        assert (first["new_participant"], second["new_participant"]) == (True, False)
        assert await get_conversation(ada, conversation_id) == before
        assert len(await events_of(ada, conversation_id)) == 1
        assert await redemptions_of(ada, share["id"]) == [first, second]
        assert await redemptions_of(bert) == [first, second]

    @pytest.mark.parametrize("there", ["read", "read_write"])
    @pytest.mark.parametrize("given", ["read", "read_write"])
    @pytest.mark.parametrize("active", [True, False], ids=["active", "returning"])
    async def test_a_permission_is_only_ever_raised(
        self,
        ada: httpx.AsyncClient,
        person: Person,
        stack: Stack,
        conversation_id: str,
        there: str,
        given: str,
        active: bool,
    ) -> None:
        bert = person()
        await admit(stack, conversation_id, bert, there, active=active)
        redemption = await share_with(ada, conversation_id, bert, given)

        expected = "read" if (there, given) == ("read", "read") else "read_write"
        assert redemption["conversation_permission"] == expected
        assert redemption["new_participant"] is not active
        seen = await get_conversation(bert, conversation_id)
        assert seen["conversation_permission"] == expected
        told = [event["event"] for event in await events_of(ada, conversation_id)]
        changed = not active or expected != there
        assert told == (["participant.updated"] if changed else [])

    async def test_who_left_comes_back(
        self, ada: httpx.AsyncClient, person: Person, conversation_id: str
    ) -> None:
        share = await new_share(ada, conversation_id)
        bert = person()
        await redeem(bert, share["id"])
        await leave(bert, conversation_id)
        assert (await bert.get(f"/conversations/{conversation_id}")).status_code == 404

        assert (await redeem(bert, share["id"]))["new_participant"] is True
        assert (await get_conversation(bert, conversation_id))["id"] == conversation_id
        address = await negotiate(bert, f"/conversations/{conversation_id}")
        async with Subscriber(address["url"]) as subscriber:
            message = await post_message(ada, conversation_id)
            told = await subscriber.next("message.created")
        assert told["data"]["message"]["id"] == message["id"]

    async def test_the_owner_may_redeem_their_own(
        self, ada: httpx.AsyncClient, conversation_id: str
    ) -> None:
        redemption = await share_with(ada, conversation_id, ada, "read")

        assert redemption["new_participant"] is False
        assert redemption["conversation_permission"] == "read_write"


class TestLists:
    """GET …/redemptions and /conversation-share-redemptions."""

    async def test_everybody_sees_their_own(
        self, ada: httpx.AsyncClient, person: Person, conversation_id: str
    ) -> None:
        share = await new_share(ada, conversation_id)
        bert, carl = person(), person()
        theirs = [await redeem(one, share["id"]) for one in (bert, carl)]
        elsewhere = await share_with(carl, (await new_conversation(carl))["id"], bert)

        assert await redemptions_of(ada, share["id"]) == theirs
        assert await redemptions_of(bert) == [theirs[0], elsewhere]
        assert await redemptions_of(carl) == [theirs[1]]
        assert await redemptions_of(ada) == []

    async def test_redemptions_of_somebody_else_s_share_are_not_shown(
        self, ada: httpx.AsyncClient, person: Person, conversation_id: str
    ) -> None:
        share = await new_share(ada, conversation_id)
        bert = person()
        await redeem(bert, share["id"])

        assert await redemptions_of(bert, share["id"]) == []
        assert await redemptions_of(bert, conversation_id) == []


class TestAccess:
    """What only people may."""

    async def test_assistants_do_not_redeem(
        self, ada: httpx.AsyncClient, conversation_id: str, service: RecordingService
    ) -> None:
        share = await new_share(ada, conversation_id)
        assistant = await new_assistant(ada, service)
        async with service.workbench(assistant["id"]) as me:
            response = await me.post(f"/conversation-shares/{share['id']}/redemptions")
        assert response.status_code == 403


async def links_of(database: DatabaseProxy, source: str) -> list[str]:
    """The ids of the links from a source."""
    container = database.get_container_client(resources.LINKS)
    found = container.query_items("SELECT c.id FROM c", partition_key=source)
    return [document["id"] async for document in found]


async def test_a_refused_redemption_leaves_no_links(
    ada: httpx.AsyncClient, person: Person, conversation_id: str, stack: Stack
) -> None:
    share = await new_share(ada, conversation_id)
    bert = person()
    user_id = await user_id_of(bert)
    await ada.delete(f"/conversations/{conversation_id}")
    response = await bert.post(f"/conversation-shares/{share['id']}/redemptions")

    assert response.status_code == 404
    async with backends.database(stack) as database:
        assert await links_of(database, f"user:{user_id}") == []

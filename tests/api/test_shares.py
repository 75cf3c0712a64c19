"""Shares: who makes, sees and takes back what."""

import uuid
from typing import Any

import httpx
import pytest

from local.stack.stack import Stack
from tests.api.builders import admit, answer_of, get_conversation, leave, user_id_of
from tests.api.conftest import Person, add_assistant, new_assistant, new_conversation
from tests.api.share_builders import new_share, redeem, shares_of
from tests.support.assistant_service import RecordingService


class TestCreating:
    """POST /conversation-shares."""

    async def test_a_share_is_answered_as_it_is_stored(self, ada: httpx.AsyncClient) -> None:
        conversation = await new_conversation(ada, title="T")
        me = answer_of(await ada.get("/users/me"))
        share = await new_share(ada, conversation["id"], "read", label="L", metadata={"a": [1]})

        assert uuid.UUID(share["id"])
        assert share["created_datetime"].endswith("Z")
        assert share | {"id": "", "created_datetime": ""} == {
            "id": "",
            "owner_id": me["id"],
            "label": "L",
            "created_by_user": me,
            "conversation_id": conversation["id"],
            "conversation_title": "T",
            "conversation_permission": "read",
            "is_redeemable": True,
            "created_datetime": "",
            "metadata": {"a": [1]},
        }
        assert answer_of(await ada.get(f"/conversation-shares/{share['id']}")) == share
        assert await shares_of(ada) == [share]

    async def test_who_may_write_may_share(
        self, ada: httpx.AsyncClient, person: Person, stack: Stack
    ) -> None:
        conversation_id = (await new_conversation(ada))["id"]
        bert = person()
        await admit(stack, conversation_id, bert)

        assert (await new_share(bert, conversation_id))["owner_id"] == await user_id_of(bert)

    async def test_the_owner_may_share_after_leaving(self, ada: httpx.AsyncClient) -> None:
        conversation_id = (await new_conversation(ada))["id"]
        await leave(ada, conversation_id)

        await new_share(ada, conversation_id)

    @pytest.mark.parametrize("kind", ["stranger", "reader", "removed"])
    async def test_nobody_else_may(
        self, ada: httpx.AsyncClient, person: Person, stack: Stack, kind: str
    ) -> None:
        conversation_id = (await new_conversation(ada))["id"]
        other = person()
        if kind == "reader":
            await admit(stack, conversation_id, other, "read")
        if kind == "removed":
            await admit(stack, conversation_id, other, active=False)
        response = await other.post("/conversation-shares", json=body_of(conversation_id))

        assert (response.status_code, response.json()) == (
            400,
            {"detail": "Conversation not found"},
        )

    @pytest.mark.parametrize("gone", [True, False], ids=["deleted", "never there"])
    async def test_a_conversation_that_is_not_there_is_not_shared(
        self, ada: httpx.AsyncClient, gone: bool
    ) -> None:
        conversation_id = str(uuid.uuid4())
        if gone:
            conversation_id = (await new_conversation(ada))["id"]
            await ada.delete(f"/conversations/{conversation_id}")
        response = await ada.post("/conversation-shares", json=body_of(conversation_id))

        assert (response.status_code, response.json()["detail"]) == (400, "Conversation not found")

    @pytest.mark.parametrize(
        ("fault", "status"),
        [
            ({"label": None}, 422),
            ({"label": "x" * 1025}, 422),
            ({"conversation_permission": "write"}, 422),
            ({"conversation_id": "x"}, 422),
            ({"metadata": []}, 422),
            ({"metadata": {"x": "x" * 64_000}}, 413),
        ],
        ids=str,
    )
    async def test_wrong_values_are_refused(
        self, ada: httpx.AsyncClient, fault: dict[str, Any], status: int
    ) -> None:
        body = body_of((await new_conversation(ada))["id"]) | fault

        assert (await ada.post("/conversation-shares", json=body)).status_code == status
        assert await shares_of(ada) == []


class TestCreatingForAnOwner:
    """POST /conversation-shares/{owner_id}, by assistants."""

    async def test_an_assistant_shares_what_it_made_for_somebody(
        self, ada: httpx.AsyncClient, person: Person, service: RecordingService
    ) -> None:
        owner = person()
        profile = answer_of(await owner.get("/users/me"))
        assistant = await new_assistant(ada, service)
        async with service.workbench(assistant["id"]) as me:
            made = answer_of(await me.post(f"/conversations/{profile['id']}", json={}))
            path = f"/conversation-shares/{profile['id']}"
            share = answer_of(await me.post(path, json=body_of(made["id"], "read")))

        assert share["created_by_user"] == profile
        assert share["owner_id"] == profile["id"]
        assert await shares_of(owner) == [share]
        assert (await owner.get(f"/conversations/{made['id']}")).status_code == 404
        redemption = await redeem(owner, share["id"])
        assert redemption["new_participant"] is True
        seen = await get_conversation(owner, made["id"])
        assert seen["conversation_permission"] == "read"
        assert answer_of(await owner.get("/conversations"))["conversations"] == [seen]

    async def test_only_for_the_owner(
        self, ada: httpx.AsyncClient, person: Person, stack: Stack, service: RecordingService
    ) -> None:
        conversation_id, assistant = await self._joined(ada, service)
        bert = person()
        other = await admit(stack, conversation_id, bert)
        async with service.workbench(assistant) as me:
            for wanted in (other, "nobody"):
                path = f"/conversation-shares/{wanted}"
                response = await me.post(path, json=body_of(conversation_id))
                assert response.status_code == 403
        assert await shares_of(bert) == []

    async def test_only_where_the_assistant_is_active(
        self, ada: httpx.AsyncClient, service: RecordingService
    ) -> None:
        path = f"/conversation-shares/{await user_id_of(ada)}"
        conversation_id, assistant = await self._joined(ada, service)
        elsewhere = (await new_conversation(ada))["id"]
        idle = (await new_assistant(ada, service))["id"]
        async with service.workbench(assistant) as me, service.workbench(idle) as other:
            for client, wanted in (
                (me, elsewhere),
                (me, str(uuid.uuid4())),
                (other, conversation_id),
            ):
                response = await client.post(path, json=body_of(wanted))
                assert response.status_code == 404
                assert response.json() == {"detail": "Conversation not found"}
            member = f"/conversations/{conversation_id}/participants/{assistant}"
            answer_of(await ada.patch(member, json={"active_participant": False}))
            left = await me.post(path, json=body_of(conversation_id))
        assert left.status_code == 404
        assert await shares_of(ada) == []

    async def test_people_may_not(self, ada: httpx.AsyncClient) -> None:
        conversation_id = (await new_conversation(ada))["id"]
        path = f"/conversation-shares/{await user_id_of(ada)}"

        assert (await ada.post(path, json=body_of(conversation_id))).status_code == 403

    async def _joined(self, ada: httpx.AsyncClient, service: RecordingService) -> tuple[str, str]:
        conversation_id = (await new_conversation(ada))["id"]
        assistant = (await new_assistant(ada, service))["id"]
        await add_assistant(ada, conversation_id, assistant)
        return conversation_id, assistant


class TestReading:
    """GET /conversation-shares and /conversation-shares/{id}."""

    async def test_whoever_knows_the_id_sees_a_share(
        self, ada: httpx.AsyncClient, person: Person
    ) -> None:
        share = await new_share(ada, (await new_conversation(ada))["id"])

        assert answer_of(await person().get(f"/conversation-shares/{share['id']}")) == share

    async def test_only_one_s_own_are_listed_the_oldest_first(
        self, ada: httpx.AsyncClient, person: Person
    ) -> None:
        made = [await new_share(ada, await conversation_of(ada)) for _ in range(3)]
        bert = person()
        theirs = await new_share(bert, await conversation_of(bert))

        assert await shares_of(ada) == made
        assert await shares_of(bert) == [theirs]

    async def test_those_of_one_conversation(self, ada: httpx.AsyncClient) -> None:
        first, second = [(await new_conversation(ada))["id"] for _ in range(2)]
        wanted = await new_share(ada, first)
        await new_share(ada, second)

        assert await shares_of(ada, conversation_id=first) == [wanted]
        assert await shares_of(ada, conversation_id=str(uuid.uuid4())) == []
        assert len(await shares_of(ada, include_unredeemable=True)) == 2

    async def test_the_title_is_the_present_one(self, ada: httpx.AsyncClient) -> None:
        conversation_id = (await new_conversation(ada))["id"]
        share = await new_share(ada, conversation_id)
        await ada.patch(f"/conversations/{conversation_id}", json={"title": "New"})

        (listed,) = await shares_of(ada)
        assert listed["conversation_title"] == "New"
        seen = answer_of(await ada.get(f"/conversation-shares/{share['id']}"))
        assert seen["conversation_title"] == "New"

    async def test_unknown_ids(self, ada: httpx.AsyncClient) -> None:
        unknown = f"/conversation-shares/{uuid.uuid4()}"

        assert (await ada.get(unknown)).status_code == 404
        assert (await ada.delete(unknown)).status_code == 404
        assert (await ada.post(f"{unknown}/redemptions")).status_code == 404
        assert (await ada.get("/conversation-shares/x")).status_code == 422


class TestTakingBack:
    """DELETE /conversation-shares/{id}, and what goes with a conversation."""

    async def test_a_share_that_was_taken_back_is_gone(
        self, ada: httpx.AsyncClient, person: Person
    ) -> None:
        conversation_id = (await new_conversation(ada))["id"]
        share = await new_share(ada, conversation_id)
        path = f"/conversation-shares/{share['id']}"
        bert = person()
        await redeem(bert, share["id"])

        assert (await ada.delete(path)).status_code == 204
        assert (await ada.get(path)).status_code == 404
        assert (await ada.delete(path)).status_code == 404
        assert (await person().post(f"{path}/redemptions")).status_code == 404
        assert await shares_of(ada) == []
        for client, where in (
            (ada, f"{path}/redemptions"),
            (bert, "/conversation-share-redemptions"),
        ):
            assert answer_of(await client.get(where))["conversation_share_redemptions"] == []
        assert (await get_conversation(bert, conversation_id))["id"] == conversation_id

    async def test_only_its_owner_takes_it_back(
        self, ada: httpx.AsyncClient, person: Person
    ) -> None:
        path = f"/conversation-shares/{(await new_share(ada, await conversation_of(ada)))['id']}"

        assert (await person().delete(path)).status_code == 404
        assert (await ada.get(path)).status_code == 200

    async def test_the_shares_of_a_deleted_conversation_are_gone(
        self, ada: httpx.AsyncClient, person: Person
    ) -> None:
        conversation_id = await conversation_of(ada)
        share = await new_share(ada, conversation_id)
        path = f"/conversation-shares/{share['id']}"
        bert = person()
        await redeem(bert, share["id"])
        await ada.delete(f"/conversations/{conversation_id}")

        assert (await ada.get(path)).status_code == 404
        assert (await person().post(f"{path}/redemptions")).status_code == 404
        assert await shares_of(ada, include_unredeemable=True) == []
        for client, where in (
            (ada, f"{path}/redemptions"),
            (bert, "/conversation-share-redemptions"),
        ):
            assert answer_of(await client.get(where))["conversation_share_redemptions"] == []


def body_of(conversation_id: str, permission: str = "read_write") -> dict[str, Any]:
    return {
        "conversation_id": conversation_id,
        "label": "L",
        "conversation_permission": permission,
    }


async def conversation_of(client: httpx.AsyncClient) -> str:
    return (await new_conversation(client))["id"]

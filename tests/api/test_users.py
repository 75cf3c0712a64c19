"""People's profiles."""

import asyncio
import uuid
from typing import Any

import httpx
import pytest

from local.stack.stack import Stack
from tests.api.builders import answer_of, user_id_of
from tests.api.conftest import Person, new_conversation
from tests.support.assistant_service import RecordingService


def named(stack: Stack, name: str, oid: str) -> httpx.AsyncClient:
    """A client of the person with an object id, whatever they are called now."""
    token = stack.token(name, oid=oid)
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.AsyncClient(base_url=stack.functions_url, headers=headers, timeout=30)


async def test_a_profile_is_made_of_the_token(stack: Stack) -> None:
    oid = str(uuid.uuid4())
    async with named(stack, "Grace", oid) as grace:
        profile = answer_of(await grace.get("/users/me"))

    tenant, _, person = profile.pop("id").partition(".")
    assert uuid.UUID(tenant)
    assert person == oid
    assert profile.pop("created_datetime").endswith("Z")
    assert profile == {"name": "Grace", "image": None, "service_user": False}


async def test_a_profile_stays_the_same_when_read_again(ada: httpx.AsyncClient) -> None:
    assert (await ada.get("/users/me")).json() == (await ada.get("/users/me")).json()


async def test_a_profile_follows_a_new_name_in_the_token(stack: Stack) -> None:
    oid = str(uuid.uuid4())
    for name in ("Grace", "Grace Hopper"):
        async with named(stack, name, oid) as grace:
            assert answer_of(await grace.get("/users/me"))["name"] == name


async def test_many_first_requests_at_once_make_one_profile(ada: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(*(ada.get("/users/me") for _ in range(8)))

    assert len({answer_of(answer)["created_datetime"] for answer in answers}) == 1


@pytest.mark.parametrize(
    ("body", "changed"),
    [
        ({"image": "data:x"}, {"image": "data:x"}),
        ({"name": "Other"}, {"name": "Other"}),
        ({"name": None}, {}),
        ({}, {}),
        ({"id": "somebody", "service_user": True}, {}),
    ],
    ids=str,
)
async def test_only_the_given_fields_change(
    ada: httpx.AsyncClient, body: dict[str, Any], changed: dict[str, Any]
) -> None:
    before = answer_of(await ada.get("/users/me"))

    assert answer_of(await ada.put("/users/me", json=body)) == before | changed


async def test_an_image_is_kept_until_it_is_taken_away(ada: httpx.AsyncClient) -> None:
    await ada.put("/users/me", json={"image": "data:x"})
    assert answer_of(await ada.get("/users/me"))["image"] == "data:x"
    (participant,) = (await new_conversation(ada))["participants"]
    assert participant["image"] == "data:x"

    await ada.put("/users/me", json={"image": None})
    assert answer_of(await ada.get("/users/me"))["image"] is None


async def test_a_first_request_that_changes_the_profile_makes_it(ada: httpx.AsyncClient) -> None:
    assert answer_of(await ada.put("/users/me", json={"image": "data:x"}))["image"] == "data:x"


@pytest.mark.parametrize(
    "body", [{"name": 5}, {"name": "x" * 1025}, {"image": "x" * 65_537}, [], "x"], ids=repr
)
async def test_wrong_values_are_refused(ada: httpx.AsyncClient, body: Any) -> None:
    assert (await ada.put("/users/me", json=body)).status_code == 422


class TestListing:
    """GET /users."""

    async def test_profiles_are_found_by_repeated_ids(
        self, ada: httpx.AsyncClient, person: Person
    ) -> None:
        bert = person()
        profiles = [answer_of(await client.get("/users/me")) for client in (ada, bert)]
        ids = [profile["id"] for profile in profiles]
        listed = answer_of(await ada.get("/users", params={"id": [*ids, "nobody", ids[0]]}))

        assert sorted(listed["users"], key=str) == sorted(profiles, key=str)

    @pytest.mark.parametrize("unknown", ["", "a/b", "../x", "ä ö?#", "x" * 2000])
    async def test_unknown_ids_of_any_form_are_left_out(
        self, ada: httpx.AsyncClient, unknown: str
    ) -> None:
        listed = answer_of(await ada.get("/users", params={"id": unknown}))

        assert listed == {"users": []}

    async def test_at_least_one_id_is_required(self, ada: httpx.AsyncClient) -> None:
        response = await ada.get("/users")

        assert response.status_code == 422
        (fault,) = response.json()["detail"]
        assert (fault["type"], fault["loc"], fault["msg"]) == (
            "missing",
            ["query", "id"],
            "Field required",
        )

    async def test_assistant_services_may_ask_too(
        self, ada: httpx.AsyncClient, service: RecordingService
    ) -> None:
        user_id = await user_id_of(ada)
        async with service.workbench() as caller:
            listed = answer_of(await caller.get("/users", params={"id": user_id}))

        assert [user["id"] for user in listed["users"]] == [user_id]

"""Registrations of assistant services with the fixed key store, as people manage them."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from local.stack.stack import Stack
from tests.api.assistant_builders import new_service_id
from tests.api.conftest import Person
from tests.api.registration_builders import (
    PATH,
    beat,
    ids,
    listed,
    new_registration,
    registered,
)
from tests.support.assistant_service import RecordingService

NOT_FOUND = {"detail": "Not Found"}


async def test_a_registration_is_answered_with_every_field_and_the_whole_key(
    ada: httpx.AsyncClient,
) -> None:
    me = (await ada.get("/users/me")).json()

    made = await registered(ada, assistant_service_id=(service_id := new_service_id()))

    created = datetime.fromisoformat(made.pop("created_datetime"))
    assert abs(datetime.now(UTC) - created) < timedelta(minutes=1)
    assert made == {
        "assistant_service_id": service_id,
        "created_by_user_id": me["id"],
        "created_by_user_name": me["name"],
        "name": "N",
        "description": "D",
        "include_in_listing": True,
        "api_key_name": "",
        "assistant_service_url": "",
        "assistant_service_online": False,
        "assistant_service_online_expiration_datetime": None,
        "api_key": "",
    }


async def test_an_id_is_taken_once_only(ada: httpx.AsyncClient) -> None:
    made = await registered(ada)

    again = await ada.post(
        PATH, json=new_registration(assistant_service_id=made["assistant_service_id"])
    )

    assert again.status_code == 409
    assert again.json() == {
        "detail": "assistant service with this assistant_service_id already exists"
    }


@pytest.mark.parametrize(
    ("changes", "kind", "field"),
    [
        ({"assistant_service_id": "A_b"}, "string_too_short", "assistant_service_id"),
        ({"assistant_service_id": "Upper.case"}, "string_pattern_mismatch", "assistant_service_id"),
        ({"assistant_service_id": "with/slash"}, "string_pattern_mismatch", "assistant_service_id"),
        ({"assistant_service_id": "x" * 257}, "string_too_long", "assistant_service_id"),
        ({"name": ""}, "string_too_short", "name"),
        ({"description": None}, "string_type", "description"),
        ({"include_in_listing": "perhaps"}, "bool_type", "include_in_listing"),
    ],
)
async def test_a_registration_of_the_wrong_form_is_refused(
    ada: httpx.AsyncClient, changes: dict[str, Any], kind: str, field: str
) -> None:
    response = await ada.post(PATH, json=new_registration(**changes))

    assert response.status_code == 422
    [fault] = response.json()["detail"]
    assert (fault["type"], fault["loc"]) == (kind, ["body", field])


async def test_the_key_is_masked_where_one_registration_is_read_and_left_out_of_lists(
    ada: httpx.AsyncClient,
) -> None:
    made = await registered(ada)

    one = await ada.get(f"{PATH}/{made['assistant_service_id']}")
    [in_list] = await listed(ada, user_id="me")

    assert one.json() == {**made, "api_key": "*" * 32}
    assert in_list == {**made, "api_key": None}


@pytest.mark.parametrize("slash", ["/", "%2F"])
async def test_an_id_may_hold_slashes(ada: httpx.AsyncClient, stack: Stack, slash: str) -> None:
    service_id = f"{uuid.uuid4()}/with/slashes"
    service = RecordingService(stack.functions_url, service_id)
    in_path = service_id.replace("/", slash)

    put = await beat(service, in_path)
    got = await ada.get(f"{PATH}/{in_path}")
    reset = await ada.post(f"{PATH}/{in_path}/api-key")
    patched = await ada.patch(f"{PATH}/{in_path}", json={"name": "Slashed"})

    assert [put.status_code, got.status_code, reset.status_code, patched.status_code] == [200] * 4
    assert patched.json()["assistant_service_id"] == service_id
    assert patched.json()["name"] == "Slashed"


async def test_ids_are_looked_up_in_lower_case(ada: httpx.AsyncClient, stack: Stack) -> None:
    made = await registered(ada)
    service_id = made["assistant_service_id"]
    service = RecordingService(stack.functions_url, service_id.upper())

    put = await beat(service)
    got = await ada.get(f"{PATH}/{service_id.upper()}")
    patched = await ada.patch(f"{PATH}/{service_id.upper()}", json={"name": "Lower"})
    reset = await ada.post(f"{PATH}/{service_id.upper()}/api-key")
    deleted = await ada.delete(f"{PATH}/{service_id.upper()}")

    assert {put.json()["assistant_service_id"], got.json()["assistant_service_id"]} == {service_id}
    assert patched.json()["name"] == "Lower"
    assert reset.status_code == 200
    assert deleted.status_code == 204
    assert (await ada.get(f"{PATH}/{service_id}")).status_code == 404


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "New name"},
        {"description": "New description"},
        {"include_in_listing": False},
        {"name": "Both", "description": ""},
        {},
    ],
)
async def test_a_patch_changes_the_fields_that_are_present(
    ada: httpx.AsyncClient, changes: dict[str, Any]
) -> None:
    made = await registered(ada)

    patched = await ada.patch(f"{PATH}/{made['assistant_service_id']}", json=changes)

    assert patched.status_code == 200
    assert patched.json() == {**made, **changes, "api_key": None}


@pytest.mark.parametrize("field", ["name", "description", "include_in_listing"])
async def test_a_patch_to_null_is_refused(ada: httpx.AsyncClient, field: str) -> None:
    made = await registered(ada)

    response = await ada.patch(f"{PATH}/{made['assistant_service_id']}", json={field: None})

    assert (response.status_code, response.json()) == (400, {"detail": f"{field} cannot be null"})


async def test_anybody_may_patch_and_reset_while_there_are_no_real_keys(person: Person) -> None:
    made = await registered(person())
    stranger = person()

    patched = await stranger.patch(f"{PATH}/{made['assistant_service_id']}", json={"name": "X"})
    reset = await stranger.post(f"{PATH}/{made['assistant_service_id']}/api-key")

    assert patched.json() == {**made, "name": "X", "api_key": None}
    assert reset.json() == {**made, "name": "X"}


async def test_only_the_creator_deletes_a_registration(person: Person) -> None:
    creator, stranger = person(), person()
    path = f"{PATH}/{(await registered(creator))['assistant_service_id']}"

    refused = await stranger.delete(path)
    still_there = await creator.get(path)
    deleted = await creator.delete(path)
    again = await creator.delete(path)

    assert (refused.status_code, refused.json()) == (404, NOT_FOUND)
    assert still_there.status_code == 200
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert (again.status_code, again.json()) == (404, NOT_FOUND)


async def test_nobody_deletes_a_service_that_registered_itself(
    ada: httpx.AsyncClient, service: RecordingService
) -> None:
    response = await ada.delete(f"{PATH}/{service.service_id}")

    assert (response.status_code, response.json()) == (404, NOT_FOUND)


@pytest.mark.parametrize(
    ("method", "suffix", "body"),
    [
        ("GET", "", None),
        ("PATCH", "", {"name": "X"}),
        ("DELETE", "", None),
        ("POST", "/api-key", None),
    ],
)
async def test_an_unknown_registration_is_not_found(
    ada: httpx.AsyncClient, method: str, suffix: str, body: Any
) -> None:
    response = await ada.request(method, f"{PATH}/{new_service_id()}{suffix}", json=body)

    assert (response.status_code, response.json()) == (404, NOT_FOUND)


@pytest.mark.parametrize(
    ("method", "suffix"),
    [
        ("GET", ""),
        ("POST", ""),
        ("GET", "/x.y.z"),
        ("PATCH", "/x.y.z"),
        ("DELETE", "/x.y.z"),
        ("POST", "/x.y.z/api-key"),
    ],
)
async def test_registrations_are_for_people(
    service: RecordingService, stack: Stack, method: str, suffix: str
) -> None:
    async with service.workbench() as client, stack.api() as nobody:
        as_service = await client.request(method, f"{PATH}{suffix}")
        anonymous = await nobody.request(method, f"{PATH}{suffix}")

    assert (as_service.status_code, as_service.json()) == (403, {"detail": "Forbidden"})
    assert (anonymous.status_code, anonymous.json()) == (401, {"detail": "Not authenticated"})


async def test_the_listing_leaves_out_what_asks_for_it_but_a_search_by_person_does_not(
    person: Person,
) -> None:
    creator, reader = person(), person()
    shown = (await registered(creator))["assistant_service_id"]
    hidden = (await registered(creator, include_in_listing=False))["assistant_service_id"]
    creator_id = (await creator.get("/users/me")).json()["id"]

    public = ids(await listed(reader))

    assert shown in public
    assert hidden not in public
    assert ids(await listed(reader, user_id=creator_id)) == [shown, hidden]
    assert ids(await listed(creator, user_id="me")) == [shown, hidden]
    assert await listed(reader, user_id="me") == []
    assert ids(await listed(reader, user_id=["me", creator_id])) == [shown, hidden]


@pytest.mark.parametrize("online", [True, False])
async def test_the_listing_can_be_of_those_online_or_of_those_offline(
    ada: httpx.AsyncClient, stack: Stack, online: bool
) -> None:
    up, down = [(await registered(ada))["assistant_service_id"] for _ in range(2)]
    await beat(RecordingService(stack.functions_url, up))

    found = await listed(ada, user_id="me", assistant_service_online=online)

    assert ids(found) == [up if online else down]
    assert [one["assistant_service_online"] for one in found] == [online]


async def test_the_listing_is_in_the_order_of_creation(ada: httpx.AsyncClient) -> None:
    made = [(await registered(ada))["assistant_service_id"] for _ in range(3)]

    assert ids(await listed(ada, user_id="me")) == made


async def test_a_filter_that_is_no_boolean_is_refused(ada: httpx.AsyncClient) -> None:
    response = await ada.get(PATH, params={"assistant_service_online": "perhaps"})

    assert response.status_code == 422
    [fault] = response.json()["detail"]
    assert (fault["type"], fault["loc"]) == ("bool_parsing", ["query", "assistant_service_online"])

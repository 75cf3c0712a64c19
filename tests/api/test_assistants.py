"""Assistants: create, list and read them; who may do what with them."""

import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from local.stack.stack import Stack
from tests.api.assistant_builders import (
    NOT_FOUND,
    Meeting,
    answering,
    calls,
    create,
    form,
    listed,
    meet,
    new_service_id,
    outcome,
)
from tests.api.builders import admit
from tests.api.conftest import Person, add_assistant, new_assistant
from tests.support.assistant_service import ICON, SERVICE_INFO, RecordingService

NOBODY = "3f0c6f0e-5d8b-4f9e-9c55-0d4d3a6f1b2c"
"""An id that no assistant has; a constant, so that every process names the tests alike."""


async def test_an_assistant_is_created_with_what_is_given(
    ada: httpx.AsyncClient, service: RecordingService
) -> None:
    given = {"name": "A", "image": "data:own", "template_id": "other", "metadata": {"m": [1]}}

    response = await create(ada, service, **given)

    assert response.status_code == 201
    made = response.json()
    assert uuid.UUID(made.pop("id"))
    created = datetime.fromisoformat(made.pop("created_datetime"))
    assert abs(datetime.now(UTC) - created) < timedelta(minutes=1)
    assert made == {
        **given,
        "assistant_service_id": service.service_id,
        "assistant_service_online": True,
    }
    assert calls(service, "GET") == []


async def test_the_service_is_told_of_an_assistant_before_it_exists(
    ada: httpx.AsyncClient, service: RecordingService
) -> None:
    made = await new_assistant(ada, service, "Named")

    [call] = calls(service, "PUT")
    assert call.path == f"/{made['id']}"
    assert form(call) == {"assistant": {"assistant_name": "Named", "template_id": "default"}}


async def test_without_an_image_the_icon_of_the_template_is_taken(
    ada: httpx.AsyncClient, service: RecordingService
) -> None:
    assert (await new_assistant(ada, service))["image"] == ICON
    assert (await create(ada, service, template_id="unknown")).json()["image"] is None


@pytest.mark.parametrize(
    "card", [None, "text", {"default": "text"}, {"default": {"icon": 7}}, {"default": {}}]
)
async def test_a_service_with_no_proper_icon_gives_no_image(
    ada: httpx.AsyncClient, service: RecordingService, card: Any
) -> None:
    info = {"assistant_service_id": service.service_id, **SERVICE_INFO}
    info["metadata"] = {"_dashboard_card": card}
    service.answer = answering(200, json.dumps(info), method="GET")

    response = await create(ada, service)

    assert (response.status_code, response.json()["image"]) == (201, None)


async def test_a_service_that_does_not_say_what_it_is_can_still_make_assistants(
    ada: httpx.AsyncClient, service: RecordingService
) -> None:
    service.answer = answering(500, "boom", method="GET")

    response = await create(ada, service)

    assert (response.status_code, response.json()["image"]) == (201, None)


async def test_an_unknown_service_makes_no_assistant(ada: httpx.AsyncClient) -> None:
    service_id = new_service_id()

    response = await ada.post("/assistants", json={"assistant_service_id": service_id, "name": "A"})

    assert outcome(response) == (
        400,
        {"detail": f"assistant service id {service_id} is not valid"},
    )


async def test_a_service_that_is_offline_makes_no_assistant(
    ada: httpx.AsyncClient, service: RecordingService
) -> None:
    await service.register(expires_in=0)

    response = await create(ada, service)

    assert outcome(response) == (
        400,
        {"detail": f"assistant service 'Recorder' ({service.service_id}) is currently offline"},
    )
    assert service.calls == []


async def test_a_service_is_found_by_its_id_in_capitals(
    ada: httpx.AsyncClient, service: RecordingService
) -> None:
    response = await ada.post(
        "/assistants",
        json={"assistant_service_id": service.service_id.upper(), "name": "A"},
    )

    assert response.json()["assistant_service_id"] == service.service_id


@pytest.mark.parametrize("status", [302, 404, 422, 500])
async def test_an_assistant_that_its_service_refuses_is_not_kept(
    ada: httpx.AsyncClient, service: RecordingService, status: int
) -> None:
    service.answer = answering(status, "boom", method="PUT")

    response = await create(ada, service)

    assert outcome(response) == (
        status,
        {"detail": "Assistant responded with error; response: boom"},
    )
    assert await listed(ada) == []


@pytest.mark.parametrize(
    ("changes", "kind", "field"),
    [
        ({"name": None}, "string_type", "name"),
        ({"name": "x" * 1025}, "string_too_long", "name"),
        ({"metadata": "text"}, "dict_type", "metadata"),
        ({"assistant_service_id": 7}, "string_type", "assistant_service_id"),
    ],
)
async def test_an_assistant_of_the_wrong_form_is_refused(
    ada: httpx.AsyncClient,
    service: RecordingService,
    changes: dict[str, Any],
    kind: str,
    field: str,
) -> None:
    response = await create(ada, service, **changes)

    assert response.status_code == 422
    [fault] = response.json()["detail"]
    assert (fault["type"], fault["loc"]) == (kind, ["body", field])


async def test_ones_own_assistants_are_listed_the_newest_first(
    person: Person, service: RecordingService
) -> None:
    mine, other = person(), person()
    made = [await new_assistant(mine, service, name) for name in ("1", "2", "3")]
    await new_assistant(other, service)

    assert await listed(mine) == made[::-1]


async def test_those_active_in_a_conversation_are_listed_whoever_owns_them(
    person: Person, service: RecordingService, stack: Stack
) -> None:
    owner, guest, stranger = person(), person(), person()
    meeting = await meet(owner, service)
    await new_assistant(owner, service, "Elsewhere")
    leaver = await new_assistant(owner, service, "Leaver")
    await add_assistant(owner, meeting.cid, leaver["id"])
    await Meeting(owner, service, meeting.cid, leaver["id"]).remove()
    await admit(stack, meeting.cid, guest)

    found = [await listed(who, conversation_id=meeting.cid) for who in (owner, guest)]
    refused = await stranger.get("/assistants", params={"conversation_id": meeting.cid})

    assert [[one["id"] for one in some] for some in found] == [[meeting.aid]] * 2
    assert outcome(refused) == NOT_FOUND


async def test_a_listing_of_no_conversation_is_not_found(ada: httpx.AsyncClient) -> None:
    unknown = await ada.get("/assistants", params={"conversation_id": str(uuid.uuid4())})
    no_id = await ada.get("/assistants", params={"conversation_id": "xyz"})

    assert outcome(unknown) == NOT_FOUND
    assert no_id.status_code == 422
    assert no_id.json()["detail"][0]["loc"] == ["query", "conversation_id"]


async def test_assistants_are_online_as_long_as_their_service_is(
    ada: httpx.AsyncClient, service: RecordingService
) -> None:
    made = await new_assistant(ada, service)
    await service.register(expires_in=0)

    one = (await ada.get(f"/assistants/{made['id']}")).json()

    assert one == {**made, "assistant_service_online": False}
    assert await listed(ada) == [one]


async def test_somebody_elses_assistant_is_met_in_a_conversation(
    person: Person, service: RecordingService, stack: Stack
) -> None:
    owner, guest = person(), person()
    meeting = await meet(owner, service)
    path = f"/assistants/{meeting.aid}"
    before = await guest.get(path)
    await admit(stack, meeting.cid, guest)

    met = await guest.get(path)
    await meeting.remove()
    after = await guest.get(path)

    assert outcome(before) == NOT_FOUND
    assert outcome(met) == outcome(await owner.get(path))
    assert outcome(after) == NOT_FOUND


@pytest.mark.parametrize(
    ("method", "suffix", "body"),
    [
        ("PATCH", "", {"name": "Stolen"}),
        ("DELETE", "", None),
        ("GET", "/config", None),
        ("PUT", "/config", {"config": {}}),
        ("GET", "/conversations", None),
    ],
)
async def test_somebody_elses_assistant_is_only_looked_at_even_when_met(
    person: Person, service: RecordingService, stack: Stack, method: str, suffix: str, body: Any
) -> None:
    owner, guest = person(), person()
    meeting = await meet(owner, service)
    await admit(stack, meeting.cid, guest)
    service.calls.clear()

    refused = await guest.request(method, f"/assistants/{meeting.aid}{suffix}", json=body)
    unknown = await owner.request(method, f"/assistants/{uuid.uuid4()}{suffix}", json=body)

    assert [outcome(refused), outcome(unknown)] == [NOT_FOUND] * 2
    assert service.calls == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/assistants"),
        ("POST", "/assistants"),
        ("GET", f"/assistants/{NOBODY}"),
        ("PATCH", f"/assistants/{NOBODY}"),
        ("DELETE", f"/assistants/{NOBODY}"),
        ("GET", f"/assistants/{NOBODY}/config"),
        ("PUT", f"/assistants/{NOBODY}/config"),
        ("GET", f"/assistants/{NOBODY}/conversations"),
    ],
)
async def test_assistants_are_managed_by_people(
    stack: Stack, service: RecordingService, method: str, path: str
) -> None:
    async with (
        service.workbench() as as_service,
        service.workbench(str(uuid.uuid4())) as as_assistant,
        stack.api() as nobody,
    ):
        answers = [await who.request(method, path) for who in (as_service, as_assistant, nobody)]

    assert [answer.status_code for answer in answers] == [403, 403, 401]

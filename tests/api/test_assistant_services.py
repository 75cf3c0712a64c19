"""What assistant services say of themselves, as people and other services read it."""

import json
import uuid
from typing import Any

import httpx
import pytest
from aiohttp import web

from local.stack.stack import Stack
from tests.api.assistant_builders import another_service, answering, calls, new_service_id
from tests.api.conftest import Person
from tests.support.assistant_service import SERVICE_INFO, RecordingService

CONFIG = {"config": {"a": 1}, "errors": [], "json_schema": {}, "ui_schema": None}


async def infos(client: httpx.AsyncClient, **query: Any) -> list[dict[str, Any]]:
    """The services that a query finds."""
    response = await client.get("/assistant-services", params=query)
    assert response.status_code == 200, response.text
    return response.json()["assistant_service_infos"]


async def info_ids(client: httpx.AsyncClient, **query: Any) -> list[str]:
    return [info["assistant_service_id"] for info in await infos(client, **query)]


async def registered_by(
    creator: httpx.AsyncClient, service: RecordingService, **changes: Any
) -> None:
    """Register a service in a person's name, and let it say where it is."""
    body = {"assistant_service_id": service.service_id, "name": "N", "description": "D"}
    response = await creator.post("/assistant-service-registrations", json={**body, **changes})
    assert response.status_code == 200, response.text
    service.take_key(response.json())
    await service.register()


@pytest.mark.parametrize("suffix", ["", "/info"])
async def test_a_service_says_what_it_is(
    ada: httpx.AsyncClient, service: RecordingService, suffix: str
) -> None:
    response = await ada.get(f"/assistant-services/{service.service_id}{suffix}")

    assert response.status_code == 200
    assert response.json() == {"assistant_service_id": service.service_id, **SERVICE_INFO}


async def test_a_service_is_found_by_its_id_in_capitals(
    ada: httpx.AsyncClient, service: RecordingService
) -> None:
    response = await ada.get(f"/assistant-services/{service.service_id.upper()}")

    assert response.status_code == 200


@pytest.mark.parametrize("suffix", ["", "/info"])
async def test_a_service_id_may_hold_slashes(
    ada: httpx.AsyncClient, stack: Stack, suffix: str
) -> None:
    async with RecordingService(stack.functions_url, f"{uuid.uuid4()}/slashed") as service:
        await service.register()

        response = await ada.get(f"/assistant-services/{service.service_id}{suffix}")

    assert response.json()["assistant_service_id"] == service.service_id


async def test_an_answer_of_the_time_before_templates_gets_one_template(
    ada: httpx.AsyncClient, service: RecordingService
) -> None:
    legacy = {
        "assistant_service_id": service.service_id,
        "name": "Old",
        "description": "From before",
        "default_config": CONFIG,
        "metadata": {"m": 1},
    }
    service.answer = answering(200, json.dumps(legacy))

    response = await ada.get(f"/assistant-services/{service.service_id}")

    assert response.json() == {
        "assistant_service_id": service.service_id,
        "name": "Old",
        "templates": [
            {"id": "default", "name": "Old", "description": "From before", "config": CONFIG}
        ],
        "metadata": {"m": 1},
    }


async def test_a_service_that_went_offline_is_still_asked(
    ada: httpx.AsyncClient, service: RecordingService
) -> None:
    await service.register(expires_in=0)

    response = await ada.get(f"/assistant-services/{service.service_id}")

    assert response.status_code == 200


async def test_an_unknown_service_is_not_found(ada: httpx.AsyncClient) -> None:
    response = await ada.get(f"/assistant-services/{new_service_id()}")

    assert (response.status_code, response.json()) == (404, {"detail": "Not Found"})


async def test_a_service_that_never_said_where_it_is_is_not_found(ada: httpx.AsyncClient) -> None:
    service_id = new_service_id()
    body = {"assistant_service_id": service_id, "name": "N", "description": "D"}
    await ada.post("/assistant-service-registrations", json=body)

    response = await ada.get(f"/assistant-services/{service_id}")

    assert (response.status_code, response.json()) == (404, {"detail": "Not Found"})


async def test_a_failing_service_is_asked_for_by_itself_but_left_out_of_the_list(
    person: Person, stack: Stack
) -> None:
    creator = person()
    async with (
        RecordingService(stack.functions_url, new_service_id()) as fails,
        RecordingService(stack.functions_url, new_service_id()) as talks_nonsense,
        RecordingService(stack.functions_url, new_service_id()) as works,
    ):
        for service in (fails, talks_nonsense, works):
            await registered_by(creator, service)
        fails.answer = answering(500, "boom")
        talks_nonsense.answer = answering(200, '{"no": "info"}')

        asked = await creator.get(f"/assistant-services/{fails.service_id}")
        nonsense = await creator.get(f"/assistant-services/{talks_nonsense.service_id}")
        listed = await info_ids(creator, user_id="me")

    assert (asked.status_code, asked.json()) == (
        500,
        {"detail": "Assistant responded with error; response: boom"},
    )
    assert nonsense.status_code == 424
    assert listed == [works.service_id]


async def test_only_services_that_are_online_are_asked(person: Person, stack: Stack) -> None:
    creator = person()
    async with RecordingService(stack.functions_url, new_service_id()) as service:
        await registered_by(creator, service)
        await service.register(expires_in=0)

        assert await info_ids(creator, user_id="me") == []
        assert calls(service, "GET") == []


async def test_the_list_is_the_public_one_or_that_of_certain_people(
    person: Person, stack: Stack, service: RecordingService
) -> None:
    creator, reader = person(), person()
    creator_id = (await creator.get("/users/me")).json()["id"]
    async with RecordingService(stack.functions_url, new_service_id()) as hidden:
        await registered_by(creator, hidden, include_in_listing=False)

        public = await info_ids(reader)

        assert service.service_id in public
        assert hidden.service_id not in public
        assert await info_ids(creator, user_id="me") == [hidden.service_id]
        assert await info_ids(reader, user_id=[creator_id, "me"]) == [hidden.service_id]
        assert await info_ids(reader, user_id="me") == []


async def test_a_service_may_read_the_list(
    person: Person, stack: Stack, service: RecordingService
) -> None:
    creator = person()
    creator_id = (await creator.get("/users/me")).json()["id"]
    async with RecordingService(stack.functions_url, new_service_id()) as other:
        await registered_by(creator, other)
        async with service.workbench() as client:
            found = await info_ids(client, user_id=creator_id)
            public = await info_ids(client)

    assert found == [other.service_id]
    assert {service.service_id, other.service_id} <= set(public)


async def test_one_service_is_for_people_to_look_at(
    stack: Stack, service: RecordingService
) -> None:
    path = f"/assistant-services/{service.service_id}"
    async with service.workbench() as client, stack.api() as nobody:
        as_service = await client.get(path)
        anonymous = await nobody.get(path)
        anonymous_list = await nobody.get("/assistant-services")

    assert (as_service.status_code, as_service.json()) == (403, {"detail": "Forbidden"})
    assert [anonymous.status_code, anonymous_list.status_code] == [401, 401]


async def test_a_service_that_is_gone_is_said_to_be_unreachable(
    ada: httpx.AsyncClient, stack: Stack
) -> None:
    async with another_service(stack) as service:
        url = service.url.rstrip("/")

    response = await ada.get(f"/assistant-services/{service.service_id}")

    assert response.status_code == 424
    assert response.json()["detail"].startswith(
        f"Failed to connect to assistant at url {url}/; ConnectError: "
    )


async def test_a_cookie_that_a_service_sets_is_forgotten(
    ada: httpx.AsyncClient, service: RecordingService, stack: Stack
) -> None:
    service.answer = lambda _, __: web.json_response(
        {"assistant_service_id": service.service_id, **SERVICE_INFO},
        headers={"Set-Cookie": "secret=1; Path=/"},
    )
    async with another_service(stack) as other:
        for asked in (service, service, other):
            await ada.get(f"/assistant-services/{asked.service_id}")

    assert [call.headers.get("cookie") for call in (*service.calls, *other.calls)] == [None] * 3

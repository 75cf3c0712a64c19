"""Assistant services say where they are: with the fixed key store anybody may, as themselves."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from local.stack.stack import Stack
from tests.api.assistant_builders import new_service_id
from tests.api.registration_builders import (
    PATH,
    URL,
    beat,
    ids,
    listed,
    registered,
)
from tests.support.assistant_service import RecordingService


async def test_a_service_that_nobody_registered_registers_itself(
    ada: httpx.AsyncClient, stack: Stack
) -> None:
    service = RecordingService(stack.functions_url, new_service_id())

    answer = await beat(service)

    assert answer.status_code == 200
    made = answer.json()
    expires = datetime.fromisoformat(made.pop("assistant_service_online_expiration_datetime"))
    assert timedelta(seconds=30) < expires - datetime.now(UTC) <= timedelta(seconds=60)
    del made["created_datetime"]
    assert made == {
        "assistant_service_id": service.service_id,
        "created_by_user_id": "semantic-workbench",
        "created_by_user_name": "Semantic Workbench Service",
        "name": "N",
        "description": "D",
        "include_in_listing": True,
        "api_key_name": "",
        "assistant_service_url": "http://127.0.0.1:9/",
        "assistant_service_online": True,
        "api_key": None,
    }
    assert service.service_id in ids(await listed(ada))


async def test_a_repeated_put_moves_the_url_and_keeps_the_name_that_a_person_gave(
    ada: httpx.AsyncClient, stack: Stack
) -> None:
    made = await registered(ada, name="Given by Ada")
    service = RecordingService(stack.functions_url, made["assistant_service_id"])

    await beat(service, url="http://127.0.0.1:9/first/")
    answer = (await beat(service, url="http://127.0.0.1:9/second/")).json()

    assert answer["assistant_service_url"] == "http://127.0.0.1:9/second/"
    assert answer["name"] == "Given by Ada"
    assert answer["created_by_user_id"] == made["created_by_user_id"]
    assert answer["assistant_service_online"] is True


async def test_a_registration_that_expires_at_once_is_offline(
    ada: httpx.AsyncClient, stack: Stack
) -> None:
    service = RecordingService(stack.functions_url, new_service_id())

    answer = await beat(service, online_expires_in_seconds=0)

    assert answer.json()["assistant_service_online"] is False


@pytest.mark.parametrize("field", ["name", "description", "url", "online_expires_in_seconds"])
async def test_a_put_needs_each_of_its_fields(stack: Stack, field: str) -> None:
    service = RecordingService(stack.functions_url, new_service_id())
    body = {name: value for name, value in URL.items() if name != field}

    async with service.workbench() as client:
        response = await client.put(f"{PATH}/{service.service_id}", json=body)

    assert response.status_code == 422
    [fault] = response.json()["detail"]
    assert (fault["type"], fault["loc"]) == ("missing", ["body", field])


@pytest.mark.parametrize(
    "changes",
    [
        {"url": "no url"},
        {"url": "ftp://127.0.0.1/"},
        {"online_expires_in_seconds": -1},
        {"online_expires_in_seconds": 1e9},
        {"online_expires_in_seconds": "soon"},
    ],
)
async def test_a_put_with_a_value_that_makes_no_sense_is_refused(
    stack: Stack, changes: dict[str, Any]
) -> None:
    service = RecordingService(stack.functions_url, new_service_id())

    response = await beat(service, **changes)

    assert response.status_code == 422
    assert response.json()["detail"][0]["loc"] == ["body", *changes]


async def test_a_put_needs_credentials_of_a_service(stack: Stack, ada: httpx.AsyncClient) -> None:
    path = f"{PATH}/{new_service_id()}"
    async with stack.api() as nobody:
        anonymous = await nobody.put(path, json=URL)

    as_person = await ada.put(path, json=URL)

    assert (anonymous.status_code, anonymous.json()) == (401, {"detail": "Not authenticated"})
    assert (as_person.status_code, as_person.json()) == (403, {"detail": "Forbidden"})


async def test_a_put_with_a_wrong_key_is_refused(stack: Stack) -> None:
    service = RecordingService(stack.functions_url, new_service_id(), api_key="wrong")

    response = await beat(service)

    assert (response.status_code, response.json()) == (401, {"detail": "Invalid credentials"})


async def test_a_put_without_the_key_header_counts_as_the_empty_key(stack: Stack) -> None:
    service_id = new_service_id()
    headers = {"X-Assistant-Service-ID": service_id}
    async with httpx.AsyncClient(base_url=stack.functions_url, headers=headers) as client:
        response = await client.put(f"{PATH}/{service_id}", json=URL)

    assert response.status_code == 200, response.text


async def test_a_service_may_not_speak_for_another(stack: Stack) -> None:
    service = RecordingService(stack.functions_url, new_service_id())

    response = await beat(service, new_service_id())

    assert (response.status_code, response.json()) == (403, {"detail": "Forbidden"})


async def test_an_assistant_may_speak_for_its_service(stack: Stack) -> None:
    service = RecordingService(stack.functions_url, new_service_id())

    async with service.workbench(str(uuid.uuid4())) as client:
        response = await client.put(f"{PATH}/{service.service_id}", json=URL)

    assert response.status_code == 200, response.text


async def test_a_service_that_writes_itself_in_capitals_is_stored_in_lower_case(
    ada: httpx.AsyncClient, stack: Stack
) -> None:
    service = RecordingService(stack.functions_url, new_service_id().upper())

    answer = await beat(service)

    assert answer.json()["assistant_service_id"] == service.service_id.lower()

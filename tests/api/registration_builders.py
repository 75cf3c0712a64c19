"""Registrations of assistant services, as the tests of them make and find them."""

from typing import Any

import httpx

from tests.api.assistant_builders import new_service_id
from tests.support.assistant_service import RecordingService

PATH = "/assistant-service-registrations"
URL = {
    "name": "N",
    "description": "D",
    "url": "http://127.0.0.1:9/",
    "online_expires_in_seconds": 60,
}


def new_registration(**changes: Any) -> dict[str, Any]:
    """A body of POST."""
    return {
        "assistant_service_id": new_service_id(),
        "name": "N",
        "description": "D",
        **changes,
    }


async def registered(client: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    """A registration in the client's name."""
    response = await client.post(PATH, json=new_registration(**changes))
    assert response.status_code == 200, response.text
    return response.json()


async def listed(client: httpx.AsyncClient, **query: Any) -> list[dict[str, Any]]:
    """The registrations that a query finds."""
    response = await client.get(PATH, params=query)
    assert response.status_code == 200, response.text
    return response.json()["assistant_service_registrations"]


def ids(registrations: list[dict[str, Any]]) -> list[str]:
    """The ids of registrations, in their order."""
    return [registration["assistant_service_id"] for registration in registrations]


async def beat(
    service: RecordingService, service_id: str | None = None, **changes: Any
) -> httpx.Response:
    """A service says where it is, with some fields as given."""
    async with service.workbench() as client:
        return await client.put(
            f"{PATH}/{service_id or service.service_id}", json={**URL, **changes}
        )

"""Assistants that everybody gets: made once, however often and at once they are asked for."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from local.stack.stack import Stack
from tests.api.assistant_builders import (
    answering,
    listed,
    new_service_id,
    stack_of_its_own,
)
from tests.support.assistant_service import RecordingService


@pytest.fixture(scope="module")
async def default_service_id() -> str:
    return new_service_id()


@pytest.fixture(scope="module")
async def stack_with_defaults(
    tmp_path_factory: pytest.TempPathFactory, default_service_id: str
) -> AsyncIterator[Stack]:
    """A stack of its own, which gives everybody two assistants."""
    folder: Path = tmp_path_factory.mktemp("defaults")
    defaults = [
        {"assistant_service_id": default_service_id, "template_id": template, "name": name}
        for template, name in (("default", "First"), ("second", "Second"))
    ]
    settings = {"WORKBENCH__SERVICE__DEFAULT_ASSISTANTS": json.dumps(defaults)}
    async with stack_of_its_own(folder, **settings) as running:
        yield running


@pytest.fixture
async def default_service(
    stack_with_defaults: Stack, default_service_id: str
) -> AsyncIterator[RecordingService]:
    """The service of the default assistants."""
    async with RecordingService(stack_with_defaults.functions_url, default_service_id) as service:
        assert (await service.register()).status_code == 200
        yield service


@pytest.fixture
async def newcomer(stack_with_defaults: Stack) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody whom the stack with defaults has never seen."""
    async with stack_with_defaults.api(f"Newcomer {uuid.uuid4()}") as client:
        yield client


async def test_default_assistants_are_made_once_by_requests_at_the_same_time(
    newcomer: httpx.AsyncClient, default_service: RecordingService
) -> None:
    answers = await asyncio.gather(*(listed(newcomer) for _ in range(8)))
    later = await listed(newcomer)

    made = sorted((one["name"], one["template_id"]) for one in later)
    assert made == [("First", "default"), ("Second", "second")]
    assert answers == [later] * 8


async def test_default_assistants_that_are_there_are_not_made_again(
    newcomer: httpx.AsyncClient, default_service: RecordingService
) -> None:
    first = await listed(newcomer)
    default_service.calls.clear()

    assert await listed(newcomer) == first
    assert default_service.calls == []


async def test_default_assistants_of_a_failing_service_are_made_later(
    newcomer: httpx.AsyncClient, default_service: RecordingService
) -> None:
    default_service.answer = answering(500, "boom", method="PUT")
    assert await listed(newcomer) == []
    default_service.answer = None

    assert len(await listed(newcomer)) == 2


async def test_default_assistants_of_a_service_that_is_offline_are_made_later(
    newcomer: httpx.AsyncClient, default_service: RecordingService
) -> None:
    await default_service.register(expires_in=0)
    assert await listed(newcomer) == []
    await default_service.register()

    assert len(await listed(newcomer)) == 2

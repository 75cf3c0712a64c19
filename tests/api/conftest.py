"""The whole stack, once for each test process, and callers of its API."""

import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.stack.options import StackOptions
from local.stack.stack import Stack
from tests.support import targets
from tests.support.assistant_service import RecordingService
from tests.support.azure import FakeAzure
from tests.support.targets import own_stack

Person = Callable[..., httpx.AsyncClient]


@pytest.fixture(scope="session")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """A running stack without the example assistant."""
    folder: Path = tmp_path_factory.mktemp("stack")
    options = StackOptions(
        data_dir=folder,
        free_ports=True,
        example_assistant=False,
        azurite_in_memory=True,
        settings={"ONLINE_CHECK_SCHEDULE": "*/1 * * * * *"},
    )
    async with targets.current().shared_stack(options) as running:
        yield running


@pytest.fixture(scope="session", autouse=True)
async def _nothing_is_left() -> AsyncIterator[None]:
    """Whatever stacks leave behind is removed in the end."""
    yield
    await targets.current().clean_up()


@pytest.fixture(scope="session")
async def azure() -> AsyncIterator[FakeAzure]:
    """What titles and speech need of Azure."""
    async with FakeAzure() as fake:
        yield fake


@pytest.fixture(scope="session")
async def azure_stack(
    tmp_path_factory: pytest.TempPathFactory, azure: FakeAzure
) -> AsyncIterator[Stack]:
    """A stack in which conversations are titled and browsers may speak."""
    options = StackOptions(
        data_dir=tmp_path_factory.mktemp("azure"),
        free_ports=True,
        example_assistant=False,
        azurite_in_memory=True,
        settings=azure.settings,
    )
    async with own_stack(options) as running:
        yield running


@pytest.fixture
async def person(stack: Stack) -> AsyncIterator[Person]:
    """Makes clients of people: without a name, a person nobody has seen yet."""
    async with AsyncExitStack() as clients:
        made: list[httpx.AsyncClient] = []

        def make(name: str | None = None) -> httpx.AsyncClient:
            made.append(stack.api(name or f"Person {uuid.uuid4()}"))
            clients.push_async_callback(made[-1].aclose)
            return made[-1]

        yield make


@pytest.fixture
async def ada(person: Person) -> httpx.AsyncClient:
    """Somebody with nothing yet."""
    return person()


@pytest.fixture
async def cid(ada: httpx.AsyncClient) -> str:
    """A conversation of Ada's."""
    return (await new_conversation(ada))["id"]


@pytest.fixture
def path(cid: str) -> str:
    """The path of the conversation."""
    return f"/conversations/{cid}"


@pytest.fixture
async def service(stack: Stack) -> AsyncIterator[RecordingService]:
    """A registered assistant service of its own for each test."""
    recorder = RecordingService(stack.functions_url, f"recorder-{uuid.uuid4()}.test")
    async with recorder:
        response = await recorder.register()
        assert response.status_code == 200, response.text
        yield recorder


async def new_conversation(client: httpx.AsyncClient, **body: Any) -> dict[str, Any]:
    """A conversation of the client's."""
    response = await client.post("/conversations", json=body)
    assert response.status_code == 200, response.text
    return response.json()


async def new_assistant(
    client: httpx.AsyncClient, service: RecordingService, name: str = "Recorder"
) -> dict[str, Any]:
    """An assistant of the client's at the service."""
    response = await client.post(
        "/assistants", json={"assistant_service_id": service.service_id, "name": name}
    )
    assert response.status_code == 201, response.text
    return response.json()


async def add_assistant(
    client: httpx.AsyncClient, conversation_id: str, assistant_id: str
) -> dict[str, Any]:
    """Put an assistant of the client's into a conversation."""
    response = await client.put(
        f"/conversations/{conversation_id}/participants/{assistant_id}", json={}
    )
    assert response.status_code == 200, response.text
    return response.json()

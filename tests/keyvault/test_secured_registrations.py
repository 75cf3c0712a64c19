"""Registrations with real keys: the use cases over a vault and the services of a local stack."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from functools import partial

import pytest
from azure.core.pipeline.transport import AioHttpTransport

from local.stack.options import StackOptions
from local.stack.stack import Stack
from shared import invocation, settings
from shared.adapters import registrations
from shared.adapters.api_keys import KeyVaultApiKeys
from shared.adapters.transport import azure_transport
from shared.container import App
from shared.contracts.registrations import (
    AssistantServiceRegistration,
    NewAssistantServiceRegistration,
    UpdateAssistantServiceRegistration,
    UpdateAssistantServiceRegistrationUrl,
)
from shared.domain.principals import Assistant, AssistantService, User
from shared.errors import (
    AppError,
    DependencyUnavailable,
    Forbidden,
    InvalidArgument,
    NotFound,
    Unauthenticated,
)
from tests.keyvault.conftest import NewStore
from tests.keyvault.vault import Refusal, Vault

ADA = User("tenant.ada", "Ada")
BOB = User("tenant.bob", "Bob")


@pytest.fixture(scope="session")
async def services(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """All that the app needs but the Functions host."""
    options = StackOptions(
        data_dir=tmp_path_factory.mktemp("services"),
        free_ports=True,
        functions_host=False,
        azurite_in_memory=True,
    )
    async with Stack(options) as running:
        yield running


async def close(app: App) -> None:
    """Close what the app has opened."""
    made = ("cosmos", "queues", "registration_records", "web_pubsub")
    for name in made:
        if name in vars(app):
            await vars(app)[name].close()


@pytest.fixture
async def table_transport(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """Closes the table's connections: its client leaves those of the account's client open."""
    transport = azure_transport()
    monkeypatch.setattr(registrations, "azure_transport", partial(_same, transport))
    yield
    await transport.close()


def _same(transport: AioHttpTransport) -> AioHttpTransport:
    return transport


@pytest.fixture
async def app(services: Stack, store: KeyVaultApiKeys, table_transport: None) -> AsyncIterator[App]:
    """The app as in Azure, where keys are real."""
    app = App(settings.load(services.addresses.environment))
    app.api_keys = store
    invocation.begin(None)
    yield app
    await close(app)


@pytest.fixture
def service_id() -> str:
    """A service of its own for each test."""
    return f"service-{uuid.uuid4()}.test"


async def register(app: App, service_id: str) -> AssistantServiceRegistration:
    """A service registered by Ada."""
    new = NewAssistantServiceRegistration(
        assistant_service_id=service_id, name="Service", description="Serves"
    )
    return await app.registrations.create(ADA, new)


def beat(url: str = "https://service.test/") -> UpdateAssistantServiceRegistrationUrl:
    """What a service says of itself."""
    return UpdateAssistantServiceRegistrationUrl.model_validate(
        {"name": "Service", "description": "", "url": url, "online_expires_in_seconds": 60}
    )


def credentials(service_id: str, key: str | None, **more: str) -> dict[str, str]:
    """The headers of a service, as the authentication gets them."""
    headers = {"x-assistant-service-id": service_id, "x-api-key": key or "", **more}
    return {name.replace("_", "-"): value for name, value in headers.items()}


async def test_the_key_is_shown_once_and_masked_afterwards(app: App, service_id: str) -> None:
    created = await register(app, service_id)
    assert created.api_key
    assert created.api_key_name == app.api_keys.key_name(service_id)

    read = await app.registrations.get(service_id)

    assert read.api_key == created.api_key[:4] + "*" * (len(created.api_key) - 4)


async def test_the_key_lets_the_service_and_its_assistants_in(app: App, service_id: str) -> None:
    key = (await register(app, service_id)).api_key
    assistant_id = uuid.uuid4()

    as_service = await app.authentication.authenticate(credentials(service_id.upper(), key))
    as_assistant = await app.authentication.authenticate(
        credentials(service_id, key, x_assistant_id=str(assistant_id))
    )

    assert as_service == AssistantService(service_id)
    assert as_assistant == Assistant(service_id, assistant_id)


@pytest.mark.parametrize("key", [None, "", "wrong", "ключ"])
async def test_any_other_key_is_refused(app: App, service_id: str, key: str | None) -> None:
    await register(app, service_id)

    with pytest.raises(Unauthenticated, match="Invalid credentials"):
        await app.authentication.authenticate(credentials(service_id, key))


async def test_a_service_without_key_is_refused(app: App, service_id: str) -> None:
    with pytest.raises(Unauthenticated, match="Invalid credentials"):
        await app.authentication.authenticate(credentials(service_id, ""))


async def test_a_new_key_takes_the_place_of_the_old_one(app: App, service_id: str) -> None:
    old = (await register(app, service_id)).api_key
    new = (await app.registrations.reset_key(ADA, service_id)).api_key

    assert await app.authentication.authenticate(credentials(service_id, new))
    with pytest.raises(Unauthenticated):
        await app.authentication.authenticate(credentials(service_id, old))


async def test_a_key_that_another_instance_made_is_good_at_once(
    app: App, new_store: NewStore, service_id: str
) -> None:
    old = (await register(app, service_id)).api_key
    new = await new_store().reset(app.api_keys.key_name(service_id))

    assert old != new
    assert await app.authentication.authenticate(credentials(service_id, new))
    with pytest.raises(Unauthenticated):
        await app.authentication.authenticate(credentials(service_id, old))


async def test_requests_at_once_share_the_first_look_at_a_key(
    app: App, vault: Vault, new_store: NewStore, service_id: str
) -> None:
    key = (await register(app, service_id)).api_key
    app.api_keys = new_store()
    known = credentials(service_id, key)

    callers = await asyncio.gather(*(app.authentication.authenticate(known) for _ in range(5)))

    assert callers == [AssistantService(service_id)] * 5
    assert vault.calls_of("GET secrets") == 1


async def test_guessing_keys_costs_the_vault_one_request(
    app: App, vault: Vault, service_id: str
) -> None:
    key = (await register(app, service_id)).api_key
    for guess in range(5):
        with pytest.raises(Unauthenticated):
            await app.authentication.authenticate(credentials(service_id, f"guess {guess}"))

    assert vault.calls_of("GET secrets") == 1
    assert await app.authentication.authenticate(credentials(service_id, key))


async def test_services_that_nobody_registered_cost_the_vault_nothing(
    app: App, vault: Vault
) -> None:
    for _ in range(5):
        with pytest.raises(Unauthenticated):
            await app.authentication.authenticate(credentials(f"{uuid.uuid4()}.test", "guess"))

    assert vault.calls == []


async def test_a_service_that_nobody_registered_is_not_found(app: App, service_id: str) -> None:
    with pytest.raises(NotFound):
        await app.registrations.heartbeat(AssistantService(service_id), service_id, beat())


async def test_a_service_says_where_it_is(app: App, service_id: str) -> None:
    await register(app, service_id)

    said = await app.registrations.heartbeat(AssistantService(service_id), service_id, beat())

    assert (said.assistant_service_url, said.assistant_service_online, said.api_key) == (
        "https://service.test/",
        True,
        None,
    )


async def test_a_service_must_be_reached_securely(app: App, service_id: str) -> None:
    await register(app, service_id)

    with pytest.raises(InvalidArgument, match="url must be https"):
        await app.registrations.heartbeat(
            AssistantService(service_id), service_id, beat("http://service.test/")
        )


async def test_a_service_speaks_for_itself_only(app: App, service_id: str) -> None:
    await register(app, service_id)

    with pytest.raises(Forbidden):
        await app.registrations.heartbeat(AssistantService("another"), service_id, beat())


async def test_only_its_creator_changes_a_registration(app: App, service_id: str) -> None:
    await register(app, service_id)
    change = UpdateAssistantServiceRegistration(name="Changed")

    with pytest.raises(NotFound):
        await app.registrations.update(BOB, service_id, change)
    with pytest.raises(NotFound):
        await app.registrations.reset_key(BOB, service_id)
    with pytest.raises(NotFound):
        await app.registrations.delete(BOB, service_id)

    assert (await app.registrations.update(ADA, service_id, change)).name == "Changed"


async def test_a_deleted_service_is_locked_out_and_can_be_registered_anew(
    app: App, service_id: str
) -> None:
    old = (await register(app, service_id)).api_key
    await app.registrations.delete(ADA, service_id)
    with pytest.raises(Unauthenticated):
        await app.authentication.authenticate(credentials(service_id, old))

    new = (await register(app, service_id)).api_key

    assert new != old
    assert await app.authentication.authenticate(credentials(service_id, new))
    with pytest.raises(Unauthenticated):
        await app.authentication.authenticate(credentials(service_id, old))


async def test_nobody_is_let_in_or_refused_while_the_vault_is_down(
    app: App, service_id: str, vault: Vault, new_store: NewStore
) -> None:
    key = (await register(app, service_id)).api_key
    app.api_keys = new_store()
    await vault.stop()

    with pytest.raises(DependencyUnavailable):
        await app.authentication.authenticate(credentials(service_id, key))


async def test_a_registration_whose_key_could_not_be_made_can_be_tried_again(
    app: App, service_id: str, vault: Vault
) -> None:
    vault.faults = [Refusal(429, "Throttled")]
    with pytest.raises(AppError):
        await register(app, service_id)

    assert (await register(app, service_id)).api_key


async def test_a_key_never_outlives_its_registration(
    app: App, service_id: str, vault: Vault
) -> None:
    await register(app, service_id)
    vault.faults = [Refusal(429, "Throttled")]
    with pytest.raises(AppError):
        await app.registrations.delete(ADA, service_id)

    assert (await app.registrations.get(service_id)).assistant_service_id == service_id

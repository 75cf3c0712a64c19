"""Registrations where several requests change one at once: what no test over HTTP can time."""

from typing import Any

import pytest
from pydantic import HttpUrl

from shared.adapters.api_keys import FixedApiKeys
from shared.contracts.registrations import (
    UpdateAssistantServiceRegistration,
    UpdateAssistantServiceRegistrationUrl,
)
from shared.domain.principals import AssistantService
from shared.domain.registrations import Registration
from shared.errors import Conflict, NotFound
from shared.services.registrations import ATTEMPTS, Registrations
from tests.unit.builders import ADA, SERVICE, registration

MOVED = UpdateAssistantServiceRegistrationUrl(
    name="N",
    description="D",
    url=HttpUrl("http://service.test/"),
    online_expires_in_seconds=60,
)


class Table:
    """One registration; `faults` meet changes of it, in their order."""

    def __init__(self, *faults: type[Exception]) -> None:
        self.faults = list(faults)
        self.stored: Registration | None = registration(name="Old")

    async def get(self, _: str) -> Registration:
        if self.stored is None:
            raise NotFound
        return self.stored.model_copy()

    async def create(self, created: Registration) -> None:
        self.stored = created

    async def replace(self, replaced: Registration) -> None:
        if self.faults:
            fault = self.faults.pop(0)
            self.stored = None if fault is NotFound else self.stored
            raise fault
        self.stored = replaced


class Queues:
    """Takes all messages."""

    async def send(self, *_: object) -> None:
        """Accept a message."""


def registrations(table: Any) -> Registrations:
    """The use cases over the fakes."""
    nobody: Any = None
    queues: Any = Queues()
    return Registrations(table, FixedApiKeys(""), nobody, queues, nobody)


async def rename(table: Table) -> str:
    """Ada gives the service a new name."""
    update = UpdateAssistantServiceRegistration(name="New")
    return (await registrations(table).update(ADA, SERVICE, update)).name


async def test_a_change_that_met_a_heartbeat_is_made_on_what_the_heartbeat_left() -> None:
    table = Table(Conflict, Conflict)

    assert await rename(table) == "New"
    assert table.stored is not None
    assert table.stored.name == "New"


async def test_a_registration_that_never_stands_still_is_a_conflict() -> None:
    with pytest.raises(Conflict):
        await rename(Table(*[Conflict] * ATTEMPTS))


async def test_a_heartbeat_that_met_a_deletion_registers_the_service_again() -> None:
    table = Table(NotFound)

    view = await registrations(table).heartbeat(AssistantService(SERVICE), SERVICE, MOVED)

    assert view.assistant_service_url == "http://service.test/"
    assert table.stored is not None

"""Assistants while a dependency fails that no test through the API can make fail."""

from datetime import UTC, datetime
from typing import Any

from shared.adapters.cosmos.assistants import AssistantRecord
from shared.contracts.assistants import NewAssistant
from shared.domain.registrations import Registration
from shared.errors import DependencyUnavailable
from shared.services.assistants import Assistants
from tests.unit.builders import ADA, SERVICE, registration


class World:
    """Everything works until an assistant is stored; then registrations can't be read."""

    def __init__(self) -> None:
        self.stored: list[AssistantRecord] = []

    async def get(self, _: object) -> Registration:
        self._fail_once_stored()
        return registration(expires=datetime.max.replace(tzinfo=UTC))

    async def online(self, *_: object) -> dict[str, bool]:
        self._fail_once_stored()
        return {SERVICE: True}

    async def create(self, record: AssistantRecord) -> None:
        self.stored.append(record)

    async def nothing(self, *_: object) -> None:
        return None

    ensure = add = put_assistant = nothing

    def _fail_once_stored(self) -> None:
        if self.stored:
            raise DependencyUnavailable


async def test_an_assistant_that_is_stored_is_answered_without_another_read() -> None:
    """A caller who gets an error tries again, and would have two."""
    world = World()
    parts = "assistants conversations links registrations services profiles connecting"
    dependencies: dict[str, Any] = dict.fromkeys([*parts.split(), "leaving", "renames"], world)
    new = NewAssistant(assistant_service_id=SERVICE, name="Echo", image="data:image")

    created = await Assistants(**dependencies, defaults=[]).create(ADA, new)

    assert [record.assistant_id for record in world.stored] == [created.id]
    assert created.assistant_service_online

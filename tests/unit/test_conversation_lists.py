"""Lists of conversations while access to one ends: what no test through the API can time."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from shared import clock
from shared.contracts.conversations import LatestMessageQuery
from shared.domain.conversation import Conversation
from shared.services.conversations import Conversations
from tests.unit.builders import ECHO, NOW, assistant, conversation


class World:
    """A conversation, and a clock that passes the end of a joining while services are asked."""

    def __init__(self, subject: Conversation) -> None:
        self._subject = subject
        self.now = NOW

    async def targets(self, *_: object) -> list[UUID]:
        return [self._subject.conversation_id]

    async def load_many(self, _: object) -> list[Conversation]:
        return [self._subject]

    async def online(self, service_ids: set[str], _: datetime) -> dict[str, bool]:
        self.now = NOW + timedelta(seconds=2)
        return dict.fromkeys(service_ids, True)

    def clock(self) -> datetime:
        return self.now


async def test_a_list_survives_that_joining_ends_while_it_is_put_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ending = NOW + timedelta(seconds=1)
    subject = conversation(assistant(active=False, listed=False, joining_until=ending))
    world = World(subject)
    parts = ("conversations", "messages", "links", "registrations", "profiles", "changes")
    dependencies: dict[str, Any] = dict.fromkeys(parts, world)
    monkeypatch.setattr(clock, "now", world.clock)

    found = await Conversations(**dependencies).list_of_assistant(ECHO, LatestMessageQuery())

    assert [one.id for one in found.conversations] == [subject.conversation_id]
    assert world.now > ending

"""Purges that meet each other: what no test through the API can time."""

import uuid
from typing import Any

from shared.domain.conversation import Conversation
from shared.services.purges import PurgeRequest, Purges
from tests.unit.builders import conversation


class World:
    """A conversation that becomes visible between two looks, and what is removed of it."""

    def __init__(self, subject: Conversation) -> None:
        self._looks = [None, subject]
        self.removed: list[object] = []
        self.looked_at: list[uuid.UUID] = []

    async def find(self, _: object) -> Conversation | None:
        return self._looks.pop(0)

    async def finish(self, _: object) -> bool:
        """Somebody else has done everything just now."""
        return False

    async def leave_if_gone(self, conversation_ids: list[uuid.UUID]) -> None:
        self.looked_at = conversation_ids

    async def delete_all(self, *removed: object) -> bool:
        self.removed.append(removed)
        return True

    remove_all_of = delete_chunk = delete_all


async def test_what_another_message_has_finished_is_not_purged() -> None:
    subject = conversation()
    world = World(subject)
    parts = "conversations partitions links blobs queues changes shares publications leaving"
    dependencies: dict[str, Any] = {name: world for name in parts.split()}  # noqa: C420
    purges = Purges(**dependencies, hold_seconds=0)
    request = PurgeRequest(
        conversation_id=subject.conversation_id, publication_id=uuid.uuid4(), trace_parent=""
    )

    await purges.handle(request)

    assert world.removed == []
    # Its assistants may have been deleted while it was made.
    assert world.looked_at == [subject.conversation_id]

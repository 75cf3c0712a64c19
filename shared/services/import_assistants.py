"""Giving assistants back, at their services, what they exported."""

import asyncio
import logging
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

from shared.adapters.assistant_http import AssistantServices, Exported
from shared.adapters.cosmos.assistants import AssistantRecord, AssistantRepository
from shared.adapters.cosmos.links import Link, LinkRepository, of_service, of_user
from shared.contracts.assistant_service import AssistantPutRequest, ConversationPutRequest
from shared.domain.archive_layout import (
    ASSISTANT_DATA,
    CONVERSATION_DATA,
    assistant_entry,
    conversation_entry,
)
from shared.domain.archive_reading import ArchiveReader
from shared.domain.registrations import Registration
from shared.errors import AppError
from shared.services.connecting import Connecting
from shared.services.import_planning import ImportPlan, PlannedAssistant
from shared.telemetry import get_logger, log

_logger = get_logger("imports")


@dataclass
class Restored:
    """What services were told so far, so that it can be taken back."""

    made: list[tuple[Registration, AssistantRecord]] = field(
        default_factory=list[tuple[Registration, AssistantRecord]]
    )
    connected: list[tuple[AssistantRecord, UUID]] = field(
        default_factory=list[tuple[AssistantRecord, UUID]]
    )


class ImportAssistants:
    """The assistants' part of an import."""

    def __init__(
        self,
        assistants: AssistantRepository,
        links: LinkRepository,
        services: AssistantServices,
        connecting: Connecting,
    ) -> None:
        self._assistants = assistants
        self._links = links
        self._services = services
        self._connecting = connecting

    async def restore(self, archive: ArchiveReader, plan: ImportPlan, restored: Restored) -> None:
        """Tell the services; raises AssistantFailure, AssistantUnreachable."""
        for planned in plan.assistants:
            service = await self._connecting.service_of(planned.record.assistant_service_id)
            if planned.is_new:
                restored.made.append((service, planned.record))
                await self._put_assistant(archive, service, planned)
            for conversation_id in plan.conversations_of(planned.old_id):
                entry = conversation_entry(planned.old_id, conversation_id)
                if archive.holds(entry):
                    conversation = plan.conversations[conversation_id]
                    new_id, title = conversation.conversation_id, conversation.title
                    restored.connected.append((planned.record, new_id))
                    request = ConversationPutRequest(id=new_id, title=title)
                    await self._put_conversation(archive, service, planned, request, entry)

    async def take_back(self, restored: Restored) -> None:
        """Remove new assistants here and at their services, and connections of old ones.

        What a service can't be told stays with it.
        """
        new = {record.assistant_id for _, record in restored.made}
        for record, conversation_id in restored.connected:
            if record.assistant_id not in new:
                await self._connecting.disconnect(
                    record.assistant_service_id, record.assistant_id, conversation_id
                )
        for service, record in restored.made:
            await self._remove(service, record)

    async def _put_assistant(
        self, archive: ArchiveReader, service: Registration, planned: PlannedAssistant
    ) -> None:
        record = planned.record
        request = AssistantPutRequest(assistant_name=record.name, template_id=record.template_id)
        async with _extracted(archive, assistant_entry(planned.old_id), ASSISTANT_DATA) as exported:
            await self._services.put_assistant(service, record.assistant_id, request, exported)

    async def _put_conversation(
        self,
        archive: ArchiveReader,
        service: Registration,
        planned: PlannedAssistant,
        request: ConversationPutRequest,
        entry: str,
    ) -> None:
        assistant_id = planned.record.assistant_id
        async with _extracted(archive, entry, CONVERSATION_DATA) as exported:
            await self._services.put_conversation(service, assistant_id, request, exported)

    async def _remove(self, service: Registration, record: AssistantRecord) -> None:
        try:
            await self._services.delete_assistant(service, record.assistant_id)
        except AppError as error:
            log(
                _logger,
                logging.WARNING,
                "imported_assistant_not_deleted_at_service",
                assistant_id=record.assistant_id,
                error=type(error).__name__,
            )
        await self._assistants.delete(record.assistant_id)
        for source in (of_user(record.owner_id), of_service(record.assistant_service_id)):
            await self._links.remove(source, Link.ASSISTANT, record.assistant_id)


@asynccontextmanager
async def _extracted(archive: ArchiveReader, entry: str, filename: str) -> AsyncIterator[Exported]:
    """An entry in a file of its own, as it goes to a service."""
    with tempfile.TemporaryFile() as target:
        await asyncio.to_thread(archive.copy, entry, target)
        yield Exported(filename, target)

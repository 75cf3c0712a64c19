"""Telling assistant services which conversations their assistants join and leave."""

import logging
from uuid import UUID

from shared.adapters.assistant_http import AssistantServices
from shared.adapters.registrations import RegistrationRepository
from shared.contracts.assistant_service import ConversationPutRequest
from shared.domain.registrations import Registration
from shared.errors import AppError, AssistantUnreachable, NotFound
from shared.telemetry import get_logger, log

_logger = get_logger("connecting")


class Connecting:
    """The calls that several use cases make when an assistant comes or goes."""

    def __init__(self, registrations: RegistrationRepository, services: AssistantServices) -> None:
        self._registrations = registrations
        self._services = services

    async def service_of(self, assistant_service_id: str) -> Registration:
        """The registration of an assistant's service; raises AssistantUnreachable without one."""
        try:
            registration = await self._registrations.get(assistant_service_id)
        except NotFound as error:
            raise AssistantUnreachable(
                f"assistant service {assistant_service_id} is not registered"
            ) from error
        if not registration.url:
            raise AssistantUnreachable(f"assistant service {assistant_service_id} has no url yet")
        return registration

    async def connect(
        self, service: Registration, assistant_id: UUID, request: ConversationPutRequest
    ) -> None:
        """Tell an assistant of a conversation; raises AssistantFailure, AssistantUnreachable."""
        await self._services.put_conversation(service, assistant_id, request)

    async def disconnect(
        self, assistant_service_id: str, assistant_id: UUID, conversation_id: UUID
    ) -> None:
        """Tell an assistant that it left; it has left whether or not it can be told."""
        try:
            service = await self.service_of(assistant_service_id)
            await self._services.delete_conversation(service, assistant_id, conversation_id)
        except AppError as error:
            log(
                _logger,
                logging.WARNING,
                "assistant_not_disconnected",
                assistant_id=assistant_id,
                conversation_id=conversation_id,
                error=type(error).__name__,
            )

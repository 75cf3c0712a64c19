"""Sending one event to one assistant, by the channel that it has."""

from enum import Enum, auto
from uuid import UUID

from cachetools import TTLCache

from shared import clock
from shared.adapters.assistant_http import AssistantServices
from shared.adapters.cosmos.assistants import AssistantRepository
from shared.adapters.registrations import RegistrationRepository
from shared.adapters.web_pubsub import WebPubSub
from shared.contracts.events import ConversationEvent
from shared.domain.conversation import Participant
from shared.errors import (
    AssistantFailure,
    AssistantUnreachable,
    DependencyUnavailable,
    NotFound,
)
from shared.services.publishing import assistant_group, payload_of

PREFERENCE_SECONDS = 10
"""How long an assistant's choice of channel may be known before it is looked up again."""

NOT_FOUND = 404
WORTH_A_RETRY = frozenset({401, 403, 408, 425, 429})
"""Refusals that may pass: wrong keys are being changed, or the service is busy."""

SERVER_ERROR = 500


class Outcome(Enum):
    """What became of an event."""

    DELIVERED = auto()
    REFUSED = auto()
    FAILED = auto()
    OFFLINE = auto()


class Sender:
    """Knows where an assistant's events go."""

    def __init__(
        self,
        assistants: AssistantRepository,
        registrations: RegistrationRepository,
        services: AssistantServices,
        web_pubsub: WebPubSub,
    ) -> None:
        self._assistants = assistants
        self._registrations = registrations
        self._services = services
        self._web_pubsub = web_pubsub
        self._preferences = TTLCache[UUID, bool, float](10_000, PREFERENCE_SECONDS)

    async def send(
        self, participant: Participant, assistant_id: UUID, event: ConversationEvent
    ) -> Outcome:
        """Send by Web PubSub while the assistant listens there, else by HTTP."""
        if await self._listens(assistant_id):
            await self._web_pubsub.send(assistant_group(assistant_id), payload_of(event))
            return Outcome.DELIVERED
        return await self._post(participant, assistant_id, event)

    async def _listens(self, assistant_id: UUID) -> bool:
        preference = self._preferences.get(assistant_id)
        if preference is None:
            try:
                record, _ = await self._assistants.get(assistant_id)
                preference = record.prefers_web_pubsub
            except NotFound:
                preference = False
            self._preferences[assistant_id] = preference
        return preference and await self._web_pubsub.has_subscribers(assistant_group(assistant_id))

    async def _post(
        self, participant: Participant, assistant_id: UUID, event: ConversationEvent
    ) -> Outcome:
        service_id = participant.assistant_service_id or ""
        registration = await self._registrations.find_recent(service_id)
        if registration is None or not registration.online(clock.now()):
            return Outcome.OFFLINE
        try:
            await self._services.post_event(registration, assistant_id, event)
        except AssistantFailure as error:
            return _outcome(error.status)
        except (AssistantUnreachable, DependencyUnavailable):
            return Outcome.FAILED
        return Outcome.DELIVERED


def _outcome(status: int) -> Outcome:
    """404 counts as delivered: the assistant doesn't know the conversation, and needn't."""
    if status == NOT_FOUND:
        return Outcome.DELIVERED
    if status in WORTH_A_RETRY or status >= SERVER_ERROR:
        return Outcome.FAILED
    return Outcome.REFUSED

"""Sending one event to one assistant, by the channel that it has."""

import asyncio
import logging
from enum import Enum, auto
from uuid import UUID
from weakref import WeakValueDictionary

from cachetools import LRUCache

from shared import clock
from shared.adapters.assistant_http import AssistantServices
from shared.adapters.cosmos.assistants import AssistantRepository
from shared.adapters.registrations import RegistrationRepository
from shared.adapters.web_pubsub import WebPubSub
from shared.contracts.events import ConversationEvent
from shared.domain.conversation import Participant
from shared.domain.registrations import Registration
from shared.errors import (
    AssistantFailure,
    AssistantUnreachable,
    DependencyUnavailable,
    NotFound,
)
from shared.services.publishing import assistant_group, payload_of
from shared.telemetry import get_logger, log

REMEMBERED = 10_000

NOT_FOUND = 404
WORTH_A_RETRY = frozenset({401, 403, 408, 425, 429})
"""Refusals that may pass: wrong keys are being changed, or the service is busy."""

SERVER_ERROR = 500

AT_ONCE = 8
"""Events on their way to one service at once, in each process: a third of what the host runs
side by side (host.json), so that a service that hangs leaves room for the others."""

TURN_SECONDS = 1.0
"""How long an event waits for its turn before it makes room and comes back later."""

_logger = get_logger("sending")


class Outcome(Enum):
    """What became of an event."""

    DELIVERED = auto()
    REFUSED = auto()
    FAILED = auto()
    OFFLINE = auto()
    BUSY = auto()


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
        self._listeners: LRUCache[UUID, bool] = LRUCache(REMEMBERED)
        self._turns: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    async def send(
        self, participant: Participant, assistant_id: UUID, event: ConversationEvent
    ) -> Outcome:
        """Send by Web PubSub while the assistant listens there, else by HTTP.

        Raises DependencyUnavailable where what is missing is ours: that is nobody's failure.
        """
        if await self._prefers_web_pubsub(assistant_id) and await self._streamed(
            assistant_id, event
        ):
            return Outcome.DELIVERED
        return await self._post(participant, assistant_id, event)

    async def _prefers_web_pubsub(self, assistant_id: UUID) -> bool:
        """Who never asked for a stream is looked up each time, so that the first event after
        they did goes there; who did is remembered.
        """
        if assistant_id not in self._listeners:
            try:
                record, _ = await self._assistants.get(assistant_id)
            except NotFound:
                return False
            if not record.prefers_web_pubsub:
                return False
            self._listeners[assistant_id] = True
        return True

    async def _streamed(self, assistant_id: UUID, event: ConversationEvent) -> bool:
        """Whether Web PubSub took it for an assistant that listens; in doubt it is sent by HTTP."""
        group = assistant_group(assistant_id)
        try:
            if not await self._web_pubsub.has_subscribers(group):
                return False
            await self._web_pubsub.send(group, payload_of(event))
        except DependencyUnavailable as error:
            log(_logger, logging.WARNING, "not_streamed", group=group, error=error.detail)
            return False
        return True

    async def _post(
        self, participant: Participant, assistant_id: UUID, event: ConversationEvent
    ) -> Outcome:
        service_id = participant.assistant_service_id or ""
        registration = await self._online(service_id)
        if registration is None:
            return Outcome.OFFLINE
        turns = self._turns.setdefault(service_id, asyncio.Semaphore(AT_ONCE))
        try:
            async with asyncio.timeout(TURN_SECONDS):
                await turns.acquire()
        except TimeoutError:
            return Outcome.BUSY
        try:
            return await self._try_post(registration, assistant_id, event)
        finally:
            turns.release()

    async def _try_post(
        self, registration: Registration, assistant_id: UUID, event: ConversationEvent
    ) -> Outcome:
        try:
            await self._services.post_event(registration, assistant_id, event)
        except AssistantFailure as error:
            outcome = _outcome(error.status)
            return Outcome.FAILED if await self._has_moved(registration) else outcome
        except AssistantUnreachable:
            return Outcome.FAILED
        return Outcome.DELIVERED

    async def _has_moved(self, called: Registration) -> bool:
        """Whether the service is elsewhere by now, so that its old address refused for nobody."""
        try:
            known = await self._registrations.get(called.assistant_service_id)
        except NotFound:
            return False
        return known.url != called.url

    async def _online(self, service_id: str) -> Registration | None:
        """The registration of a service that is online.

        That it is offline is never taken from memory: a held event waits long.
        """
        recent = await self._registrations.find_recent(service_id)
        if recent is not None and recent.online(clock.now()):
            return recent
        try:
            registration = await self._registrations.get(service_id)
        except NotFound:
            return None
        return registration if registration.online(clock.now()) else None


def _outcome(status: int) -> Outcome:
    """404 counts as delivered: the assistant doesn't know the conversation, and needn't."""
    if status == NOT_FOUND:
        return Outcome.DELIVERED
    if status in WORTH_A_RETRY or status >= SERVER_ERROR:
        return Outcome.FAILED
    return Outcome.REFUSED

"""Assistant services come and go: people are told, and held events are delivered."""

from functools import partial
from uuid import UUID

from shared import clock, invocation, resources
from shared.adapters.cosmos.links import Link, LinkRepository, of_assistant, of_service
from shared.adapters.queues import Queues
from shared.adapters.registrations import RegistrationRepository
from shared.domain.participants import AnnounceOnline
from shared.errors import Conflict, NotFound
from shared.services.changes import Changes
from shared.services.nudges import Nudge, Nudges
from shared.services.registrations import ServiceStatus
from shared.services.side_by_side import for_each


class ServiceStatuses:
    """What the timer and the queue function do when a service changes its state."""

    def __init__(
        self,
        registrations: RegistrationRepository,
        links: LinkRepository,
        queues: Queues,
        changes: Changes,
        nudges: Nudges,
    ) -> None:
        self._registrations = registrations
        self._links = links
        self._queues = queues
        self._changes = changes
        self._nudges = nudges

    async def expire(self) -> int:
        """Announce services that stopped calling; how many there were.

        The message is sent before the registration is marked: a crash in between repeats it.
        """
        expired = await self._registrations.list_expired(clock.now())
        for registration in expired:
            status = ServiceStatus(assistant_service_id=registration.assistant_service_id)
            await self._queues.send(resources.SERVICE_STATUS_QUEUE, status.model_dump_json())
            try:
                changed = registration.model_copy(update={"announced_online": False})
                await self._registrations.replace(changed)
            except (Conflict, NotFound):
                continue  # it came back, or was deleted, just now
        return len(expired)

    async def announce(self, status: ServiceStatus) -> None:
        """Tell the conversations of one assistant, or hand out one message per assistant."""
        if status.assistant_id is None:
            await self._hand_out(status.assistant_service_id)
            return
        online = await self._is_online(status.assistant_service_id)
        assistant_id = UUID(status.assistant_id)
        ids = await self._links.targets(of_assistant(assistant_id), Link.CONVERSATION)
        await for_each(ids, partial(self._tell, assistant_id, online))

    async def _hand_out(self, service_id: str) -> None:
        for assistant_id in await self._links.targets(of_service(service_id), Link.ASSISTANT):
            one = ServiceStatus(assistant_service_id=service_id, assistant_id=str(assistant_id))
            invocation.current().enqueue(resources.SERVICE_STATUS_QUEUE, one.model_dump_json())

    async def _tell(self, assistant_id: UUID, online: bool, conversation_id: UUID) -> None:
        correlation_id = invocation.current().correlation_id
        try:
            await self._changes.apply(
                conversation_id, AnnounceOnline(str(assistant_id), online, correlation_id)
            )
        except NotFound:
            return
        if online:
            self._nudges.now(
                Nudge(conversation_id=conversation_id, assistant_id=assistant_id, retry_now=True)
            )

    async def _is_online(self, service_id: str) -> bool:
        try:
            registration = await self._registrations.get(service_id)
        except NotFound:
            return False
        return registration.online(clock.now())

"""Which assistant services are online, for the views that show it."""

from collections.abc import Iterable

from shared import clock
from shared.adapters.registrations import RegistrationRepository
from shared.domain.conversation import Conversation


async def online_services(
    registrations: RegistrationRepository, conversations: Iterable[Conversation]
) -> dict[str, bool]:
    """Whether each service behind the conversations' assistants is online."""
    service_ids = {
        service_id
        for conversation in conversations
        for service_id in conversation.assistant_service_ids()
    }
    return await registrations.online(service_ids, clock.now())

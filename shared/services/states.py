"""States of assistants in conversations: they live at the assistant's service."""

from functools import partial
from uuid import UUID

from shared import invocation
from shared.adapters.assistant_http import AssistantServices
from shared.adapters.cosmos.assistants import AssistantRepository
from shared.adapters.cosmos.conversations import ConversationRepository
from shared.adapters.cosmos.links import Link, LinkRepository, of_assistant
from shared.contracts.assistant_service import (
    StateDescriptionList,
    StatePutRequest,
    StateResponse,
)
from shared.contracts.assistants import AssistantStateEvent
from shared.domain.access import Access
from shared.domain.principals import Assistant, User
from shared.domain.registrations import Registration
from shared.domain.states import AnnounceState
from shared.errors import NotFound
from shared.services.changes import Changes
from shared.services.connecting import Connecting
from shared.services.opening import open_for
from shared.services.side_by_side import for_each


class States:
    """Use cases around an assistant's states."""

    def __init__(
        self,
        conversations: ConversationRepository,
        assistants: AssistantRepository,
        links: LinkRepository,
        services: AssistantServices,
        connecting: Connecting,
        changes: Changes,
    ) -> None:
        self._conversations = conversations
        self._assistants = assistants
        self._links = links
        self._services = services
        self._connecting = connecting
        self._changes = changes

    async def list_states(
        self, user: User, assistant_id: UUID, conversation_id: UUID
    ) -> StateDescriptionList:
        """The states that an assistant offers in a conversation that the caller may read."""
        access = Access.READ_OR_OWNED
        service = await self._service(user, assistant_id, conversation_id, access)
        return await self._services.list_states(service, assistant_id, conversation_id)

    async def get(
        self, user: User, assistant_id: UUID, conversation_id: UUID, state_id: str
    ) -> StateResponse:
        """One state, in a conversation that the caller may read."""
        access = Access.READ_OR_OWNED
        service = await self._service(user, assistant_id, conversation_id, access)
        return await self._services.get_state(service, assistant_id, conversation_id, state_id)

    async def put(
        self,
        user: User,
        assistant_id: UUID,
        conversation_id: UUID,
        state_id: str,
        request: StatePutRequest,
    ) -> StateResponse:
        """Change one state, in a conversation that the caller may write to."""
        access = Access.WRITE_OR_OWNED
        service = await self._service(user, assistant_id, conversation_id, access)
        return await self._services.put_state(
            service, assistant_id, conversation_id, state_id, request
        )

    async def announce(
        self,
        assistant: Assistant,
        assistant_id: UUID,
        event: AssistantStateEvent,
        conversation_id: UUID | None,
    ) -> None:
        """Announce a state in one conversation, or in all in which the assistant is active."""
        record, _ = await self._assistants.get(assistant_id)
        if Assistant(record.assistant_service_id, record.assistant_id) != assistant:
            raise NotFound
        command = AnnounceState(
            assistant, event.state_id, event.event, invocation.current().correlation_id
        )
        if conversation_id is not None:
            await self._changes.apply(conversation_id, command)
            return
        ids = await self._links.targets(of_assistant(assistant_id), Link.CONVERSATION)
        await for_each(ids, partial(self._announce_if_active, command))

    async def _announce_if_active(self, command: AnnounceState, conversation_id: UUID) -> None:
        try:
            await self._changes.apply(conversation_id, command)
        except NotFound:
            return

    async def _service(
        self, user: User, assistant_id: UUID, conversation_id: UUID, access: Access
    ) -> Registration:
        conversation = await open_for(self._conversations, user, conversation_id, access)
        participant = conversation.participants.get(str(assistant_id))
        if participant is None or not participant.active or not participant.assistant_service_id:
            raise NotFound
        return await self._connecting.service_of(participant.assistant_service_id)

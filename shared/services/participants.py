"""Participants: list, read, join, update, leave; and conversations that assistants start."""

import asyncio
from uuid import UUID

from shared import clock, invocation
from shared.adapters.cosmos.assistants import AssistantRecord, AssistantRepository
from shared.adapters.cosmos.conversations import ConversationRepository
from shared.adapters.cosmos.links import Link, LinkRepository, of_assistant, of_user
from shared.adapters.cosmos.profiles import ProfileRepository
from shared.adapters.registrations import RegistrationRepository
from shared.contracts.assistant_service import ConversationPutRequest
from shared.contracts.conversations import Conversation as ConversationView
from shared.contracts.conversations import NewConversation
from shared.contracts.participants import (
    ConversationParticipant,
    ConversationParticipantList,
    UpdateParticipant,
)
from shared.domain.access import Access
from shared.domain.conversation import Conversation
from shared.domain.identifiers import uuid_or_none
from shared.domain.participants import (
    AbortJoin,
    AdmitAssistant,
    BeginJoin,
    CompleteJoin,
    JoiningAssistant,
    PutAssistant,
    UpdateOwnParticipant,
    wants_in,
)
from shared.domain.principals import Actor, Assistant, User, participant_id
from shared.domain.registrations import Registration
from shared.domain.titles import new_conversation
from shared.domain.views import participant_view, participant_views
from shared.errors import AppError, Conflict, Forbidden, NotFound
from shared.services.changes import Changes
from shared.services.connecting import Connecting
from shared.services.online import online_services
from shared.services.opening import open_for

ME = "me"


class Participants:
    """Use cases around who takes part in a conversation."""

    def __init__(
        self,
        conversations: ConversationRepository,
        assistants: AssistantRepository,
        profiles: ProfileRepository,
        links: LinkRepository,
        registrations: RegistrationRepository,
        changes: Changes,
        connecting: Connecting,
    ) -> None:
        self._conversations = conversations
        self._assistants = assistants
        self._profiles = profiles
        self._links = links
        self._registrations = registrations
        self._changes = changes
        self._connecting = connecting

    async def list_participants(
        self, actor: Actor, conversation_id: UUID, *, include_inactive: bool
    ) -> ConversationParticipantList:
        """The participants, people first."""
        conversation = await self._readable(actor, conversation_id)
        online = await online_services(self._registrations, [conversation])
        return ConversationParticipantList.model_construct(
            participants=participant_views(conversation, online, include_inactive=include_inactive)
        )

    async def get(
        self, actor: Actor, conversation_id: UUID, wanted_id: str
    ) -> ConversationParticipant:
        """One participant; `me` is the caller."""
        conversation = await self._readable(actor, conversation_id)
        found = conversation.participants.get(_resolve(actor, wanted_id))
        if found is None or not found.listed:
            raise NotFound
        online = await online_services(self._registrations, [conversation])
        return participant_view(conversation, found, online)

    async def put(
        self, actor: Actor, conversation_id: UUID, wanted_id: str, update: UpdateParticipant
    ) -> ConversationParticipant:
        """Update oneself, or (people only) add or update an assistant of one's own."""
        target = _resolve(actor, wanted_id)
        if target == participant_id(actor):
            return await self._put_self(actor, conversation_id, target, update)
        assistant_id = uuid_or_none(target)
        if isinstance(actor, Assistant) or assistant_id is None:
            await self._readable(actor, conversation_id)
            raise Forbidden
        return await self._put_assistant(actor, conversation_id, assistant_id, update)

    async def create_for_owner(
        self, assistant: Assistant, owner_id: str, new: NewConversation
    ) -> ConversationView:
        """An assistant starts a conversation that belongs to a person.

        The owner sees it once they redeem a share of it. Nobody sees it if the assistant's own
        service can't be told.
        """
        record, _ = await self._assistants.get(assistant.assistant_id)
        if record.assistant_service_id != assistant.assistant_service_id:
            raise NotFound
        if await self._profiles.get(owner_id) is None:
            raise NotFound("owner not found")
        service = await self._connecting.service_of(record.assistant_service_id)
        joining = _joining(record, service)
        conversation = new_conversation(clock.new_uuid(), owner_id, new, clock.now())
        conversation.created_by_assistant_id = assistant.assistant_id
        BeginJoin(None, joining).apply(conversation, clock.now())
        return await self._start(conversation, record, service)

    async def _start(
        self, conversation: Conversation, record: AssistantRecord, service: Registration
    ) -> ConversationView:
        conversation_id = conversation.conversation_id
        await asyncio.gather(
            self._links.add(of_assistant(record.assistant_id), Link.CONVERSATION, conversation_id),
            self._links.add(of_user(conversation.owner_id), Link.CONVERSATION, conversation_id),
        )
        await self._conversations.create(conversation)
        request = ConversationPutRequest(id=conversation_id, title=conversation.title)
        try:
            await self._assistants.get(record.assistant_id)
            await self._connecting.connect(service, record.assistant_id, request)
        except AppError:
            await self._conversations.discard(conversation_id)
            raise
        admission = AdmitAssistant(str(record.assistant_id))
        try:
            return await self._changes.apply(conversation_id, admission)
        except NotFound:
            await self._conversations.discard(conversation_id)
            raise

    async def _put_self(
        self, actor: Actor, conversation_id: UUID, target: str, update: UpdateParticipant
    ) -> ConversationParticipant:
        command = UpdateOwnParticipant(actor, target, update, invocation.current().correlation_id)
        updated = await self._changes.apply(conversation_id, command)
        if isinstance(actor, Assistant) and update.active_participant is False:
            await self._connecting.disconnect(
                actor.assistant_service_id, actor.assistant_id, conversation_id
            )
        return updated

    async def _put_assistant(
        self, user: User, conversation_id: UUID, assistant_id: UUID, update: UpdateParticipant
    ) -> ConversationParticipant:
        conversation = await open_for(
            self._conversations, user, conversation_id, Access.WRITE_OR_OWNED
        )
        record, _ = await self._assistants.get(assistant_id)
        if record.owner_id != user.user_id:
            raise NotFound
        service = await self._connecting.service_of(record.assistant_service_id)
        joining = _joining(record, service)
        present = conversation.participants.get(joining.assistant_id)
        if wants_in(present, update):
            return await self._join(user, conversation, joining, service, update)
        command = PutAssistant(user, joining, update, invocation.current().correlation_id)
        updated = await self._changes.apply(conversation_id, command)
        if updated is None:
            # It has left since the conversation was loaded.
            return await self._join(user, conversation, joining, service, update)
        was_active = present is not None and present.active
        if was_active and not updated.active_participant:
            await self._connecting.disconnect(
                record.assistant_service_id, assistant_id, conversation_id
            )
        return updated

    async def _join(
        self,
        user: User,
        conversation: Conversation,
        joining: JoiningAssistant,
        service: Registration,
        update: UpdateParticipant,
    ) -> ConversationParticipant:
        """Let the assistant in, tell its service, and only then show it to everybody.

        Who deletes the assistant removes its record, and then undoes what began before that.
        """
        conversation_id = conversation.conversation_id
        assistant_id = UUID(joining.assistant_id)
        await self._links.add(of_assistant(assistant_id), Link.CONVERSATION, conversation_id)
        after = await self._changes.apply(conversation_id, BeginJoin(user, joining))
        request = ConversationPutRequest(id=conversation_id, title=conversation.title)
        try:
            await self._assistants.get(assistant_id)
            await self._connecting.connect(service, assistant_id, request)
        except AppError:
            await self._changes.apply(conversation_id, AbortJoin(joining.assistant_id))
            raise
        correlation_id = invocation.current().correlation_id
        command = CompleteJoin(user, joining, update, after, correlation_id)
        try:
            return await self._changes.apply(conversation_id, command)
        except Conflict:
            await self._connecting.disconnect(
                joining.assistant_service_id, assistant_id, conversation_id
            )
            await self._assistants.get(assistant_id)
            raise

    async def _readable(self, actor: Actor, conversation_id: UUID) -> Conversation:
        return await open_for(self._conversations, actor, conversation_id, Access.READ_OR_OWNED)


def _resolve(actor: Actor, wanted_id: str) -> str:
    return participant_id(actor) if wanted_id == ME else wanted_id


def _joining(record: AssistantRecord, service: Registration) -> JoiningAssistant:
    return JoiningAssistant(
        assistant_id=str(record.assistant_id),
        name=record.name,
        image=record.image,
        assistant_service_id=record.assistant_service_id,
        service_online=service.online(clock.now()),
        name_version=record.name_version,
    )

"""Conversations: create, list, read, change."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from shared import clock, invocation
from shared.adapters.cosmos.conversations import ConversationRepository
from shared.adapters.cosmos.links import Link, LinkRepository, of_assistant, of_user
from shared.adapters.cosmos.messages import MessageRepository
from shared.adapters.registrations import RegistrationRepository
from shared.contracts.conversations import Conversation as ConversationView
from shared.contracts.conversations import (
    ConversationList,
    LatestMessageQuery,
    ListConversationsQuery,
    NewConversation,
    UpdateConversation,
)
from shared.contracts.messages import ConversationMessage, MessageType
from shared.contracts.participants import ParticipantRole
from shared.domain.access import Access, allows
from shared.domain.conversation import Conversation, Participant
from shared.domain.principals import Actor, Assistant, User, participant_id
from shared.domain.titles import PatchConversation, new_conversation
from shared.domain.views import conversation_view
from shared.services.changes import Changes
from shared.services.online import online_services
from shared.services.opening import open_for
from shared.services.profiles import Profiles


class Conversations:
    """Use cases around conversations as a whole."""

    def __init__(
        self,
        conversations: ConversationRepository,
        messages: MessageRepository,
        links: LinkRepository,
        registrations: RegistrationRepository,
        profiles: Profiles,
        changes: Changes,
    ) -> None:
        self._conversations = conversations
        self._messages = messages
        self._links = links
        self._registrations = registrations
        self._profiles = profiles
        self._changes = changes

    async def create(self, user: User, new: NewConversation) -> ConversationView:
        """A new conversation, owned by the caller, who is its only participant."""
        now = clock.now()
        conversation = new_conversation(clock.new_uuid(), user.user_id, new, now)
        profile, _ = await asyncio.gather(
            self._profiles.ensure(user),
            self._links.add(of_user(user.user_id), Link.CONVERSATION, conversation.conversation_id),
        )
        owner = Participant(
            id=user.user_id,
            role=ParticipantRole.USER,
            name=profile.name,
            image=profile.image,
            name_version=profile.name_version,
            status_updated=now,
            joined=now,
        )
        conversation.participants[owner.id] = owner
        await self._conversations.create(conversation)
        return conversation_view(conversation, owner.permission)

    async def get(
        self, actor: Actor, conversation_id: UUID, query: LatestMessageQuery
    ) -> ConversationView:
        """One conversation as the caller sees it; raises NotFound."""
        conversation = await open_for(
            self._conversations, actor, conversation_id, Access.READ_OR_OWNED
        )
        return (await self._views(actor, [conversation], set(query.latest_message_type)))[0]

    async def list_conversations(
        self, actor: Actor, query: ListConversationsQuery
    ) -> ConversationList:
        """The caller's conversations, the newest first."""
        include_left = query.include_inactive and isinstance(actor, User)
        access = Access.READ_OR_OWNED if include_left else Access.READ
        return await self._list(actor, access, set(query.latest_message_type))

    async def list_of_assistant(
        self, assistant: Assistant, query: LatestMessageQuery
    ) -> ConversationList:
        """The conversations in which an assistant is active, the newest first."""
        return await self._list(assistant, Access.READ, set(query.latest_message_type))

    async def update(
        self, actor: Actor, conversation_id: UUID, update: UpdateConversation
    ) -> ConversationView:
        """Change title and metadata."""
        correlation_id = invocation.current().correlation_id
        return await self._changes.apply(
            conversation_id, PatchConversation(actor, update, correlation_id)
        )

    async def _list(
        self, actor: Actor, access: Access, types: set[MessageType]
    ) -> ConversationList:
        source = (
            of_user(actor.user_id) if isinstance(actor, User) else of_assistant(actor.assistant_id)
        )
        ids = await self._links.targets(source, Link.CONVERSATION)
        now = clock.now()
        found = [
            conversation
            for conversation in await self._conversations.load_many(ids)
            if allows(conversation, actor, access, now)
        ]
        found.sort(key=_created, reverse=True)
        return ConversationList.model_construct(
            conversations=await self._views(actor, found, types)
        )

    async def _views(
        self, actor: Actor, conversations: Sequence[Conversation], types: set[MessageType]
    ) -> list[ConversationView]:
        """Conversations that were found open to the caller: that isn't decided once more.

        A joining may end while the rest is read.
        """
        online, latest = await asyncio.gather(
            online_services(self._registrations, conversations),
            self._latest(conversations, types),
        )
        caller = participant_id(actor)
        return [
            conversation_view(
                conversation, conversation.participants[caller].permission, message, online
            )
            for conversation, message in zip(conversations, latest, strict=True)
        ]

    async def _latest(
        self, conversations: Sequence[Conversation], types: set[MessageType]
    ) -> list[ConversationMessage | None]:
        """The latest messages: from the aggregates, but for those too large to be kept there."""
        latest = [conversation.latest_of(types) for conversation in conversations]
        elsewhere = [
            self._messages.find(conversation.conversation_id, found.message_id)
            for conversation, found in zip(conversations, latest, strict=True)
            if found is not None and found.message is None
        ]
        fetched = {
            message.message_id: message
            for message in await asyncio.gather(*elsewhere)
            if message is not None
        }
        messages = [
            (found.message or fetched.get(found.message_id)) if found else None for found in latest
        ]
        return [message.view() if message else None for message in messages]


def _created(conversation: Conversation) -> datetime:
    return conversation.created

"""Routes of conversations and of their events."""

from typing import Annotated
from uuid import UUID

import azure.functions as func
from pydantic import Field

from shared import resources
from shared.api.endpoint import new_router
from shared.api.openapi.described import FORWARDED, Described
from shared.api.requests import headers_of
from shared.container import App
from shared.contracts.conversations import (
    Conversation,
    ConversationList,
    LatestMessageQuery,
    ListConversationsQuery,
    NewConversation,
    UpdateConversation,
)
from shared.contracts.events import EventPage, EventsQuery, RealTimeConnection
from shared.contracts.transfers import ConversationImportResult
from shared.domain.identifiers import uuid_or_none
from shared.domain.principals import Actor, Assistant, User
from shared.errors import NotAcceptable, NotFound

router = new_router()

ONE = "conversations/{conversation_id}"

EVENT_STREAM = "text/event-stream"
"""All that clients of the original service accept here: its events came as such a stream."""

NO_EVENT_STREAM = (
    "Server-sent events are not offered. Past events are answered as JSON; live ones come by"
    " WebSocket: POST to this path with /negotiate"
)


@router.get("conversations", name="conversations_all")
async def list_conversations(
    app: App, caller: Actor, query: ListConversationsQuery
) -> ConversationList:
    """List one's conversations, the newest first."""
    return await app.conversations.list_conversations(caller, query)


@router.post("conversations", name="conversations_create", queues=[resources.DELIVERIES_QUEUE])
async def create_conversation(app: App, caller: User, body: NewConversation) -> Conversation:
    """Create a conversation of one's own."""
    return await app.conversations.create(caller, body)


@router.post(
    "conversations/{owner_id}",
    name="conversations_post_by_id",
    docs=FORWARDED,
    queues=[resources.DELIVERIES_QUEUE],
)
async def duplicate_or_create(
    app: App,
    caller: Actor,
    owner_id: Annotated[str, Field(max_length=1024)],
    body: NewConversation,
) -> Conversation | ConversationImportResult:
    """Duplicate a conversation by its id; or start one, as an assistant, for a person by theirs.

    An id of a conversation in which the assistant is active is taken for that conversation.
    """
    conversation_id = uuid_or_none(owner_id)
    if isinstance(caller, Assistant):
        if conversation_id is None or not await app.duplicates.is_active_in(
            caller, conversation_id
        ):
            return await app.participants.create_for_owner(caller, owner_id, body)
    elif conversation_id is None:
        raise NotFound
    return await app.duplicates.duplicate(caller, conversation_id, body)


@router.get(ONE, name="conversations_get")
async def get_conversation(
    app: App, caller: Actor, conversation_id: UUID, query: LatestMessageQuery
) -> Conversation:
    """Get a conversation with its participants and its latest message."""
    return await app.conversations.get(caller, conversation_id, query)


@router.patch(ONE, name="conversations_update", queues=[resources.DELIVERIES_QUEUE])
async def update_conversation(
    app: App, caller: Actor, conversation_id: UUID, body: UpdateConversation
) -> Conversation:
    """Change the title or the metadata of a conversation."""
    return await app.conversations.update(caller, conversation_id, body)


@router.delete(
    ONE,
    name="conversations_delete",
    status=204,
    queues=[resources.DELIVERIES_QUEUE, resources.PURGES_QUEUE],
)
async def delete_conversation(app: App, caller: Actor, conversation_id: UUID) -> None:
    """Delete a conversation, as its owner or as the assistant that created it."""
    await app.purges.delete(caller, conversation_id)


@router.get(
    f"{ONE}/events",
    name="events_replay",
    docs=Described(errors={406: "Server-sent events are wanted, and nothing else would do"}),
)
async def replay_events(
    app: App,
    caller: Actor,
    request: func.HttpRequest,
    conversation_id: UUID,
    query: EventsQuery,
) -> EventPage:
    """Replay the events of a conversation after a sequence number."""
    if headers_of(request).get("accept", "").strip() == EVENT_STREAM:
        raise NotAcceptable(NO_EVENT_STREAM)
    return await app.events.replay(caller, conversation_id, query)


@router.post(f"{ONE}/events/negotiate", name="events_negotiate_conversation")
async def negotiate_conversation(
    app: App, caller: Actor, conversation_id: UUID
) -> RealTimeConnection:
    """Get an address for a WebSocket that carries the events of one conversation."""
    return await app.events.connect_to_conversation(caller, conversation_id)


@router.post("events/negotiate", name="events_negotiate_user")
async def negotiate_user(app: App, caller: User) -> RealTimeConnection:
    """Get an address for a WebSocket that carries what happens in all one's conversations."""
    return await app.events.connect_user(caller)

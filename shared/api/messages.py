"""Routes of the messages of a conversation."""

from uuid import UUID

from shared import resources
from shared.api.endpoint import new_router
from shared.api.openapi.described import Described
from shared.container import App
from shared.contracts.messages import (
    ConversationMessage,
    ConversationMessageDebug,
    ConversationMessageList,
    MessageFilter,
    NewConversationMessage,
)
from shared.domain.principals import Actor, User

router = new_router()

ALL = "conversations/{conversation_id}/messages"
ONE = f"{ALL}/{{message_id}}"


@router.get(ALL, name="messages_all")
async def list_messages(
    app: App, caller: Actor, conversation_id: UUID, query: MessageFilter
) -> ConversationMessageList:
    """List the newest messages that match, oldest first."""
    return await app.messages.list_messages(caller, conversation_id, query)


@router.post(
    ALL,
    name="messages_create",
    docs=Described(errors={409: "The conversation has a message with this id"}),
    queues=[resources.DELIVERIES_QUEUE, resources.TITLES_QUEUE],
)
async def create_message(
    app: App, caller: Actor, conversation_id: UUID, body: NewConversationMessage
) -> ConversationMessage:
    """Post a message."""
    return await app.messages.post(caller, conversation_id, body)


@router.get(ONE, name="messages_get")
async def get_message(
    app: App, caller: Actor, conversation_id: UUID, message_id: UUID
) -> ConversationMessage:
    """Get one message."""
    return await app.messages.get(caller, conversation_id, message_id)


@router.get(f"{ONE}/debug_data", name="messages_get_debug")
async def get_debug_data(
    app: App, caller: Actor, conversation_id: UUID, message_id: UUID
) -> ConversationMessageDebug:
    """Get the debug data of one message."""
    return await app.messages.get_debug(caller, conversation_id, message_id)


@router.delete(ONE, name="messages_delete", status=204, queues=[resources.DELIVERIES_QUEUE])
async def delete_message(app: App, caller: User, conversation_id: UUID, message_id: UUID) -> None:
    """Delete a message with its debug data."""
    await app.messages.delete(caller, conversation_id, message_id)

"""Routes of assistants, their configuration and their states."""

from uuid import UUID

from shared import resources
from shared.api.endpoint import new_router
from shared.api.openapi.described import FORWARDED, Described
from shared.container import App
from shared.contracts.assistant_service import (
    ConfigPutRequest,
    ConfigResponse,
    StateDescriptionList,
    StatePutRequest,
    StateResponse,
)
from shared.contracts.assistants import Assistant as AssistantView
from shared.contracts.assistants import (
    AssistantList,
    AssistantsQuery,
    AssistantStateEvent,
    NewAssistant,
    StateEventQuery,
    UpdateAssistant,
)
from shared.contracts.conversations import ConversationList, LatestMessageQuery
from shared.contracts.events import RealTimeConnection
from shared.domain.principals import Assistant, User

router = new_router()

STATES = "assistants/{assistant_id}/conversations/{conversation_id}/states"


@router.get(
    "assistants",
    name="assistants_all",
    docs=Described(errors={404: "No such conversation, or not for this caller"}),
)
async def list_assistants(app: App, caller: User, query: AssistantsQuery) -> AssistantList:
    """List one's own assistants, or those that are active in a conversation."""
    return await app.assistants.list_assistants(caller, query)


@router.post(
    "assistants",
    name="assistants_create",
    docs=Described(errors={400: "The assistant service is unknown or offline"}, forwards=True),
    status=201,
    queues=[resources.DELIVERIES_QUEUE],
)
async def create_assistant(app: App, caller: User, body: NewAssistant) -> AssistantView:
    """Create an assistant at an assistant service that is online."""
    return await app.assistants.create(caller, body)


@router.get("assistants/{assistant_id}", name="assistants_get")
async def get_assistant(app: App, caller: User, assistant_id: UUID) -> AssistantView:
    """Get an assistant of one's own, or one met in a conversation."""
    return await app.assistants.get(caller, assistant_id)


@router.patch(
    "assistants/{assistant_id}",
    name="assistants_update",
    docs=Described(
        errors={400: "The assistant service is offline", 409: "It was changed meanwhile"},
        forwards=True,
    ),
    queues=[resources.DELIVERIES_QUEUE],
)
async def update_assistant(
    app: App, caller: User, assistant_id: UUID, body: UpdateAssistant
) -> AssistantView:
    """Change an assistant of one's own."""
    return await app.assistants.update(caller, assistant_id, body)


@router.delete(
    "assistants/{assistant_id}",
    name="assistants_delete",
    status=204,
    queues=[resources.DELIVERIES_QUEUE],
)
async def delete_assistant(app: App, caller: User, assistant_id: UUID) -> None:
    """Delete an assistant of one's own."""
    await app.assistants.delete(caller, assistant_id)


@router.get("assistants/{assistant_id}/config", name="assistants_config_get", docs=FORWARDED)
async def get_config(app: App, caller: User, assistant_id: UUID) -> ConfigResponse:
    """Get the configuration of an assistant of one's own."""
    return await app.assistants.get_config(caller, assistant_id)


@router.put("assistants/{assistant_id}/config", name="assistants_config_put", docs=FORWARDED)
async def put_config(
    app: App, caller: User, assistant_id: UUID, body: ConfigPutRequest
) -> ConfigResponse:
    """Change the configuration of an assistant of one's own."""
    return await app.assistants.put_config(caller, assistant_id, body)


@router.get("assistants/{assistant_id}/conversations", name="assistants_conversations")
async def list_conversations(
    app: App, caller: User, assistant_id: UUID, query: LatestMessageQuery
) -> ConversationList:
    """List the conversations in which an assistant of one's own is active."""
    record, _ = await app.assistants.owned(caller, assistant_id)
    assistant = Assistant(record.assistant_service_id, assistant_id)
    return await app.conversations.list_of_assistant(assistant, query)


@router.get(STATES, name="assistants_states_all", docs=FORWARDED)
async def list_states(
    app: App, caller: User, assistant_id: UUID, conversation_id: UUID
) -> StateDescriptionList:
    """List the states that an assistant offers in a conversation."""
    return await app.states.list_states(caller, assistant_id, conversation_id)


@router.get(f"{STATES}/{{state_id}}", name="assistants_states_get", docs=FORWARDED)
async def get_state(
    app: App, caller: User, assistant_id: UUID, conversation_id: UUID, state_id: str
) -> StateResponse:
    """Get a state of an assistant in a conversation."""
    return await app.states.get(caller, assistant_id, conversation_id, state_id)


@router.put(f"{STATES}/{{state_id}}", name="assistants_states_put", docs=FORWARDED)
async def put_state(
    app: App,
    caller: User,
    assistant_id: UUID,
    conversation_id: UUID,
    state_id: str,
    body: StatePutRequest,
) -> StateResponse:
    """Change a state of an assistant in a conversation."""
    return await app.states.put(caller, assistant_id, conversation_id, state_id, body)


@router.post(
    "assistants/{assistant_id}/states/events",
    name="assistants_states_announce",
    status=204,
    queues=[resources.DELIVERIES_QUEUE],
)
async def announce_state(
    app: App,
    caller: Assistant,
    assistant_id: UUID,
    query: StateEventQuery,
    body: AssistantStateEvent,
) -> None:
    """Announce that a state was created, changed, deleted or wants attention."""
    await app.states.announce(caller, assistant_id, body, query.conversation_id)


@router.post("assistants/{assistant_id}/events/negotiate", name="assistants_negotiate")
async def negotiate(app: App, caller: Assistant, assistant_id: UUID) -> RealTimeConnection:
    """Get an address for a WebSocket that carries an assistant's events instead of HTTP."""
    return await app.events.connect_assistant(caller, assistant_id)

"""What the echo assistant does about an event."""

import logging
import uuid

import httpx
from pydantic import ValidationError

from examples.echo_assistant.models import ConversationEvent, EchoConfig, Message
from examples.echo_assistant.store import AssistantStore
from examples.echo_assistant.workbench import AssistantActions, Workbench

ECHO_LOG_STATE = "echo_log"

_logger = logging.getLogger(__name__)


class EchoBehaviour:
    """Answers the chat messages of people with an echo."""

    def __init__(self, store: AssistantStore, workbench: Workbench) -> None:
        self._store = store
        self._workbench = workbench

    async def handle(self, assistant_id: str, event: ConversationEvent) -> None:
        """Work off one event; a call that fails is logged, and the next event has its turn."""
        try:
            message = _message_to_echo(event)
            if message:
                await self._echo(assistant_id, event, message)
        except (httpx.HTTPError, ValidationError) as error:
            _logger.warning("event %s of assistant %s failed: %s", event.id, assistant_id, error)

    async def announce_echo_log(
        self, assistant_id: str, conversation_id: str, correlation_id: str
    ) -> None:
        """Tell the people in a conversation that the echo log was changed by one of them."""
        actions = self._workbench.acting_for(assistant_id, correlation_id)
        try:
            await actions.announce_state(assistant_id, conversation_id, ECHO_LOG_STATE)
        except httpx.HTTPError as error:
            _logger.warning("announcing a state of assistant %s failed: %s", assistant_id, error)

    async def _echo(self, assistant_id: str, event: ConversationEvent, message: Message) -> None:
        assistant = self._store.assistants.get(assistant_id)
        if assistant is None:  # deleted while the event waited
            return
        actions = self._workbench.acting_for(assistant_id, event.correlation_id)
        await actions.set_status(event.conversation_id, "thinking...")
        try:
            await self._post_echo(actions, assistant_id, assistant.config, event, message)
        finally:
            await actions.set_status(event.conversation_id, None)

    async def _post_echo(
        self,
        actions: AssistantActions,
        assistant_id: str,
        config: EchoConfig,
        event: ConversationEvent,
        message: Message,
    ) -> None:
        echo_id = _echo_id(assistant_id, message)
        content = config.prefix + message.content
        is_new = await actions.post_message(event.conversation_id, echo_id, content)
        conversation = self._store.conversation(assistant_id, event.conversation_id)
        if conversation is None or not is_new:  # left meanwhile, or echoed before
            return
        conversation.echo_log.count += 1
        conversation.echo_log.last_message = message.content
        self._store.save()
        await actions.announce_state(assistant_id, event.conversation_id, ECHO_LOG_STATE)


def _message_to_echo(event: ConversationEvent) -> Message | None:
    """The message of an event that asks for an echo.

    Assistants aren't answered, itself included: two of them would echo each other for ever.
    """
    if event.event != "message.created":
        return None
    message = Message.model_validate(event.data.get("message"))
    wanted = message.message_type == "chat" and message.sender.participant_role != "assistant"
    return message if wanted else None


def _echo_id(assistant_id: str, message: Message) -> str:
    """One id per message and assistant: an event that comes twice is echoed once."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"echo:{assistant_id}/{message.id}"))

"""Titles by a model: asked for after a person's message, proposed and taken in the background."""

from uuid import UUID

from shared import invocation, resources
from shared.adapters.cosmos.conversations import ConversationRepository
from shared.adapters.cosmos.messages import MessageRepository
from shared.adapters.openai_titles import TitleModel
from shared.contracts.messages import MessageFilter, MessageType
from shared.domain.conversation import Message
from shared.domain.retitling import Retitle, tidy, titles_so_far
from shared.errors import NotFound
from shared.services.changes import Changes
from shared.services.queue_messages import QueueMessage

MESSAGES_SHOWN = 10


class TitleRequest(QueueMessage):
    """A queue message: a person wrote this, so see whether the title still fits.

    `titles_before` is how many titles had been proposed by then; once there are more, the
    request is done with, so that it may come twice.
    """

    conversation_id: UUID
    message_id: UUID
    titles_before: int
    correlation_id: str


class Titles:
    """Use cases around titles that nobody chose."""

    def __init__(
        self,
        conversations: ConversationRepository,
        messages: MessageRepository,
        model: TitleModel,
        changes: Changes,
    ) -> None:
        self._conversations = conversations
        self._messages = messages
        self._model = model
        self._changes = changes

    def want(self, conversation_id: UUID, message_id: UUID, titles_before: int) -> None:
        """Have the title looked at when the handler has returned; nothing without a model."""
        if not self._model.is_configured:
            return
        request = TitleRequest(
            conversation_id=conversation_id,
            message_id=message_id,
            titles_before=titles_before,
            correlation_id=invocation.current().correlation_id,
        )
        invocation.current().enqueue(resources.TITLES_QUEUE, request.model_dump_json())

    async def propose(self, request: TitleRequest) -> None:
        """Ask the model for a title and take it; does nothing if the model can't say.

        Raises DependencyUnavailable: then the queue tries again, five times in all.
        """
        if not self._model.is_configured:
            return
        try:
            proposal = await self._proposal(request)
            if proposal is not None:
                command = Retitle(proposal, request.titles_before, request.correlation_id)
                await self._changes.apply(request.conversation_id, command)
        except NotFound:
            return

    async def _proposal(self, request: TitleRequest) -> str | None:
        loaded = await self._conversations.load(request.conversation_id)
        if titles_so_far(loaded.conversation) != request.titles_before:
            return None
        messages = await self._messages_up_to(request)
        proposed = await self._model.propose(loaded.conversation.title, messages)
        return None if proposed is None else tidy(proposed)

    async def _messages_up_to(self, request: TitleRequest) -> list[Message]:
        """The message and the chat before it, oldest first; raises NotFound if it is gone."""
        message = await self._messages.get(request.conversation_id, request.message_id)
        wanted = MessageFilter(message_type=[MessageType.CHAT], limit=MESSAGES_SHOWN)
        return await self._messages.page(
            request.conversation_id, wanted, before=message.sequence + 1, after=None
        )

"""Works off events in order: one worker for each assistant in each conversation."""

import asyncio
from collections.abc import Awaitable, Callable

from examples.echo_assistant.models import ConversationEvent

EventHandler = Callable[[str, ConversationEvent], Awaitable[None]]


class EventWorkers:
    """Queues of events by assistant and conversation, each with a task that empties it."""

    def __init__(self, handle: EventHandler) -> None:
        self._handle = handle
        self._queues: dict[tuple[str, str], asyncio.Queue[ConversationEvent]] = {}
        self._tasks: dict[tuple[str, str], asyncio.Task[None]] = {}

    def put(self, assistant_id: str, conversation_id: str, event: ConversationEvent) -> None:
        """Queue an event; its handling starts after that of the earlier ones."""
        key = (assistant_id, conversation_id)
        if key not in self._queues:
            self._queues[key] = asyncio.Queue()
            self._tasks[key] = asyncio.create_task(self._work(assistant_id, self._queues[key]))
        self._queues[key].put_nowait(event)

    def forget(self, assistant_id: str, conversation_id: str) -> None:
        """Drop what is queued for an assistant that has left a conversation."""
        key = (assistant_id, conversation_id)
        self._queues.pop(key, None)
        task = self._tasks.pop(key, None)
        if task:
            task.cancel()

    async def close(self) -> None:
        """Stop all workers; what they haven't done is lost."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _work(self, assistant_id: str, queue: asyncio.Queue[ConversationEvent]) -> None:
        while True:
            await self._handle(assistant_id, await queue.get())

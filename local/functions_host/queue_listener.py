"""Queue triggers: polls a queue, runs the function per message, and settles each message."""

import asyncio
import contextlib
import logging
import random
import time
import uuid
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any

from azure.core.exceptions import AzureError
from azure.functions.meta import Datum
from azure.storage.queue import QueueMessage

from local.functions_host.app_model import QUEUE_TRIGGER, LoadedFunction
from local.functions_host.context import InvocationContext, TraceContext
from local.functions_host.host_config import QueueOptions
from local.functions_host.invocation import Invoker
from local.functions_host.logs import log_invocation
from local.functions_host.queue_messages import trigger_metadata
from local.functions_host.queue_storage import Queue, UndecodableMessageError

logger = logging.getLogger("functions_host.queue")

POISON_SUFFIX = "-poison"
_MIN_WAIT = 0.1


class Backoff:
    """The waits between polls that found nothing, in seconds."""

    def __init__(self, longest: float) -> None:
        """`longest` is the maximal polling interval."""
        self._longest = longest
        self._exponent = 0

    def next(self) -> float:
        """100 ms first, then 100 ms plus a growing random part, up to the longest."""
        wait = _MIN_WAIT
        if self._exponent > 0:
            wait += random.uniform(0.8, 1.2) * 2 ** (self._exponent - 1) * _MIN_WAIT  # noqa: S311
        if wait >= self._longest:
            return self._longest
        self._exponent += 1
        return wait

    def reset(self) -> None:
        """Start again: a message was found."""
        self._exponent = 0


class QueueListener:
    """Listens for one function; `lease` is how long a received message stays hidden (seconds)."""

    def __init__(
        self,
        function: LoadedFunction,
        queue: Queue,
        poison: Queue,
        invoker: Invoker,
        options: QueueOptions,
        lease: float,
    ) -> None:
        """`poison` takes the messages that fail too often, or that can't be decoded."""
        self._function = function
        self._queue = queue
        self._poison = poison
        self._invoker = invoker
        self._options = options
        self._lease = lease
        self._wake = queue.subscribe()
        self._stopping = False
        self._running: set[asyncio.Task[None]] = set()
        self._loop_task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to poll."""
        self._loop_task = asyncio.ensure_future(self._poll_forever())

    async def stop(self, grace: float) -> None:
        """Receive no more; running handlers get `grace` seconds, then they are cancelled."""
        self._stopping = True
        self._wake.set()
        if self._loop_task is None:
            return
        deadline = time.monotonic() + grace
        _, pending = await asyncio.wait({self._loop_task}, timeout=grace)
        if self._running:
            left = max(deadline - time.monotonic(), 0)
            pending |= (await asyncio.wait(self._running, timeout=left))[1]
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)

    async def run_once(self, text: str | None) -> None:
        """Run the function with this message text, without a queue."""
        now = datetime.now(UTC)
        message = QueueMessage(content=text or "")
        message.id, message.dequeue_count, message.pop_receipt = str(uuid.uuid4()), 1, ""
        message.inserted_on = message.expires_on = message.next_visible_on = now
        await self._execute(message, (text or "").encode())

    async def _poll_forever(self) -> None:
        backoff = Backoff(self._options.max_polling_interval)
        failing = False
        while not self._stopping:
            self._wake.clear()
            messages: list[QueueMessage] = []
            try:
                messages = await self._queue.receive(self._options.batch_size, self._lease)
                failing = False
            except AzureError as error:
                if not failing:
                    logger.warning("queue '%s' can't be polled: %s", self._queue.name, error)
                failing = True
            if messages:
                backoff.reset()
                for message in messages:
                    self._begin(message)
                await self._wait_for_room()
            elif not self._stopping:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(backoff.next()):
                        await self._wake.wait()

    def _begin(self, message: QueueMessage) -> None:
        task = asyncio.ensure_future(self._process(message))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _wait_for_room(self) -> None:
        while len(self._running) > self._options.new_batch_threshold:
            await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)

    async def _process(self, message: QueueMessage) -> None:
        try:
            body = self._queue.decode(message.content)
        except UndecodableMessageError:
            logger.warning("a message of queue '%s' isn't base64", self._queue.name)
            await self._settle(self._move_to_poison(message))
            return
        if (message.dequeue_count or 0) > self._options.max_dequeue_count:
            await self._settle(self._move_to_poison(message))
            return
        done = asyncio.Event()
        renewal = asyncio.ensure_future(self._renew_until(done, message))
        succeeded = False
        try:
            succeeded = await self._execute(message, body)
        finally:
            # Not cancelled: a renewal under way changes the pop receipt that comes next.
            done.set()
            await renewal
            await self._settle(self._finish(message, succeeded))

    async def _execute(self, message: QueueMessage, body: bytes) -> bool:
        started = time.perf_counter()
        function = self._function
        context = InvocationContext(function.name, function.directory, TraceContext())
        # The host hands the body over as text, whatever bytes it holds.
        text = body.decode(errors="replace")
        status = "Cancelled"
        try:
            outcome = await self._invoker.run(
                function, context, Datum(text, "string"), trigger_metadata(message, text)
            )
            status = "Succeeded" if outcome.succeeded else "Failed"
        finally:
            log_invocation(function.name, QUEUE_TRIGGER, status, started, context.invocation_id)
        return outcome.succeeded

    async def _renew_until(self, done: asyncio.Event, message: QueueMessage) -> None:
        while not await self._half_a_lease_or(done):
            try:
                message.pop_receipt = await self._queue.extend(message, self._lease)
            except AzureError as error:
                logger.warning("a message of '%s' can't be renewed: %s", self._queue.name, error)

    async def _half_a_lease_or(self, done: asyncio.Event) -> bool:
        try:
            async with asyncio.timeout(self._lease / 2):
                return await done.wait()
        except TimeoutError:
            return False

    async def _finish(self, message: QueueMessage, succeeded: bool) -> None:
        if succeeded:
            await self._queue.delete(message)
        elif (message.dequeue_count or 0) >= self._options.max_dequeue_count:
            await self._move_to_poison(message)
        else:
            await self._queue.extend(message, self._options.visibility_timeout)

    async def _move_to_poison(self, message: QueueMessage) -> None:
        if self._queue.name.endswith(POISON_SUFFIX):
            return
        logger.warning("a message of '%s' goes to '%s'", self._queue.name, self._poison.name)
        await self._poison.send_text(message.content)
        await self._queue.delete(message)

    async def _settle(self, settling: Coroutine[Any, Any, None]) -> None:
        try:
            await settling
        except AzureError as error:
            # The message comes back when its lease runs out.
            logger.warning("a message of '%s' can't be settled: %s", self._queue.name, error)

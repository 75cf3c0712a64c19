"""Runs one invocation: decode the trigger's value, call the handler, write its outputs."""

import asyncio
import logging
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import azure.functions as func
from azure.functions.meta import Datum

from local.functions_host.app_model import HTTP_OUTPUT, RETURN, LoadedFunction, OutputBinding
from local.functions_host.context import InvocationContext, OutValue
from local.functions_host.logs import current_function

logger = logging.getLogger("functions_host.invocation")
_converters: Any = func.get_binding_registry()


class QueueWriter(Protocol):
    """Where queue outputs go."""

    async def write(self, output: OutputBinding, value: Datum) -> None:
        """Write an encoded value; any exception fails the invocation."""
        ...


@dataclass(frozen=True)
class Outcome:
    """How an invocation ended; `response` is what it set for its http output, encoded."""

    succeeded: bool
    response: Datum | None = None


class Invoker:
    """Calls handlers: async ones on the event loop, the others in a pool of threads."""

    def __init__(self, queues: QueueWriter, timeout: float | None) -> None:
        """`timeout` is host.json's functionTimeout in seconds."""
        count = os.environ.get("PYTHON_THREADPOOL_THREAD_COUNT")
        self._threads = ThreadPoolExecutor(
            max_workers=int(count) if count else None, thread_name_prefix="function"
        )
        self._queues = queues
        self._timeout = timeout
        self._in_threads = 0

    @property
    def threads_busy(self) -> bool:
        """Whether a handler still runs in a thread, where it can't be cancelled."""
        return self._in_threads > 0

    async def run(
        self,
        function: LoadedFunction,
        context: InvocationContext,
        value: Datum,
        metadata: Mapping[str, Datum],
    ) -> Outcome:
        """Invoke `function` with the trigger's encoded value; a failure is logged, not raised."""
        token = current_function.set(function.name)
        try:
            return await self._invoke(function, context, value, metadata)
        except Exception:
            logger.exception(
                "Executed 'Functions.%s' (Failed, Id=%s)", function.name, context.invocation_id
            )
            return Outcome(succeeded=False)
        finally:
            current_function.reset(token)

    def close(self) -> None:
        """Take no more work; threads that are busy are left to themselves."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _invoke(
        self,
        function: LoadedFunction,
        context: InvocationContext,
        value: Datum,
        metadata: Mapping[str, Datum],
    ) -> Outcome:
        converter = _converters.get(function.trigger_type)
        arguments = {function.trigger_name: converter.decode(value, trigger_metadata=metadata)}
        if function.wants_context:
            arguments["context"] = context
        outs = {o.name: OutValue() for o in function.outputs if o.name != RETURN}
        async with asyncio.timeout(self._timeout):
            returned = await self._call(function, context, arguments | outs)
        encoded = _encode_outputs(function, returned, outs)
        response: Datum | None = None
        writes: list[tuple[OutputBinding, Datum]] = []
        for output, datum in encoded:
            if output.type == HTTP_OUTPUT:
                response = datum
            else:
                writes.append((output, datum))
        await self._write(writes)
        return Outcome(succeeded=True, response=response)

    async def _call(
        self, function: LoadedFunction, context: InvocationContext, arguments: dict[str, Any]
    ) -> Any:
        if function.is_async:
            return await function.handler(**arguments)
        work = partial(_call_in_thread, function, context, arguments)
        self._in_threads += 1
        future = self._threads.submit(copy_context().run, work)
        # Counted until the thread is done, which may be after the invocation was given up.
        loop = asyncio.get_running_loop()
        future.add_done_callback(lambda _: loop.call_soon_threadsafe(self._thread_done))
        return await asyncio.wrap_future(future)

    def _thread_done(self) -> None:
        self._in_threads -= 1

    async def _write(self, writes: list[tuple[OutputBinding, Datum]]) -> None:
        if len(writes) == 1:
            await self._queues.write(*writes[0])
        elif writes:
            async with asyncio.TaskGroup() as group:
                for output, datum in writes:
                    group.create_task(self._queues.write(output, datum))


def _call_in_thread(
    function: LoadedFunction, context: InvocationContext, arguments: dict[str, Any]
) -> Any:
    context.thread_local_storage.invocation_id = context.invocation_id
    return function.handler(**arguments)


def _encode_outputs(
    function: LoadedFunction, returned: Any, outs: Mapping[str, OutValue]
) -> list[tuple[OutputBinding, Datum]]:
    encoded: list[tuple[OutputBinding, Datum]] = []
    returns = False
    for output in function.outputs:
        if output.name == RETURN:
            returns = True
            encoded.append((output, _encode(output, returned)))
        elif (value := outs[output.name].get()) is not None:
            encoded.append((output, _encode(output, value)))
    if returned is not None and not returns:
        raise RuntimeError(
            f"function {function.name!r} without a $return binding returned a non-None value"
        )
    return encoded


def _encode(output: OutputBinding, value: Any) -> Datum:
    try:
        return _converters.get(output.type).encode(value, expected_type=output.annotation)
    except NotImplementedError as error:
        raise TypeError(
            f'unable to encode outgoing TypedData: unsupported type "{output.type}" for Python '
            f'type "{type(value).__name__}"'
        ) from error

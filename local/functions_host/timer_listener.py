"""Timer triggers: waits for the schedule, runs the function, remembers when it ran last."""

import asyncio
import json
import logging
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from azure.functions.meta import Datum

from local.functions_host.app_model import TIMER_TRIGGER, LoadedFunction
from local.functions_host.context import InvocationContext, TraceContext
from local.functions_host.invocation import Invoker
from local.functions_host.logs import log_invocation
from local.functions_host.schedules import Schedule

logger = logging.getLogger("functions_host.timer")


@dataclass(frozen=True)
class TimerStatus:
    """When a timer ran last and is due next; the real host keeps the same in a blob."""

    last: datetime | None
    next: datetime
    updated: datetime

    def to_json(self) -> dict[str, str]:
        """In the shape that handlers see as `schedule_status`."""
        last = self.last or datetime.min.replace(tzinfo=UTC)
        return {
            "Last": last.isoformat(),
            "Next": self.next.isoformat(),
            "LastUpdated": self.updated.isoformat(),
        }


class TimerListener:
    """Runs one timer function; it never overlaps with itself."""

    def __init__(
        self, function: LoadedFunction, schedule: Schedule, invoker: Invoker, state_dir: Path
    ) -> None:
        """`state_dir` keeps one small JSON file per monitored timer."""
        self._function = function
        self._schedule = schedule
        self._invoker = invoker
        self._state = state_dir / f"{function.name}.json"
        monitored = function.trigger.get("useMonitor", True)
        self._monitored = monitored and not schedule.is_frequent(datetime.now(UTC))
        self._busy = asyncio.Lock()
        self._stop = asyncio.Event()
        self._loop_task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to wait for the schedule."""
        self._loop_task = asyncio.ensure_future(self._run_forever())

    async def stop(self, grace: float) -> None:
        """Start nothing new; an invocation that runs gets `grace` seconds, then it is cancelled."""
        self._stop.set()
        if self._loop_task is None:
            return
        _, pending = await asyncio.wait({self._loop_task}, timeout=grace)
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)

    async def run_once(self, _text: str | None) -> None:
        """Run the function now, out of schedule."""
        await self._invoke(past_due=False, status=self._read())

    async def _run_forever(self) -> None:
        await self._run_at_start()
        due = self._schedule.next_after(datetime.now(UTC))
        while not await self._stopped_before(due):
            await self._run_scheduled(past_due=False, status=self._read())
            # The clock may lag behind the event loop's: never the same occurrence twice.
            due = self._schedule.next_after(max(datetime.now(UTC), due))

    async def _run_at_start(self) -> None:
        now = datetime.now(UTC)
        status = self._read()
        # Worked out anew, because the schedule may have changed since.
        if status and self._schedule.next_after(status.last or status.updated) < now:
            logger.info("Function '%s' is past due on startup. Executing now.", self._function.name)
            await self._run_scheduled(past_due=True, status=status)
        elif self._function.trigger.get("runOnStartup"):
            await self._run_scheduled(past_due=False, status=status)
        elif status is None:
            self._write(None)

    async def _stopped_before(self, due: datetime) -> bool:
        seconds = (due - datetime.now(UTC)).total_seconds()
        try:
            async with asyncio.timeout(max(seconds, 0)):
                await self._stop.wait()
        except TimeoutError:
            return self._stop.is_set()
        return True

    async def _run_scheduled(self, *, past_due: bool, status: TimerStatus | None) -> None:
        started = datetime.now(UTC)
        await self._invoke(past_due=past_due, status=status)
        self._write(started)

    async def _invoke(self, *, past_due: bool, status: TimerStatus | None) -> None:
        async with self._busy:
            started = time.perf_counter()
            function = self._function
            context = InvocationContext(function.name, function.directory, TraceContext())
            value = {
                "Schedule": {"AdjustForDST": True},
                "ScheduleStatus": status.to_json() if status else None,
                "IsPastDue": past_due,
            }
            text = "Cancelled"
            try:
                outcome = await self._invoker.run(
                    function, context, Datum(json.dumps(value), "json"), {}
                )
                text = "Succeeded" if outcome.succeeded else "Failed"
            finally:
                log_invocation(function.name, TIMER_TRIGGER, text, started, context.invocation_id)

    def _read(self) -> TimerStatus | None:
        if not self._monitored:
            return None
        try:
            document = json.loads(self._state.read_text())
            return TimerStatus(
                _moment(document["last"]) if document["last"] else None,
                _moment(document["next"]),
                _moment(document["updated"]),
            )
        except (OSError, ValueError, KeyError):
            return None  # the first start, or a file that a crash left unfinished

    def _write(self, last: datetime | None) -> None:
        if not self._monitored:
            return
        now = datetime.now(UTC)
        document = {
            "last": last.isoformat() if last else None,
            "next": self._schedule.next_after(now).isoformat(),
            "updated": now.isoformat(),
        }
        self._state.parent.mkdir(parents=True, exist_ok=True)
        self._state.write_text(json.dumps(document))


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)

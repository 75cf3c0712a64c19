"""Runs one program of the stack: starts it, waits until it is ready, logs it, and stops it."""

import asyncio
import contextlib
import ctypes
import functools
import os
import re
import signal
import sys
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from local.stack.answering import success, until_answered
from local.stack.errors import ChildFailedError

STOP_SECONDS = 5.0
READY_SECONDS = 60.0

_LAST_LINES = 30
_LINE_LIMIT = 1 << 20
_PR_SET_PDEATHSIG = 1

Echo = Callable[[str], None]


@dataclass(frozen=True)
class Program:
    """What to run, and how one knows that it is ready.

    `environment` is added to this process's own. `death_signal` is what the program gets when the
    launcher dies: one that has children of its own needs SIGTERM to end them. A program is ready
    when it prints `<name> listening on http://...`, or when `ready_url` answers with a success.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    working_directory: Path
    death_signal: signal.Signals = signal.SIGKILL
    ready_url: str | None = None


def python_module(name: str, *arguments: str) -> tuple[str, ...]:
    """The command that runs a module with this Python."""
    return (sys.executable, "-m", name, *arguments)


class Child:
    """A running program; `url` is where it listens, from its ready line."""

    def __init__(self, program: Program, log_file: Path, echo: Echo | None) -> None:
        self.name = program.name
        self.url = ""
        self.stopping = False
        self._program = program
        self._log_file = log_file
        self._echo = echo
        self._last_lines: deque[str] = deque(maxlen=_LAST_LINES)
        self._ready_line = re.compile(rf"{re.escape(program.name)} listening on (http://\S+)")
        self._ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._expected: list[tuple[str, asyncio.Future[None]]] = []
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int:
        """The process id."""
        return self._running().pid

    async def start(self) -> None:
        """Start the program and wait for its ready line.

        Raises ChildFailedError with its last output if it ends first or takes over a minute.
        """
        self._process = await asyncio.create_subprocess_exec(
            *self._program.command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **self._program.environment},
            cwd=self._program.working_directory,
            start_new_session=True,  # Ctrl-C in a terminal is for the launcher, not for each child
            preexec_fn=_die_with_parent(self._program.death_signal),
            limit=_LINE_LIMIT,
        )
        self._reader = asyncio.create_task(self._read_output(), name=f"output of {self.name}")
        await self._wait_ready()

    async def wait(self) -> int:
        """Wait until the program has ended and its output is read; its exit code."""
        code = await self._running().wait()
        if self._reader:
            await asyncio.wait({self._reader}, timeout=1.0)
        return code

    async def wait_for_line(self, start: str, seconds: float) -> bool:
        """Wait for a line that starts like this; False if none comes in time, or at its end."""
        if any(line.startswith(start) for line in self._last_lines):
            return True
        seen = asyncio.get_running_loop().create_future()
        self._expected.append((start, seen))
        until = {seen, self._reader} if self._reader else {seen}
        await asyncio.wait(until, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        return seen.done()

    async def stop(self) -> None:
        """Ask the program to end, and kill it and what it started if it takes over 5 seconds."""
        self.stopping = True
        if self._process is None:
            return
        if self._process.returncode is None:
            self._process.terminate()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), STOP_SECONDS)
        await self.kill()

    async def kill(self) -> None:
        """End the program, and what it started, without giving it a chance to tidy up."""
        self.kill_now()
        if self._process is not None:
            await self.wait()

    def kill_now(self) -> None:
        """Send the kill without waiting for the end."""
        self.stopping = True
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def failure(self, what: str) -> ChildFailedError:
        """An error about this program that shows its last output."""
        shown = "\n".join(f"  {line}" for line in self._last_lines) or "  (no output)"
        return ChildFailedError(
            f"{self.name} {what}; its last output (all of it is in {self._log_file}):\n{shown}"
        )

    def _running(self) -> asyncio.subprocess.Process:
        if self._process is None:
            raise ChildFailedError(f"{self.name} isn't started")
        return self._process

    async def _wait_ready(self) -> None:
        ended = asyncio.create_task(self.wait())
        asking = asyncio.create_task(self._ask_until_ready())
        try:
            await asyncio.wait(
                {ended, self._ready}, timeout=READY_SECONDS, return_when=asyncio.FIRST_COMPLETED
            )
            if self._ready.done():
                self.url = self._ready.result()
            elif ended.done():
                raise self.failure(f"ended with exit code {ended.result()} before it was ready")
            else:
                raise self.failure(f"wasn't ready within {READY_SECONDS:.0f} seconds")
        finally:
            ended.cancel()
            asking.cancel()

    async def _ask_until_ready(self) -> None:
        """Ask for the ready address, if the program has one, until something answers."""
        url = self._program.ready_url
        if url is None:
            return
        await until_answered(url, success)
        if not self._ready.done():
            self._ready.set_result(url.rstrip("/"))

    async def _read_output(self) -> None:
        stream = self._running().stdout
        if stream is None:
            return
        with _open_log(self._log_file) as log:
            while line := await _read_line(stream):
                self._take_line(line.rstrip("\r\n"), log)

    def _take_line(self, line: str, log: TextIO) -> None:
        self._last_lines.append(line)
        log.write(line + "\n")
        if self._echo:
            self._echo(f"[{self.name}] {line}")
        if not self._ready.done() and (match := self._ready_line.match(line)):
            self._ready.set_result(match[1].rstrip("/"))
        for start, seen in self._expected:
            if line.startswith(start) and not seen.done():
                seen.set_result(None)


async def _read_line(stream: asyncio.StreamReader) -> str:
    """One line with its end, or "" at the end of the stream."""
    try:
        line = await stream.readline()
    except ValueError:  # asyncio has dropped a line beyond its limit
        return f"(a line of more than {_LINE_LIMIT} bytes is left out)\n"
    return line.decode(errors="replace")


def _open_log(path: Path) -> TextIO:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("a", encoding="utf-8", buffering=1)


def _die_with_parent(death_signal: signal.Signals) -> Callable[[], None] | None:
    """What a child does before it runs: ask Linux for a signal when the launcher dies.

    Elsewhere a launcher that was killed with -9 leaves its programs behind.
    """
    if sys.platform != "linux":
        return None
    # Loaded before the fork: a child must not import or allocate more than it has to.
    return functools.partial(
        _ask_for_death_signal, ctypes.CDLL(None).prctl, death_signal, os.getpid()
    )


def _ask_for_death_signal(
    prctl: Callable[[int, int], int], death_signal: signal.Signals, parent: int
) -> None:
    prctl(_PR_SET_PDEATHSIG, death_signal)
    if os.getppid() != parent:  # it died in between
        os._exit(1)

"""Runs programs beside the tests: the stand-in's command line, and the JavaScript client."""

import asyncio
import contextlib
import fcntl
import json
import signal
import subprocess
import sys
from asyncio.subprocess import PIPE, Process
from collections import deque
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

_JAVASCRIPT = Path(__file__).parent / "js"
_TIMEOUT_SECONDS = 20


@contextlib.asynccontextmanager
async def running(*command: str, cwd: Path | None = None) -> AsyncIterator[Process]:
    """Run a program with pipes; it is killed at the end of the block if it still runs."""
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, cwd=cwd)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@contextlib.asynccontextmanager
async def command_line_server(*options: str) -> AsyncIterator[tuple[Process, str]]:
    """Run `python -m local.web_pubsub` and give the process and the URL that it announces."""
    async with running(sys.executable, "-m", "local.web_pubsub", *options) as process:
        line = (await _line(process)).decode()
        assert line.startswith("web_pubsub listening on http://127.0.0.1:"), line
        yield process, line.split()[-1]


async def stop(process: Process, with_signal: signal.Signals = signal.SIGTERM) -> int:
    """Stop a process and give its exit code."""
    process.send_signal(with_signal)
    return await asyncio.wait_for(process.wait(), _TIMEOUT_SECONDS)


def install_javascript() -> None:
    """Install the locked packages, unless they are there; one process at a time."""
    with (_JAVASCRIPT / "package.json").open() as manifest:
        fcntl.flock(manifest, fcntl.LOCK_EX)
        if not (_JAVASCRIPT / "node_modules" / ".package-lock.json").exists():
            command = ["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"]
            subprocess.run(command, cwd=_JAVASCRIPT, check=True)


class JavaScriptClient:
    """The vendor's JavaScript client in a node process, and what it has reported so far."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._reports: deque[dict[str, Any]] = deque()

    async def do(self, command: str, **options: Any) -> dict[str, Any]:
        """Give a command and wait for its outcome."""
        assert self._process.stdin is not None
        line = json.dumps({"command": command} | options)
        self._process.stdin.write(line.encode() + b"\n")
        return await self.next("done", "failed")

    async def next(self, *events: str) -> dict[str, Any]:
        """Wait for the next report of one of some kinds; others are kept."""
        return await self._next(lambda report: report["event"] in events)

    async def _next(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        for report in self._reports:
            if wanted(report):
                self._reports.remove(report)
                return report
        while True:
            report = json.loads(await _line(self._process))
            if wanted(report):
                return report
            self._reports.append(report)

    def has(self, event: str) -> bool:
        """Tell whether a report of a kind has come and not been asked for."""
        return any(report["event"] == event for report in self._reports)


@contextlib.asynccontextmanager
async def javascript_client(url: str, protocol: str) -> AsyncIterator[JavaScriptClient]:
    """Run the JavaScript client for a client URL; protocol is "json" or "reliable"."""
    async with running("node", "driver.mjs", url, protocol, cwd=_JAVASCRIPT) as process:
        yield JavaScriptClient(process)


async def _line(process: Process) -> bytes:
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), _TIMEOUT_SECONDS)
    assert line, "the process has ended"
    return line

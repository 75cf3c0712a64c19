"""The command line of the local stack: start, services and token."""

import argparse
import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from local.stack.errors import StackError
from local.stack.options import (
    StackOptions,
    add_data_dir_argument,
    add_host_arguments,
    add_service_arguments,
    data_dir_from,
    options_from,
)
from local.stack.stack import Stack
from local.stack.tokens import add_token_arguments, token_from
from local.stack.welcome import welcome


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command of `python -m local`; the exit code is 1 for anything that went wrong."""
    parsed = _parser().parse_args(arguments)
    try:
        if parsed.command == "token":
            print(token_from(parsed, data_dir_from(parsed, os.environ), os.environ))
            return 0
        options = options_from(parsed, os.environ, functions_host=parsed.command == "start")
        if parsed.json_ready_file:  # that of an earlier stack would be taken for ours
            parsed.json_ready_file.unlink(missing_ok=True)
        return asyncio.run(_run(options, parsed.json_ready_file))
    except StackError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:  # before the stack's own handling began
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m local", description="The workbench and all that it needs, on this machine."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    start = commands.add_parser("start", help="start everything")
    add_service_arguments(start)
    add_host_arguments(start)
    services = commands.add_parser(
        "services", help="start all but the Functions host, for `func start`"
    )
    add_service_arguments(services)
    token = commands.add_parser("token", help="print a token for a made-up person")
    add_data_dir_argument(token)
    add_token_arguments(token)
    return parser


async def _run(options: StackOptions, ready_file: Path | None) -> int:
    """Run a stack until a signal comes (exit code 0) or a program of it fails (StackError)."""
    stack = Stack(options, echo=_print_line)
    running = asyncio.create_task(_run_until_cancelled(stack, ready_file))
    signals = _Signals(running, stack)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, signals.arrived)
    try:
        await running
    except asyncio.CancelledError:
        _print_line("Stopped.")
    return 0


async def _run_until_cancelled(stack: Stack, ready_file: Path | None) -> None:
    async with stack:
        if ready_file:
            stack.addresses.write(ready_file)
        _print_line(welcome(stack))
        await stack.wait_for_failure()


class _Signals:
    """The first signal stops the stack in order, the next ones kill it."""

    def __init__(self, running: asyncio.Task[None], stack: Stack) -> None:
        self._running = running
        self._stack = stack
        self._count = 0

    def arrived(self) -> None:
        self._count += 1
        if self._count == 1:
            _print_line("Stopping...")
            self._running.cancel()
        else:
            self._stack.kill_now()


def _print_line(line: str) -> None:
    # Whoever read our output may have gone; the stack stays up and its logs are in files.
    with contextlib.suppress(BrokenPipeError):
        print(line, flush=True)

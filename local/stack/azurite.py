"""Azurite as one of the programs of a stack."""

import asyncio
import contextlib
from collections.abc import Mapping
from pathlib import Path

from local import azurite
from local.stack.errors import ChildFailedError

NAME = "azurite"

_LAST_CHARACTERS = 2000


class AzuritePart:
    """Azurite on the ports of a stack, with the same life as a Child."""

    name = NAME

    def __init__(self, data_dir: Path, ports: Mapping[str, int], *, in_memory: bool) -> None:
        self.stopping = False
        self._data_dir = data_dir / NAME
        self._ports = [ports[f"azurite_{part}"] for part in ("blob", "queue", "table")]
        self._in_memory = in_memory
        self._running: azurite.Azurite | None = None

    async def start(self) -> None:
        """Start Azurite, installing it first if need be. Raises ChildFailedError."""
        blob, queue, table = self._ports
        try:
            self._running = await azurite.start(
                self._data_dir, blob, queue, table, in_memory=self._in_memory
            )
        except azurite.AzuriteError as error:
            raise ChildFailedError(f"{self.name}: {error}") from error

    async def wait(self) -> int:
        """Wait until Azurite has ended; its exit code."""
        return await self._process().wait()

    async def stop(self) -> None:
        """Ask Azurite to end, and kill it if it takes over 5 seconds."""
        self.stopping = True
        if self._running:
            await self._running.stop()

    def kill_now(self) -> None:
        """Send the kill without waiting for the end."""
        self.stopping = True
        if self._running:
            with contextlib.suppress(ProcessLookupError):
                self._running.process.kill()

    def failure(self, what: str) -> ChildFailedError:
        """An error about Azurite that shows its last output."""
        log_file = self._data_dir / "azurite.log"
        try:
            shown = log_file.read_text(encoding="utf-8", errors="replace")[-_LAST_CHARACTERS:]
        except FileNotFoundError:
            shown = "(no output)"
        return ChildFailedError(
            f"{self.name} {what}; its last output (all of it is in {log_file}):\n{shown}"
        )

    def _process(self) -> asyncio.subprocess.Process:
        if self._running is None:
            raise ChildFailedError(f"{self.name} isn't started")
        return self._running.process

"""Runs Azurite, Microsoft's own Azure Storage emulator, as a child of the calling process."""

import asyncio
import contextlib
import ctypes
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

ACCOUNT_NAME = "devstoreaccount1"
# The well-known development key, printed in Azurite's documentation; it protects nothing.
ACCOUNT_KEY = (
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)

_HERE = Path(__file__).parent
_HOST = "127.0.0.1"
_STOP_SECONDS = 5.0
_PR_SET_PDEATHSIG = 1


class AzuriteError(RuntimeError):
    """Azurite couldn't be installed or started; the message says why."""


@dataclass(frozen=True)
class Azurite:
    """A running Azurite: its ports, its connection string, and how to stop it."""

    blob_port: int
    queue_port: int
    table_port: int
    process: asyncio.subprocess.Process

    @property
    def connection_string(self) -> str:
        """A storage connection string that names the three local endpoints."""
        return (
            f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT_NAME};AccountKey={ACCOUNT_KEY};"
            f"BlobEndpoint=http://{_HOST}:{self.blob_port}/{ACCOUNT_NAME};"
            f"QueueEndpoint=http://{_HOST}:{self.queue_port}/{ACCOUNT_NAME};"
            f"TableEndpoint=http://{_HOST}:{self.table_port}/{ACCOUNT_NAME};"
        )

    async def stop(self) -> None:
        """Ask Azurite to end and wait; after five seconds it is killed. Safe to call twice."""
        if self.process.returncode is not None:
            return
        self.process.terminate()
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await self.process.wait()
        except TimeoutError:
            self.process.kill()
            await self.process.wait()


async def start(
    data_dir: Path,
    blob_port: int,
    queue_port: int,
    table_port: int,
    *,
    in_memory: bool = False,
    start_seconds: float = 30.0,
) -> Azurite:
    """Start Azurite on three ports of 127.0.0.1 and return once all of them answer.

    `data_dir` keeps the data and the log (`in_memory` keeps only the log there). The first start
    on a machine installs the locked npm packages. Raises AzuriteError when Node.js is missing,
    the installation fails, a port is taken, or `start_seconds` pass without an answer.
    """
    await asyncio.to_thread(install)
    command = _command(data_dir, blob_port, queue_port, table_port, in_memory)
    log_path = data_dir / "azurite.log"
    with _open_log(log_path) as log:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # a Ctrl-C in the terminal is the launcher's to handle
            preexec_fn=_die_with_parent(),  # only calls prctl, prepared beforehand
        )
    azurite = Azurite(blob_port, queue_port, table_port, process)
    try:
        async with asyncio.timeout(start_seconds):
            for port in (blob_port, queue_port, table_port):
                await _wait_for_port(process, port, log_path)
    except TimeoutError as error:
        await azurite.stop()
        raise AzuriteError(f"Azurite didn't answer within {start_seconds:g} s") from error
    except BaseException:
        await azurite.stop()
        raise
    return azurite


def install() -> None:
    """Run `npm ci` unless the locked packages are there; one process at a time (file lock).

    Raises AzuriteError when npm is missing or fails.
    """
    if _installed():
        return
    with _lock() as lock_file:
        fcntl.flock(lock_file, fcntl.LOCK_EX)
        if not _installed():
            _npm_ci()


def _installed() -> bool:
    # The stamp is written last: a node_modules from an interrupted or older install has none.
    stamp = _stamp()
    return stamp.is_file() and stamp.read_bytes() == _lockfile().read_bytes()


def _stamp() -> Path:
    return _HERE / "node_modules" / ".installed-lock.json"


def _lockfile() -> Path:
    return _HERE / "package-lock.json"


def _lock() -> IO[str]:
    # Outside node_modules, which npm ci deletes first.
    name = f"local-azurite-{os.getuid()}-{_HERE.stat().st_ino}.lock"
    return (Path(tempfile.gettempdir()) / name).open("w")


def _npm_ci() -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise AzuriteError("npm isn't on the PATH: install Node.js 20 or newer to run Azurite")
    result = subprocess.run(  # noqa: S603 - fixed arguments
        [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=_HERE,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        raise AzuriteError(f"npm ci failed in {_HERE.name}/:\n{result.stderr[-2000:]}")
    shutil.copyfile(_lockfile(), _stamp())


def _command(
    data_dir: Path, blob_port: int, queue_port: int, table_port: int, in_memory: bool
) -> list[str]:
    node = shutil.which("node")
    if node is None:
        raise AzuriteError("node isn't on the PATH: install Node.js 20 or newer to run Azurite")
    script = _HERE / "node_modules" / "azurite" / "dist" / "src" / "azurite.js"
    command = [node, str(script), "--silent", "--disableTelemetry"]
    # The current SDKs send API versions that are newer than Azurite's list.
    command += ["--skipApiVersionCheck"]
    for service, port in (("blob", blob_port), ("queue", queue_port), ("table", table_port)):
        command += [f"--{service}Host", _HOST, f"--{service}Port", str(port)]
    if in_memory:
        return [*command, "--inMemoryPersistence"]
    return [*command, "--location", str(data_dir)]


def _die_with_parent() -> Callable[[], None] | None:
    """Linux only: what the child runs so that the kernel ends it when its parent ends."""
    if sys.platform != "linux":
        return None
    # Loaded beforehand: as little as possible happens between fork and exec.
    return partial(_arrange_death, ctypes.CDLL(None, use_errno=True), os.getpid())


def _arrange_death(libc: ctypes.CDLL, parent: int) -> None:
    # SIGTERM lets it write what is only in memory yet.
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it ended before prctl
        os._exit(1)


def _open_log(path: Path) -> IO[bytes]:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("ab")


def _last_line(path: Path) -> str:
    lines = path.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "no output"


async def _wait_for_port(process: asyncio.subprocess.Process, port: int, log_path: Path) -> None:
    while True:
        if process.returncode is not None:
            raise AzuriteError(
                f"Azurite ended at start (exit code {process.returncode}): {_last_line(log_path)}"
            )
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection(_HOST, port)
            writer.close()
            return
        await asyncio.sleep(0.05)

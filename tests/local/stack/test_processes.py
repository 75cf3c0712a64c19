"""Programs of a stack, played by small scripts."""

import asyncio
import os
import signal
import sys
import textwrap
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from local.stack import processes
from local.stack.errors import ChildFailedError
from local.stack.processes import Child, Program, python_module

READY = "print('player listening on http://127.0.0.1:1234/')"
WAIT = "import time; time.sleep(60)"

only_on_linux = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux system calls")

StartPlayer = Callable[..., Awaitable[Child]]


@pytest.fixture
async def start_player(tmp_path: Path) -> AsyncIterator[StartPlayer]:
    """Start a program with this code; its lines go to `lines` if given."""
    started: list[Child] = []

    async def start(*code: str, lines: list[str] | None = None) -> Child:
        (tmp_path / "player.py").write_text(_code(*code))
        program = Program(
            "player", python_module("player", "--flag"), {"COLOUR": "green"}, tmp_path
        )
        child = Child(
            program, tmp_path / "logs" / "player.log", lines.append if lines is not None else None
        )
        started.append(child)
        await child.start()
        return child

    yield start
    for child in started:
        await child.kill()


async def test_ready_line_gives_the_address(start_player: StartPlayer):
    assert (await start_player(READY, WAIT)).url == "http://127.0.0.1:1234"


async def test_output_is_logged_and_echoed_with_the_name(start_player: StartPlayer, tmp_path: Path):
    lines: list[str] = []
    child = await start_player(
        "import os, sys",
        "print(os.environ['COLOUR'], sys.argv[1:], file=sys.stderr)",
        READY,
        lines=lines,
    )
    assert await child.wait() == 0
    expected = ["green ['--flag']", "player listening on http://127.0.0.1:1234/"]
    assert lines == [f"[player] {line}" for line in expected]
    assert (tmp_path / "logs" / "player.log").read_text().splitlines() == expected


async def test_an_end_before_it_is_ready_shows_the_last_output(start_player: StartPlayer):
    with pytest.raises(ChildFailedError, match=r"player ended with exit code 3(.|\n)*no luck"):
        await start_player("import sys", "print('no luck')", "sys.exit(3)")


async def test_never_getting_ready_is_an_error(
    start_player: StartPlayer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(processes, "READY_SECONDS", 0.1)
    with pytest.raises(ChildFailedError, match="wasn't ready"):
        await start_player(WAIT)


async def test_stop_lets_it_tidy_up(start_player: StartPlayer, tmp_path: Path):
    child = await start_player(
        """
        import signal, sys
        def tidy(*_):
            print("tidied")
            sys.exit(0)
        signal.signal(signal.SIGTERM, tidy)
        """,
        READY,
        WAIT,
    )
    await child.stop()
    assert child.stopping
    assert (tmp_path / "logs" / "player.log").read_text().endswith("tidied\n")


async def test_stop_kills_what_doesn_t_end(
    start_player: StartPlayer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(processes, "STOP_SECONDS", 0.1)
    child = await start_player(
        "import signal", "signal.signal(signal.SIGTERM, signal.SIG_IGN)", READY, WAIT
    )
    await child.stop()
    assert await child.wait() == -signal.SIGKILL


@only_on_linux
async def test_kill_takes_along_what_it_started(start_player: StartPlayer):
    lines: list[str] = []
    child = await start_player(
        "import subprocess, sys",
        f"grandchild = subprocess.Popen([sys.executable, '-c', {WAIT!r}])",
        "print(grandchild.pid)",
        READY,
        WAIT,
        lines=lines,
    )
    await child.kill()
    await _ended(int(lines[0].split()[-1]))


async def test_a_very_long_line_is_left_out(start_player: StartPlayer):
    lines: list[str] = []
    child = await start_player("print('x' * 3_000_000)", READY, WAIT, lines=lines)
    assert child.url
    assert any("left out" in line for line in lines)


async def test_lines_can_be_waited_for(start_player: StartPlayer):
    child = await start_player(READY, "print('registered with something')")
    assert await child.wait_for_line("registered with", 10)
    assert not await child.wait_for_line("never printed", 10)


@only_on_linux
async def test_a_killed_launcher_takes_its_programs_along(tmp_path: Path):
    player = _code("import os", "print(os.getpid())", READY, WAIT)
    await _ended(await _launch_and_kill_launcher(tmp_path, player, "SIGKILL"))


@only_on_linux
async def test_a_program_may_end_its_own_children_when_the_launcher_is_killed(tmp_path: Path):
    player = _code(
        """
        import signal, subprocess, sys, time
        grandchild = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        def end_grandchild(*_):
            grandchild.kill()
            sys.exit(0)
        signal.signal(signal.SIGTERM, end_grandchild)
        print(grandchild.pid)
        """,
        READY,
        WAIT,
    )
    await _ended(await _launch_and_kill_launcher(tmp_path, player, "SIGTERM"))


def _code(*parts: str) -> str:
    return "\n".join(textwrap.dedent(part) for part in parts)


async def _launch_and_kill_launcher(folder: Path, player: str, death_signal: str) -> int:
    """Run a player under a launcher that kills itself; the number that the player printed."""
    (folder / "player.py").write_text(player)
    launcher = f"""
        import asyncio, os, signal
        from pathlib import Path
        from local.stack.processes import Child, Program, python_module

        async def main():
            folder = Path({str(folder)!r})
            command = python_module("player")
            program = Program("player", command, {{}}, folder, signal.{death_signal})
            await Child(program, folder / "player.log", None).start()
            os.kill(os.getpid(), signal.SIGKILL)

        asyncio.run(main())
        """
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", _code(launcher))
    assert await process.wait() == -signal.SIGKILL
    return int((folder / "player.log").read_text().split()[0])


async def _ended(pid: int) -> None:
    """Wait until a process that isn't our child has ended."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(descriptor, ended.set)
    try:
        await asyncio.wait_for(ended.wait(), 10)
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)

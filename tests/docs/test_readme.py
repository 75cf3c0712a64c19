"""The README's own lines, run against a stack with the example assistant."""

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

from local.stack.stack import Stack
from tests.docs.pages import ROOT, page, shell_script

DEFAULT_ADDRESS = "http://127.0.0.1:7071"
VENV_PYTHON = ".venv/bin/python"
TIMEOUT_SECONDS = 60


async def test_the_first_conversation_works_as_printed(stack: Stack) -> None:
    output = await run(script_for(stack), stack.data_dir)

    messages = json.loads(output.splitlines()[-1])["messages"]
    assert [message["content"] for message in messages] == ["hello", "Echo: hello"]
    assert [line for line in output.splitlines() if "message.created" in line] == [
        "   2  message.created        user: hello",
        "   4  message.created        assistant: Echo: hello",
    ]


@pytest.mark.parametrize("command", ["make start", "make test"])
def test_the_two_commands_exist(command: str) -> None:
    target = command.removeprefix("make ")
    assert f"\n{command}\n" in page("README.md")
    assert f"\n{target}: " in page("Makefile")


def script_for(stack: Stack) -> str:
    """The README's script, at this stack's address and with this very Python."""
    script = shell_script("README.md")
    assert script.count(DEFAULT_ADDRESS) == 1
    return script.replace(DEFAULT_ADDRESS, stack.functions_url).replace(VENV_PYTHON, sys.executable)


async def run(script: str, data_dir: Path) -> str:
    """Run a script as a person would in the repository, up to its first failure."""
    environment = {**os.environ, "LOCAL_DATA_DIR": str(data_dir)}
    process = await asyncio.create_subprocess_exec(
        "bash",
        "-euo",
        "pipefail",
        "-c",
        script,
        cwd=ROOT,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            output, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode == 0, output.decode() + errors.decode()
    return output.decode()

"""Runs tests of the API in a process of their own, against something that poses as their target."""

import asyncio
import os
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.stack.options import REPOSITORY_ROOT
from local.stack.ports import is_free, reserve_free_port

_SECONDS = 180


@dataclass(frozen=True)
class Outcome:
    """How a run of tests ended: `skipped` counts tests by reason."""

    exit_code: int
    output: str
    passed: int
    failed: int
    skipped: Counter[str]


async def run_tests(folder: Path, environment: Mapping[str, str], *selection: str) -> Outcome:
    """Run these tests with variables added to our own; files go to the folder."""
    report = folder / "report.xml"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:xdist"),
        *("--basetemp", str(folder / "tmp"), "--junitxml", str(report), *selection),
        cwd=REPOSITORY_ROOT,
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), _SECONDS)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode is not None
    return _outcome(process.returncode, output.decode(errors="replace"), report)


def free_ports(count: int) -> range:
    """So many ports side by side that nobody listens on."""
    while True:
        first = reserve_free_port()
        ports = range(first, first + count)
        if ports[-1] <= 65535 and all(is_free(port) for port in ports):
            return ports


def _outcome(exit_code: int, output: str, report: Path) -> Outcome:
    cases = list(ET.parse(report).iter("testcase")) if report.exists() else []
    failed = [case for case in cases if case.find("failure") is not None or _erred(case)]
    skips = [skip for case in cases if (skip := case.find("skipped")) is not None]
    return Outcome(
        exit_code,
        output,
        passed=len(cases) - len(failed) - len(skips),
        failed=len(failed),
        skipped=Counter(skip.get("message", "") for skip in skips),
    )


def _erred(case: ET.Element) -> bool:
    return case.find("error") is not None

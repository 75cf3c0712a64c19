"""The package, unpacked, and the clean environment: made once for each test process."""

import json
import statistics
import subprocess
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.infra.drift import deployed_settings
from tests.infra.syntax import sources
from tests.infra.template import resources
from tests.packaging import indexing, package
from tests.packaging.environment import CleanEnvironment, clean_environment

RUNS = 3
_REPORT = pytest.StashKey[list[str]]()


@dataclass(frozen=True)
class Unpacked:
    """The package as a file and as a folder."""

    archive: Path
    folder: Path


@pytest.fixture(scope="session")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Unpacked:
    """The deployment package, unpacked where nothing else is."""
    place: Path = tmp_path_factory.mktemp("package")
    archive = package.build(place / "package.zip")
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(place / "wwwroot")
    return Unpacked(archive, place / "wwwroot")


@pytest.fixture(scope="session")
def clean() -> CleanEnvironment:
    """An interpreter that has requirements.txt only."""
    return clean_environment()


@pytest.fixture(scope="session")
def indexed(
    unpacked: Unpacked, clean: CleanEnvironment, pytestconfig: pytest.Config
) -> dict[str, Any]:
    """What the package says of its functions; the size and the import times are reported."""
    runs = [_index(unpacked.folder, clean.python) for _ in range(RUNS)]
    first, *others = (run["seconds"] for run in runs)
    with zipfile.ZipFile(unpacked.archive) as opened:
        count = len(opened.namelist())
    pytestconfig.stash.setdefault(_REPORT, []).append(
        f"deployment package: {unpacked.archive.stat().st_size / 1024:.0f} KB, {count} files;"
        f" import without bytecode {first:.2f} s, then {statistics.median(others):.2f} s"
    )
    return runs[0]


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Show the figures at the end of the run."""
    for line in config.stash.get(_REPORT, []):
        terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def functions(indexed: dict[str, Any]) -> list[dict[str, Any]]:
    """The functions of the package."""
    return indexed["functions"]


def _index(folder: Path, python: Path) -> dict[str, Any]:
    """Index in the unpacked folder, with the settings that infra/ gives and nothing else.

    -I keeps everything of this environment out.
    """
    answer = subprocess.run(
        [python, "-I", indexing.__file__],
        cwd=folder,
        env=deployed_settings(resources(sources())),
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)

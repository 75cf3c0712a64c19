"""What azd's environment says, by azd itself or from its files."""

import json
from pathlib import Path

import pytest

from tests.support.targets import TargetError, azd

LINES = """
# azd writes these
AZURE_ENV_NAME="test"
PLAIN=7
EMPTY=""
SPACED = "a b"
EQUALS="AccountName=a;AccountKey=b=="
ESCAPED="[\\"https://login.example/{tid}/v2.0\\"]"
LINES="one\\ntwo"
DOLLAR="1\\$ \\\\ 2\\!"
SINGLE='as \\n is'
no equals sign
"""


def test_lines_are_read_as_azd_writes_them() -> None:
    assert azd.parsed(LINES) == {
        "AZURE_ENV_NAME": "test",
        "PLAIN": "7",
        "EMPTY": "",
        "SPACED": "a b",
        "EQUALS": "AccountName=a;AccountKey=b==",
        "ESCAPED": '["https://login.example/{tid}/v2.0"]',
        "LINES": "one\ntwo",
        "DOLLAR": "1$ \\ 2!",
        "SINGLE": "as \\n is",
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The files of azd with two environments."""
    (tmp_path / "config.json").write_text(json.dumps({"version": 1, "defaultEnvironment": "one"}))
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / ".env").write_text(f'AZURE_ENV_NAME="{name}"\n')
    return tmp_path


@pytest.mark.parametrize(
    ("variables", "expected"), [({}, "one"), ({"AZURE_ENV_NAME": "two"}, "two")]
)
def test_the_files_are_read_of_the_environment_that_is_named_or_the_default(
    folder: Path, variables: dict[str, str], expected: str
) -> None:
    environ = {azd.FOLDER_VARIABLE: str(folder), "PATH": "", **variables}
    assert azd.environment(environ) == {"AZURE_ENV_NAME": expected}


@pytest.mark.parametrize("missing", ["config.json", "one/.env"])
def test_without_an_environment_the_folder_is_named(folder: Path, missing: str) -> None:
    (folder / missing).unlink()
    with pytest.raises(TargetError, match=f"azd has no environment in {folder}: deploy first"):
        azd.environment({azd.FOLDER_VARIABLE: str(folder)})


@pytest.mark.parametrize(
    ("variables", "asked"),
    [({}, "env get-values"), ({"AZURE_ENV_NAME": "two"}, "env get-values --environment two")],
)
def test_azd_is_asked_where_it_is_installed(
    tmp_path: Path, variables: dict[str, str], asked: str
) -> None:
    program(tmp_path / "azd", 'echo ASKED=\\"$*\\"')
    assert azd.environment({"PATH": str(tmp_path), **variables}) == {"ASKED": asked}


def test_what_azd_complains_of_is_passed_on(tmp_path: Path) -> None:
    program(tmp_path / "azd", "echo 'no project exists' >&2; exit 1")
    with pytest.raises(TargetError, match="env get-values` failed: no project exists"):
        azd.environment({"PATH": str(tmp_path)})


def program(path: Path, script: str) -> None:
    """Something to be found on a PATH."""
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)

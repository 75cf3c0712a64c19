"""What azd knows of a deployment: the outputs of infra/main.bicep, and what was set by hand."""

import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from local.stack.options import REPOSITORY_ROOT
from tests.support.targets.target import TargetError

FOLDER_VARIABLE = "WORKBENCH_TEST_AZD_FOLDER"
ENVIRONMENT_VARIABLE = "AZURE_ENV_NAME"

_ESCAPED = {"n": "\n", "r": "\r"}


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The values of azd's environment: of the one in AZURE_ENV_NAME, else of azd's default.

    From azd itself, or without it from its files. Raises TargetError when there are none.
    """
    name = environ.get(ENVIRONMENT_VARIABLE)
    folder = environ.get(FOLDER_VARIABLE)
    azd = None if folder else shutil.which("azd", path=environ.get("PATH"))
    if azd:
        return parsed(_told_by(azd, name))
    return parsed(_kept_in(Path(folder) if folder else REPOSITORY_ROOT / ".azure", name))


def parsed(text: str) -> dict[str, str]:
    """The variables of a file with lines NAME="value", as azd writes them."""
    lines = (line.strip() for line in text.splitlines())
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name.strip(): _unquoted(value.strip()) for name, equals, value in pairs if equals}


def _unquoted(value: str) -> str:
    if len(value) < 2 or value[0] != value[-1] or value[0] not in "\"'":
        return value
    inner = value[1:-1]
    if value[0] == "'":
        return inner
    return re.sub(r"\\(.)", _unescaped, inner)


def _unescaped(match: re.Match[str]) -> str:
    return _ESCAPED.get(match[1], match[1])


def _told_by(azd: str, name: str | None) -> str:
    command = [azd, "env", "get-values", *(["--environment", name] if name else [])]
    told = subprocess.run(command, cwd=REPOSITORY_ROOT, capture_output=True, text=True, check=False)
    if told.returncode:
        raise TargetError(f"`{' '.join(command)}` failed: {told.stderr.strip()}")
    return told.stdout


def _kept_in(folder: Path, name: str | None) -> str:
    try:
        name = name or json.loads((folder / "config.json").read_text())["defaultEnvironment"]
        return (folder / str(name) / ".env").read_text()
    except (OSError, ValueError, KeyError) as error:
        raise TargetError(
            f"azd has no environment in {folder}: deploy first (docs/deploy.md), or name it by "
            f"{ENVIRONMENT_VARIABLE} ({error!r})"
        ) from error

"""Runs checkov over the templates: `python -m tests.infra.tools.checkov`.

It needs no network. What it skips is justified in the templates, at the resource.
"""

import json
import subprocess
import sys
from pathlib import Path

from tests.infra.syntax import INFRA, ROOT

PROGRAM = ROOT / ".venv-checkov" / "bin" / "checkov"


def faults(folder: Path) -> list[str]:
    """What checkov finds in the Bicep files of a folder, and what it couldn't read."""
    command = [PROGRAM, "--directory", folder, "--framework", "bicep"]
    # Not --quiet: it hides which files can't be read.
    options = ["--skip-download", "--compact", "--output", "json"]
    answer = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    try:
        results = json.loads(answer.stdout)["results"]
    except (ValueError, KeyError, TypeError):
        return [f"checkov read nothing: {answer.stderr[-500:] or answer.stdout[-500:]}"]
    return [
        *(f"{path}: can't be read" for path in results.get("parsing_errors", [])),
        *(_line(check) for check in results.get("failed_checks", [])),
    ]


def main() -> int:
    """Print what was found; the exit code is 1 if there was anything."""
    found = faults(INFRA)
    sys.stdout.write("".join(f"{fault}\n" for fault in found))
    return 1 if found else 0


def _line(check: dict[str, str]) -> str:
    return f"{check['file_path']}: {check['check_id']} {check['check_name']}"


if __name__ == "__main__":
    sys.exit(main())

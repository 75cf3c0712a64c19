"""Plays Core Tools: a `func` that does by our Functions host what it is told."""

import sys
from pathlib import Path

from local.stack.options import REPOSITORY_ROOT

SCRIPT = """#!/bin/sh
# func start --port PORT --cors ORIGINS
echo "$*, COLOUR=$COLOUR" >> "{folder}/asked"
app_root=$PWD
cd "{repository}"
exec "{python}" -m local.functions_host --app-root "$app_root" --port "$3" --cors "$5" \\
  --data-dir "{folder}/data-$3"
"""


def write_func(folder: Path) -> Path:
    """Write `func` into a folder; how it was called goes to the file `asked` beside it."""
    program = folder / "func"
    program.write_text(
        SCRIPT.format(folder=folder, repository=REPOSITORY_ROOT, python=sys.executable)
    )
    program.chmod(0o755)
    return program

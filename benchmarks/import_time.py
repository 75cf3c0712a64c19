"""What a cold start pays for imports: function_app beside the libraries that it can't do without.

Each import is timed in fresh processes, the two kinds in turn; the medians are printed with their
ratio. The goal is a ratio of at most 2.5; the exit code is always 0.
"""

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RUNS = 9
GOAL = 2.5

SETTINGS: dict[str, str] = json.loads((ROOT / "local.settings.json.example").read_text())["Values"]
"""The app reads its settings when it is imported."""

BASE = "import azure.functions, azure.cosmos.aio, pydantic"
APP = "import function_app"

# What only the development tools install: a deployment hasn't got it, so it may not count.
_WITHOUT_TOOLS = "import sys; sys.modules.update(dict.fromkeys(('click', 'rich', 'pygments')))"
_TIMED = """
{without_tools}
import time
start = time.perf_counter()
{statement}
print(time.perf_counter() - start)
"""


def seconds_to(statement: str) -> float:
    """How long a fresh interpreter needs for an import."""
    program = _TIMED.format(without_tools=_WITHOUT_TOOLS, statement=statement)
    finished = subprocess.run(  # noqa: S603 (the program is a constant of this module)
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=_environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    return float(finished.stdout)


def _environment() -> dict[str, str]:
    """The app's settings, and bytecode for all modules alike: installed libraries have theirs."""
    environment = {**os.environ, **SETTINGS}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    return environment


def medians(runs: int) -> tuple[float, float]:
    """The medians for the libraries alone and for the app; a first run each fills the caches."""
    pairs = [(seconds_to(BASE), seconds_to(APP)) for _ in range(runs + 1)][1:]
    return (
        statistics.median(base for base, _ in pairs),
        statistics.median(app for _, app in pairs),
    )


def main() -> None:
    """Measure and print."""
    base, app = medians(RUNS)
    lines = (
        f"{BASE}: {base * 1000:.0f} ms",
        f"{APP}: {app * 1000:.0f} ms",
        f"ratio: {app / base:.2f} (goal: at most {GOAL})",
    )
    sys.stdout.write("".join(f"{line}\n" for line in lines))


if __name__ == "__main__":
    main()

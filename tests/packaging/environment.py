"""A virtual environment with requirements.txt and nothing else, kept while that stays the same."""

import fcntl
import hashlib
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.packaging.package import ROOT

KEPT = ROOT / ".local" / "packaging"
HOST_NEEDS = ("croniter", "watchfiles")
"""What the local Functions host imports beyond requirements.txt; installed beside, not into."""


@dataclass(frozen=True)
class CleanEnvironment:
    """The interpreter of the environment, and the folder of what only the host needs."""

    python: Path
    host_libraries: Path


def clean_environment() -> CleanEnvironment:
    """The environment, made if there is none for these requirements; one process at a time."""
    requirements = ROOT / "requirements.txt"
    pins = _pins(ROOT / "requirements-dev.txt", HOST_NEEDS)
    key = hashlib.sha256(f"{sys.version}{requirements.read_text()}{pins}".encode()).hexdigest()
    folder = KEPT / key[:16]
    KEPT.mkdir(parents=True, exist_ok=True)
    with (KEPT / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            _make(folder, requirements, pins)
    return CleanEnvironment(folder / "venv" / "bin" / "python", folder / "host")


def _make(folder: Path, requirements: Path, pins: list[str]) -> None:
    for old in KEPT.glob("*/"):
        shutil.rmtree(old)
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    install = [folder / "venv" / "bin" / "python", "-m", "pip", "install", "--quiet"]
    subprocess.run([*install, "-r", requirements], check=True)
    subprocess.run([*install, "--target", folder / "host", *pins], check=True)
    (folder / "complete").touch()


def _pins(requirements: Path, names: tuple[str, ...]) -> list[str]:
    lines = requirements.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if re.split(r"[=\[<>]", line)[0] in names]

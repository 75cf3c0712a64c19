"""Builds the deployment package as azd and Core Tools do: the repository but for .funcignore."""

import fnmatch
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def patterns() -> list[str]:
    """The lines of .funcignore: names, here without folders or exceptions."""
    lines = (ROOT / ".funcignore").read_text(encoding="utf-8").splitlines()
    found = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    unknown = [line for line in found if "/" in line or line.startswith("!")]
    if unknown:
        raise ValueError(f".funcignore has patterns that this doesn't know: {unknown}")
    return found


def files() -> Iterator[Path]:
    """What is deployed, relative to the root."""
    ignored = patterns()
    for folder, folders, names in os.walk(ROOT):
        folders[:] = sorted(name for name in folders if not _matches(name, ignored))
        for name in sorted(names):
            if not _matches(name, ignored):
                yield (Path(folder) / name).relative_to(ROOT)


def build(target: Path) -> Path:
    """Write the package to a path and return it."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in files():
            archive.write(ROOT / path, path.as_posix())
    return target


def _matches(name: str, ignored: list[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in ignored)

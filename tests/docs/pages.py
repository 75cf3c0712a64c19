"""Reading the documentation: its files, code blocks and tables."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

_BLOCK = re.compile(r"^```bash\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def page(name: str) -> str:
    """The text of a page, by its path in the repository."""
    return (ROOT / name).read_text(encoding="utf-8")


def shell_script(name: str) -> str:
    """All lines of a page that are marked as bash, as one script."""
    return "".join(_BLOCK.findall(page(name)))


def rows(name: str) -> list[list[str]]:
    """The cells of all table rows of a page, headings and rules left out."""
    lines = [line for line in page(name).splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [found for found in cells if found[0].startswith("`")]

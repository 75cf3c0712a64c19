"""What the pages point to is there: pages, headings, files and tests."""

import re
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, page

PAGES = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"] + [
    path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "docs").rglob("*.md"))
]

_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?!https?://)([^)\s]*)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_TEST = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere(name: str) -> None:
    links = _LINK.findall(_FENCED.sub("", page(name)))
    assert [link for link in links if not leads_somewhere(link, (ROOT / name).parent)] == []


@pytest.mark.parametrize("name", PAGES)
def test_the_tests_that_are_named_exist(name: str) -> None:
    named = _TEST.findall(page(name))
    missing = [
        f"{path}::{test}"
        for path, test in named
        if not (ROOT / path).exists() or (test and f"def {test}(" not in page(path))
    ]
    assert missing == []


def leads_somewhere(link: str, folder: Path) -> bool:
    """Whether a relative link's file exists, and has its heading."""
    path, _, anchor = link.partition("#")
    target = (folder / path) if path else None
    if target is not None and not target.exists():
        return False
    return not anchor or target is None or anchor in anchors_of(target)


def anchors_of(target: Path) -> set[str]:
    """The anchors that a page's headings get."""
    headings = _HEADING.findall(_FENCED.sub("", target.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}

"""What is wanted of the GitHub workflows: pinned, few permissions, one deployment at a time."""

import re

from tests.infra.syntax import ROOT, Sources

FOLDER = ROOT / ".github" / "workflows"
PERMISSIONS = {
    "ci.yml": {"contents: read"},
    "deploy.yml": {"contents: read", "id-token: write"},
    "official.yml": {"contents: read"},
}

_USES = re.compile(r"^\s*- uses: (\S+)(.*)$", re.MULTILINE)
_PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}")
_READ = re.compile(r"readEnvironmentVariable\('(\w+)'")


def workflows() -> Sources:
    """The workflows by their file names."""
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.yml"))}


def not_pinned(sources: Sources) -> list[str]:
    """Actions that go by a name that can be moved, or don't say their version."""
    return [
        f"{name}: {action}"
        for name, text in sources.items()
        for action, comment in _USES.findall(text)
        if not _PINNED.fullmatch(action) or not re.fullmatch(r" # v[\d.]+", comment)
    ]


def too_mighty(sources: Sources) -> list[str]:
    """Workflows that don't restrict their permissions, or not to what they need."""
    return [
        name
        for name, text in sources.items()
        if set(_block(text, "permissions")) != PERMISSIONS.get(name) or "secrets." in text
    ]


def at_the_same_time(sources: Sources) -> list[str]:
    """Workflows of which two could run for the same thing at once."""
    return [name for name, text in sources.items() if not _block(text, "concurrency")]


def not_passed_on(sources: Sources, parameters: str) -> list[str]:
    """Variables that main.bicepparam reads and a deployment from GitHub would not have."""
    given = set(re.findall(r"^      (\w+): \$\{\{", sources["deploy.yml"], re.MULTILINE))
    return sorted(set(_READ.findall(parameters)) - given)


def _block(text: str, name: str) -> list[str]:
    """The lines below a name at the top level."""
    found = re.search(rf"^{name}:\n((?:  .*\n)+)", text, re.MULTILINE)
    return [line.strip() for line in found[1].splitlines()] if found else []

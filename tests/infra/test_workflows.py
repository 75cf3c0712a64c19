"""GitHub runs what we run, with pinned actions and few permissions."""

import re
from collections.abc import Callable

import pytest

from tests.infra import workflows
from tests.infra.syntax import ROOT, Sources
from tests.infra.test_templates import SOURCES

Check = Callable[[Sources], list[str]]
WORKFLOWS = workflows.workflows()


def not_passed_on(sources: Sources) -> list[str]:
    return workflows.not_passed_on(sources, SOURCES["main.bicepparam"])


CHECKS: tuple[Check, ...] = (
    workflows.not_pinned,
    workflows.too_mighty,
    workflows.at_the_same_time,
    not_passed_on,
)
PLANTED: dict[str, tuple[Check, str, str, str]] = {
    "an action by its tag": (
        workflows.not_pinned,
        "deploy.yml",
        "setup-azd@c495e71ba59e44bfaaac10a32c8ee90d191ca4a3 # v2.2.1",
        "setup-azd@v2",
    ),
    "a version that nobody can read": (workflows.not_pinned, "ci.yml", " # v4.4.0", ""),
    "writing": (workflows.too_mighty, "ci.yml", "contents: read", "contents: write"),
    "every permission": (workflows.too_mighty, "ci.yml", "permissions:", "default-permissions:"),
    "a stored secret": (workflows.too_mighty, "deploy.yml", "vars.AZURE_CL", "secrets.AZURE_CL"),
    "two at once": (workflows.at_the_same_time, "deploy.yml", "concurrency:", "parallel:"),
    "a choice that is undone": (
        not_passed_on,
        "deploy.yml",
        "      WORKBENCH_DEPLOY_WEB:",
        "      X:",
    ),
}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_nothing_is_found(check: Check) -> None:
    assert check(WORKFLOWS) == []


@pytest.mark.parametrize("mistake", PLANTED)
def test_a_planted_mistake_is_found(mistake: str) -> None:
    check, name, old, new = PLANTED[mistake]
    assert old in WORKFLOWS[name]
    assert check(WORKFLOWS | {name: WORKFLOWS[name].replace(old, new)}) != []


def test_what_is_run_is_there() -> None:
    targets = set(re.findall(r"^([\w-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))
    run = re.findall(r"- run: (.+)", WORKFLOWS["ci.yml"])
    assert {line.split()[1] for line in run if line.startswith("make ")} == {
        "lint",
        "faults",
        "fuzz",
    }
    assert {"lint", "faults", "fuzz", "test"} <= targets
    assert ".ci/run" in run


def test_the_tests_of_faults_exist() -> None:
    listed = (ROOT / "Makefile").read_text().partition("FAULT_TESTS := ")[2].partition(")")[0]
    names = re.findall(r"\w+\.py", listed)
    assert len(names) > 5
    assert [name for name in names if not (ROOT / "tests" / "api" / f"test_{name}").exists()] == []

"""Whatever a reader may look for is named where they look: pages, targets, folders, functions."""

import re
import tomllib

import pytest

from shared import resources
from tests.docs.pages import ROOT, page, rows

PAGES = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").glob("*.md"))
DECISIONS = sorted(path.name for path in (ROOT / "docs/decisions").glob("0*.md"))
TARGETS = re.findall(r"^(?!help)([a-z-]+):.*## ", page("Makefile"), re.MULTILINE)
TEST_FOLDERS = sorted(path.parent.name for path in (ROOT / "tests").glob("*/__init__.py"))
TRIGGERS = {
    name
    for module in sorted((ROOT / "shared/triggers").glob("*.py"))
    for name in re.findall(r'function_name\("(\w+)"\)', module.read_text(encoding="utf-8"))
}
STORES = [
    *(container.name for container in resources.COSMOS_CONTAINERS),
    *resources.QUEUES,
    *resources.TABLES,
    *resources.BLOB_CONTAINERS,
]


@pytest.mark.parametrize("name", PAGES)
def test_the_readme_lists_every_page(name: str) -> None:
    assert f"\n| [{name}]({name}) | " in page("README.md")


@pytest.mark.parametrize("name", DECISIONS)
def test_the_decisions_are_listed(name: str) -> None:
    assert f"({name}) | " in page("docs/decisions/README.md")


@pytest.mark.parametrize("target", TARGETS)
def test_contributing_names_every_target(target: str) -> None:
    assert re.search(rf"`make {target}[`\s]", page("CONTRIBUTING.md"))


@pytest.mark.parametrize("folder", TEST_FOLDERS)
def test_contributing_names_every_folder_of_tests(folder: str) -> None:
    assert f"`tests/{folder}`" in page("CONTRIBUTING.md")


def test_the_architecture_lists_the_functions_that_no_request_starts() -> None:
    listed = {cells[0].strip("`") for cells in rows("docs/architecture.md") if len(cells) == 3}
    assert TRIGGERS
    assert {name for name in listed if "/" not in name and "_" in name} == TRIGGERS


@pytest.mark.parametrize("store", STORES)
def test_the_data_model_names_every_store(store: str) -> None:
    assert f"`{store}`" in page("docs/data-model.md")


def test_the_data_model_names_every_index() -> None:
    indexed = {
        path.strip("/?") for one in resources.COSMOS_CONTAINERS for path in one.indexed_paths
    }
    (sentence,) = re.findall(r"Nothing is indexed but .*?\.", page("docs/data-model.md"))
    named = set(re.findall(r"`(\w+)`", sentence))
    assert named - {container.name for container in resources.COSMOS_CONTAINERS} == indexed


def test_the_newest_version_of_the_changelog_is_the_project_s() -> None:
    version = tomllib.loads(page("pyproject.toml"))["project"]["version"]
    assert re.findall(r"^## \[(\S+)\]", page("CHANGELOG.md"), re.MULTILINE)[0] == version

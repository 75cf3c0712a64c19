"""local.settings.json.example has every setting, and the README explains each of its lines."""

import json
import re
from collections.abc import Iterable, Mapping

from shared.settings import SHORT_NAMES
from tests.docs.pages import page
from tests.docs.test_configuration_page import SETTINGS, TABLE

EXAMPLE = json.loads(page("local.settings.json.example"))
SECTION = page("README.md").partition("\n## With `func start`\n")[2].partition("\n## ")[0]
OF_THE_HOST = {"FUNCTIONS_WORKER_RUNTIME", "AzureWebJobsStorage", "ONLINE_CHECK_SCHEDULE"}
SHORT = {full: short for short, full in SHORT_NAMES.items()}


def explained() -> set[str]:
    """What stands in the first cells of the section's tables."""
    cells = re.findall(r"^\| (`.*?) \|", SECTION, re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


def not_explained(values: Mapping[str, str], names: Iterable[str]) -> list[str]:
    """Keys with a value but no line of their own; empty ones of no group that is named."""
    known = set(names)
    groups = tuple(name.removesuffix("…") for name in known if name.endswith("…"))
    return [
        key
        for key, value in values.items()
        if key not in known and (value or not key.startswith(groups))
    ]


def test_the_example_has_every_setting() -> None:
    wanted = {SHORT.get(name, name) for name in SETTINGS} | OF_THE_HOST
    assert set(EXAMPLE["Values"]) == wanted


def test_the_example_has_a_value_for_whatever_is_required() -> None:
    required = [name for name, field in SETTINGS.items() if field.is_required()]
    required += [*OF_THE_HOST, "WORKBENCH__WEB_PUBSUB__CONNECTION_STRING"]
    assert [name for name in required if not EXAMPLE["Values"].get(name)] == []


def test_the_readme_explains_every_line() -> None:
    assert not_explained(EXAMPLE["Values"], explained()) == []
    assert {*EXAMPLE, *EXAMPLE["Host"]} <= explained()


def test_the_readme_explains_nothing_else() -> None:
    names = {name for name in explained() if not name.endswith("…")}
    assert names <= {*EXAMPLE, *EXAMPLE["Host"], *EXAMPLE["Values"]}
    for group in explained() - names:
        assert any(key.startswith(group.removesuffix("…")) for key in EXAMPLE["Values"]), group


def test_what_is_empty_is_explained_with_its_default() -> None:
    full = {short: name for name, short in SHORT.items()}
    empty = [name for name, value in EXAMPLE["Values"].items() if not value]
    assert [name for name in empty if full.get(name, name) not in TABLE] == []


def test_planted_lines_without_explanation_are_found() -> None:
    planted = {"WORKBENCH__COSMOS__CONSISTENCY": "strong", "WORKBENCH__CACHE__SECONDS": ""}
    assert not_explained(planted, explained()) == [*planted]

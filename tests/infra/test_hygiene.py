"""The templates are short, described, constrained, named and tagged as we want them."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.infra import hygiene
from tests.infra.syntax import INFRA, ROOT, Sources
from tests.infra.template import declarations, resources
from tests.infra.test_templates import SOURCES, changed

Check = Callable[[Sources], list[str]]
CHECKS: tuple[Check, ...] = (
    hygiene.too_long,
    hygiene.without_purpose,
    hygiene.idle_modules,
    hygiene.idle_names,
    hygiene.bare_parameters,
    hygiene.unknown_parameters,
    hygiene.untagged,
    hygiene.misnamed,
    hygiene.lenient,
)
MAIN = "main.bicep"
VAULT = "modules/key-vault.bicep"


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_nothing_is_found(check: Check) -> None:
    assert check(SOURCES) == []


def test_azd_finds_the_app_by_its_tag() -> None:
    assert hygiene.without_service(SOURCES, _root_file("azure.yaml")) == []


def test_the_runtime_is_the_python_that_is_tested() -> None:
    (site,) = resources(SOURCES, "Microsoft.Web/sites")
    version = site.property_at("functionAppConfig.runtime.version")
    assert f'requires-python = ">={version}"' in _root_file("pyproject.toml")
    assert f'python-version: "{version}"' in _root_file(".github/workflows/ci.yml")


def test_json_files_are_json() -> None:
    for name in SOURCES:
        if name.endswith(".json"):
            json.loads(SOURCES[name])


def test_the_folder_has_nothing_else() -> None:
    known = {".bicep", ".bicepparam", ".json", ".py"}
    strange = [
        path.relative_to(INFRA).as_posix()
        for path in Path(INFRA).rglob("*")
        if path.is_file() and path.suffix not in known and "__pycache__" not in path.parts
    ]
    assert strange == []


def test_every_parameter_is_seen() -> None:
    """The checks of parameters read what the compiler would."""
    seen = {text for _, _, text in declarations(SOURCES, "parameter")}
    assert len(seen) > 40


PLANTED: dict[str, tuple[Check, str, str, str]] = {
    "a file that has grown": (hygiene.too_long, VAULT, "output id", "//\n" * 140 + "output id"),
    "a file without a word": (hygiene.without_purpose, VAULT, "// The vault", "The vault"),
    "a module that is left over": (
        hygiene.idle_modules,
        MAIN,
        "module workbook 'modules/workbook.bicep'",
        "module workbook 'modules/identity.bicep'",
    ),
    "a parameter without use": (
        hygiene.idle_names,
        VAULT,
        "softDeleteRetentionInDays: softDeleteDays",
        "softDeleteRetentionInDays: 90",
    ),
    "a variable without use": (
        hygiene.idle_names,
        VAULT,
        "resource vault",
        "var x = 1\nresource vault",
    ),
    "a parameter without description": (
        hygiene.bare_parameters,
        VAULT,
        "@description('Region.')\n",
        "",
    ),
    "a number without bounds": (
        hygiene.bare_parameters,
        MAIN,
        "@minValue(40)\n@maxValue(1000)\nparam",
        "param",
    ),
    "a text without bounds": (
        hygiene.bare_parameters,
        MAIN,
        "@allowed(['Enabled', 'Disabled'])\nparam",
        "param",
    ),
    "a value for no parameter": (
        hygiene.unknown_parameters,
        "main.bicepparam",
        "param alertEmail",
        "param alertMail",
    ),
    "a resource without tags": (hygiene.untagged, VAULT, "  tags: tags\n", ""),
    "another abbreviation": (hygiene.misnamed, "abbreviations.json", '"func-"', '"fn-"'),
    "a name of another kind": (
        hygiene.misnamed,
        MAIN,
        "'${abbreviations.functionApp}${suffix}'",
        "'${abbreviations.appServicePlan}${suffix}'",
    ),
    "a name that may be too long": (
        hygiene.misnamed,
        MAIN,
        "'${abbreviations.cosmosDb}${suffix}'",
        "'${abbreviations.cosmosDb}workbench-${suffix}'",
    ),
    "a rule that only warns": (
        hygiene.lenient,
        "bicepconfig.json",
        '"no-unused-vars": { "level": "error" }',
        '"no-unused-vars": { "level": "warning" }',
    ),
}


@pytest.mark.parametrize("mistake", PLANTED)
def test_a_planted_mistake_is_found(mistake: str) -> None:
    check, file, old, new = PLANTED[mistake]
    assert check(changed(file, old, new)) != []


def test_every_check_has_a_planted_mistake() -> None:
    assert {check for check, _, _, _ in PLANTED.values()} == set(CHECKS)


def test_a_planted_service_without_a_resource_is_found() -> None:
    planted = _root_file("azure.yaml") + "  web:\n    project: web\n  worker:\n    project: .\n"
    assert hygiene.without_service(SOURCES, planted) == ["worker"]


def _root_file(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")

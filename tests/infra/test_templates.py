"""The templates are valid Bicep that says what Azure knows, and describe every parameter."""

import json
import re
from pathlib import Path

import pytest

from tests.infra import schemas
from tests.infra.syntax import INFRA, ROOT, Sources, child, faults, sources, text_of
from tests.infra.template import Resource, declarations, resources

SOURCES = sources()
BICEP = [name for name in SOURCES if not name.endswith(".json")]
MADE = resources(SOURCES)
MAX_LINES = 140
COMPOSITION = {"main.bicep": 430, "modules/rbac.bicep": 190}
"""The root passes parameters on, and all roles stand together: they may be longer."""


@pytest.mark.parametrize("name", BICEP)
def test_a_file_is_valid_bicep(name: str) -> None:
    assert faults(name, SOURCES[name]) == []


@pytest.mark.parametrize("name", BICEP)
def test_a_file_is_short_and_says_what_it_is_for(name: str) -> None:
    assert len(SOURCES[name].splitlines()) <= COMPOSITION.get(name, MAX_LINES)
    assert SOURCES[name].startswith("// ")


def test_resources_are_as_azure_describes_their_types() -> None:
    assert sorted({fault for resource in MADE for fault in schemas.faults(resource)}) == []


def test_every_schema_is_that_of_a_type_in_use() -> None:
    assert schemas.not_used({resource.type for resource in MADE}) == []


def test_every_module_is_used() -> None:
    files = {resource.file for resource in MADE}
    only_modules = {"modules/private-endpoints.bicep"}
    assert {name for name in BICEP if name.endswith(".bicep")} - files == only_modules


def test_every_parameter_is_described() -> None:
    bare = [
        f"{name}: {text_of(node).splitlines()[0]}"
        for name, node, above in declarations(SOURCES, "parameter")
        if "@description(" not in above
    ]
    assert bare == []


def test_every_parameter_and_variable_is_used() -> None:
    idle = [
        f"{name}: {text_of(symbol)}"
        for kind in ("parameter", "variable")
        for name, node, _ in declarations(SOURCES, kind)
        if (symbol := child(node, "identifier"))
        and len(re.findall(rf"\b{text_of(symbol)}\b", SOURCES[name])) < 2
    ]
    assert idle == []


def test_the_parameter_file_names_parameters_that_exist() -> None:
    known = {
        text_of(symbol)
        for name, node, _ in declarations(SOURCES, "parameter")
        if name == "main.bicep" and (symbol := child(node, "identifier"))
    }
    given = set(re.findall(r"^param (\w+) =", SOURCES["main.bicepparam"], re.MULTILINE))
    assert given <= known


def test_every_resource_that_can_have_tags_has_them() -> None:
    bare = [
        resource.where
        for resource in MADE
        if "location" in resource.body and "tags" not in resource.body
    ]
    assert bare == []


def test_azd_finds_the_app_by_its_tag() -> None:
    services = set(re.findall(r"^  (\w+):$", _root_file("azure.yaml"), re.MULTILINE))
    tagged = {
        resource.body["tags"]["azd-service-name"]
        for resource in MADE
        if "azd-service-name" in _tags(resource)
    }
    assert services <= tagged


def test_the_runtime_is_the_python_that_is_tested() -> None:
    (site,) = (found for found in MADE if found.type == "Microsoft.Web/sites")
    version = site.property_at("functionAppConfig.runtime.version")
    assert f'requires-python = ">={version}"' in _root_file("pyproject.toml")
    assert f'python-version: "{version}"' in _root_file(".github/workflows/ci.yml")


def test_json_files_are_json() -> None:
    for name in SOURCES:
        if name.endswith(".json"):
            json.loads(SOURCES[name])


PLANTED = {
    "a property that doesn't exist": (
        "modules/storage.bicep",
        "allowSharedKeyAccess: false",
        "allowSharedKeyAcces: false",
        "allowSharedKeyAcces doesn't exist",
    ),
    "a value that isn't one of the known": (
        "modules/storage.bicep",
        "minimumTlsVersion: 'TLS1_2'",
        "minimumTlsVersion: 'TLS12'",
        "minimumTlsVersion is 'TLS12', not one of",
    ),
    "a value of another kind": (
        "modules/web-pubsub.bicep",
        "disableLocalAuth: true",
        "disableLocalAuth: 'true'",
        "disableLocalAuth must be bool",
    ),
    "a value by way of a parameter": (
        "main.bicep",
        "'Standard_LRS', 'Standard_ZRS'",
        "'Standard_LSR', 'Standard_ZRS'",
        "",
    ),
    "a required property that is missing": (
        "modules/cosmos.bicep",
        "    databaseAccountOfferType: 'Standard'\n",
        "",
        "databaseAccountOfferType is missing",
    ),
    "a read-only property": (
        "modules/key-vault.bicep",
        "    enableSoftDelete: true\n",
        "    enableSoftDelete: true\n    hsmPoolResourceId: 'x'\n",
        "hsmPoolResourceId is read-only",
    ),
    "a list item's property": (
        "modules/cosmos.bicep",
        "failoverPriority: 0",
        "failOverPriority: 0",
        "locations[0].failOverPriority doesn't exist",
    ),
    "an API version that was not checked": (
        "modules/key-vault.bicep",
        "vaults@2024-11-01",
        "vaults@2019-09-01",
        "API version 2019-09-01",
    ),
    "a type without a schema": (
        "modules/identity.bicep",
        "Microsoft.ManagedIdentity/userAssignedIdentities@",
        "Microsoft.ManagedIdentity/userIdentities@",
        "infra/schemas has no",
    ),
}


@pytest.mark.parametrize("mistake", [name for name in PLANTED if PLANTED[name][3]])
def test_a_planted_mistake_is_found(mistake: str) -> None:
    file, old, new, message = PLANTED[mistake]
    found = [fault for made in resources(changed(file, old, new)) for fault in schemas.faults(made)]
    assert any(message in fault for fault in found), found


@pytest.mark.parametrize("broken", ["resource x = {", "param a string = = 'b'", "var a = {b: }"])
def test_planted_bad_syntax_is_found(broken: str) -> None:
    assert faults("main.bicep", f"{SOURCES['main.bicep']}\n{broken}\n")


def changed(file: str, old: str, new: str) -> Sources:
    """The sources with a change in one file; the old text must be there."""
    assert old in SOURCES[file], f"{file} has no {old!r} any more"
    return SOURCES | {file: SOURCES[file].replace(old, new)}


def _tags(resource: Resource) -> dict[str, object]:
    tags = resource.body.get("tags")
    return tags if isinstance(tags, dict) else {}


def _root_file(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_folder_has_nothing_else() -> None:
    known = {".bicep", ".bicepparam", ".json"}
    strange = [
        path.relative_to(INFRA).as_posix()
        for path in Path(INFRA).rglob("*")
        if path.is_file() and path.suffix not in known
    ]
    assert strange == []

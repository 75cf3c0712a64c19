"""The documents name everything that they must, as the code has it."""

import json
import re
import tomllib
from collections.abc import Iterator

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from shared.api.routes import ROUTES
from shared.api.routing import Route
from shared.settings import PREFIX, Settings
from tests.architecture.source import ROOT

STORAGE_VARIABLES = (
    "AzureWebJobsStorage",
    "AzureWebJobsStorage__accountName",
    "AzureWebJobsStorage__blobServiceUri",
    "AzureWebJobsStorage__queueServiceUri",
    "AzureWebJobsStorage__tableServiceUri",
)
HOST_VARIABLES = ("ONLINE_CHECK_SCHEDULE",)


def _variables(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, FieldInfo]]:
    """The variable of every setting below a section."""
    for name, field in model.model_fields.items():
        variable = f"{prefix}{name.upper()}"
        section = _section(field)
        if section is None:
            yield variable, field
        elif variable != f"{PREFIX}STORAGE":
            yield from _variables(section, f"{variable}__")


def _section(field: FieldInfo) -> type[BaseModel] | None:
    annotation = field.annotation
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return None


SETTINGS = dict(_variables(Settings, PREFIX))
REQUIRED = [
    *(name for name, field in SETTINGS.items() if field.is_required()),
    "AzureWebJobsStorage",
    "WORKBENCH__WEB_PUBSUB__CONNECTION_STRING",
    *HOST_VARIABLES,
]


@pytest.mark.parametrize("variable", [*SETTINGS, *STORAGE_VARIABLES, *HOST_VARIABLES])
def test_the_configuration_page_names_every_setting(variable: str) -> None:
    page = _text("docs/configuration.md")
    assert f"`{variable}`" in page, f"docs/configuration.md must describe `{variable}`"


@pytest.mark.parametrize("variable", REQUIRED)
def test_the_settings_example_has_every_required_setting(variable: str) -> None:
    values = json.loads(_text("local.settings.json.example"))["Values"]
    assert values.get(variable), f"local.settings.json.example needs a value for {variable}"


def _route_id(route: Route) -> str:
    return route.name


@pytest.mark.parametrize("route", ROUTES, ids=_route_id)
def test_the_api_page_names_every_route(route: Route) -> None:
    path = "/" + re.sub(r"\{\*?(\w+)(?::[^}]*)?\}", r"{\1}", route.path) + route.suffix
    line = f"{route.method} {path}"
    page = _text("docs/api.md").replace("`", "")
    words = re.escape(route.method) + r"[\s|]+" + re.escape(path) + r"(?![\w/{-])"
    assert re.search(words, page), f"docs/api.md must describe `{line}`"


def test_the_newest_version_of_the_changelog_is_the_project_s() -> None:
    project = tomllib.loads(_text("pyproject.toml"))["project"]
    versions = re.findall(r"^## \[?v?(\d+\.\d+\.\d+)", _text("CHANGELOG.md"), re.MULTILINE)
    assert versions[:1] == [project["version"]], (
        f"CHANGELOG.md must begin with an entry `## {project['version']}`"
    )


def _text(path: str) -> str:
    file = ROOT / path
    assert file.exists(), f"{path} is missing"
    return file.read_text(encoding="utf-8")

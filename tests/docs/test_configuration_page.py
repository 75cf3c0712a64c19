"""docs/configuration.md lists the settings that exist, with their defaults."""

import json
from collections.abc import Iterator

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from shared.settings import PREFIX, REFERENCE_ONLY, Settings
from tests.docs.pages import page, rows

PAGE = "docs/configuration.md"
TABLE = {cells[0].strip("`"): cells[1:] for cells in rows(PAGE)}


def settings_of(model: type[BaseModel], prefix: str = PREFIX) -> Iterator[tuple[str, FieldInfo]]:
    """Every variable of a section and of the sections in it."""
    for name, field in model.model_fields.items():
        variable = f"{prefix}{name.upper()}"
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from settings_of(kind, f"{variable}__")
        else:
            yield variable, field


STORAGE = f"{PREFIX}STORAGE"
"""No setting of its own: filled from AzureWebJobsStorage."""

SETTINGS = {name: field for name, field in settings_of(Settings) if not name.startswith(STORAGE)}

OUTSIDE_THE_PREFIX = (
    "AzureWebJobsStorage",
    "AzureWebJobsStorage__accountName",
    "AzureWebJobsStorage__blobServiceUri",
    "AzureWebJobsStorage__queueServiceUri",
    "AzureWebJobsStorage__tableServiceUri",
    "ONLINE_CHECK_SCHEDULE",
)


def default_as_written(field: FieldInfo) -> str:
    """The default as the page writes it: as the variable would be set."""
    default = field.default
    if field.is_required() or default is None:
        return ""
    if default == "":
        return "empty"
    return f"`{json.dumps(default) if isinstance(default, tuple) else default}`"


@pytest.mark.parametrize("variable", SETTINGS)
def test_the_page_has_the_default_of_every_setting(variable: str) -> None:
    assert TABLE[variable][0] == default_as_written(SETTINGS[variable])


@pytest.mark.parametrize("variable", OUTSIDE_THE_PREFIX)
def test_the_page_has_what_the_host_reads_too(variable: str) -> None:
    assert variable in TABLE


@pytest.mark.parametrize("variable", SETTINGS)
def test_the_page_says_what_is_required(variable: str) -> None:
    assert (TABLE[variable][1] == "yes") == SETTINGS[variable].is_required()


def test_the_page_has_no_other_settings() -> None:
    listed = {name for name in TABLE if name.startswith(PREFIX)}
    assert {name for name in listed if not name.startswith(REFERENCE_ONLY)} == set(SETTINGS)


@pytest.mark.parametrize("beginning", REFERENCE_ONLY)
def test_the_page_names_what_is_tolerated(beginning: str) -> None:
    assert f"`{beginning}`" in page(PAGE)

"""checkov reads every template and finds planted mistakes; `make lint` runs it over infra/."""

from pathlib import Path

import pytest

from tests.infra.test_templates import SOURCES, changed
from tests.infra.tools.checkov import faults

STORAGE = "modules/storage.bicep"
PLANTED = {
    "an old version of TLS": ("minimumTlsVersion: 'TLS1_2'", "minimumTlsVersion: 'TLS1_0'"),
    "what it can't read": ("resource account ", "resource "),
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What is found in two files with mistakes, and in one without; one run takes seconds."""
    folder: Path = tmp_path_factory.mktemp("planted")
    for number, (old, new) in enumerate(PLANTED.values()):
        text = changed(STORAGE, old, new)[STORAGE]
        (folder / f"storage-{number}.bicep").write_text(text, encoding="utf-8")
    (folder / "fine.bicep").write_text(SOURCES[STORAGE], encoding="utf-8")
    return faults(folder)


def test_a_planted_mistake_is_found(found: list[str]) -> None:
    assert any("storage-0.bicep: CKV_AZURE_44 " in fault for fault in found), found


def test_a_file_that_can_not_be_read_is_a_fault(found: list[str]) -> None:
    assert any("storage-1.bicep: can't be read" in fault for fault in found), found


def test_what_is_skipped_with_a_reason_is_no_fault(found: list[str]) -> None:
    assert not any("fine.bicep" in fault for fault in found), found


def test_every_skipped_check_has_a_reason() -> None:
    skips = [
        line.partition("checkov:skip=")[2]
        for text in SOURCES.values()
        for line in text.splitlines()
        if "checkov:skip=" in line
    ]
    assert skips
    assert all(len(reason.strip()) > 10 for _, _, reason in (skip.partition(":") for skip in skips))

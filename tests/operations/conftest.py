"""A stack whose host process has an OpenTelemetry SDK, and what it wrote."""

import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.stack.stack import Stack
from tests.api.assistant_builders import another_service, stack_of_its_own
from tests.support.assistant_service import RecordingService

SDK = Path(__file__).parent / "sdk"


@dataclass(frozen=True)
class Telemetry:
    """What the host process of a stack with this data folder has exported and logged so far."""

    stack_folder: Path

    @property
    def folder(self) -> Path:
        """Where spans and metrics go."""
        return self.stack_folder / "telemetry"

    def logged(self, pattern: str) -> list[str]:
        """The lines of the host's log in which a pattern is found."""
        text = (self.stack_folder / "logs" / "functions_host.log").read_text(encoding="utf-8")
        return [line for line in text.splitlines() if re.search(pattern, line)]

    def spans(self, trace_id: str | None = None) -> list[dict[str, Any]]:
        """The spans, or those of one trace, in the order in which they ended."""
        return [
            span
            for span in _lines(self.folder / "spans")
            if trace_id is None or span["context"]["trace_id"] == f"0x{trace_id}"
        ]

    def metric(self, name: str) -> list[dict[str, Any]]:
        """The newest data points of a metric."""
        found = self.exports(name)
        return found[-1] if found else []

    def exports(self, name: str) -> list[list[dict[str, Any]]]:
        """The data points of a metric, export by export."""
        return [
            metric["data"]["data_points"]
            for export in _lines(self.folder / "metrics")
            for resource in export["resource_metrics"]
            for scope in resource["scope_metrics"]
            for metric in scope["metrics"]
            if metric["name"] == name
        ]


def _lines(path: Path) -> list[dict[str, Any]]:
    """The whole lines of a file that another process may be writing to."""
    whole = path.read_text(encoding="utf-8").rpartition("\n")[0] if path.exists() else ""
    return [json.loads(line) for line in whole.splitlines()]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Telemetry:
    """What the stack of this module exports."""
    telemetry = Telemetry(tmp_path_factory.mktemp("traced"))
    telemetry.folder.mkdir()
    return telemetry


@pytest.fixture(scope="module")
async def traced(exported: Telemetry) -> AsyncIterator[Stack]:
    """A stack that exports."""
    settings = {
        "PYTHONPATH": str(SDK),
        "TELEMETRY_FOLDER": str(exported.folder),
        "AZURE_SDK_TRACING_IMPLEMENTATION": "opentelemetry",
    }
    async with stack_of_its_own(exported.stack_folder, **settings) as running:
        yield running


@pytest.fixture
async def ada(traced: Stack) -> AsyncIterator[httpx.AsyncClient]:
    """A person."""
    async with traced.api("Ada") as client:
        yield client


@pytest.fixture
async def service(traced: Stack) -> AsyncIterator[RecordingService]:
    """An assistant service."""
    async with another_service(traced) as running:
        yield running

"""host.json has documented settings only, within what the host takes."""

import json
import re
from collections.abc import Iterator
from typing import Any

from local.functions_host.host_config import parse_time_span, read_host_config
from tests.packaging.package import ROOT

HOST = json.loads((ROOT / "host.json").read_text(encoding="utf-8"))

DOCUMENTED = {
    "version",
    "functionTimeout",
    "telemetryMode",
    "logging.fileLoggingMode",
    "logging.logLevel.*",
    "logging.console.isEnabled",
    "extensionBundle.id",
    "extensionBundle.version",
    "extensions.http.routePrefix",
    "extensions.http.maxOutstandingRequests",
    "extensions.http.maxConcurrentRequests",
    "extensions.http.dynamicThrottlesEnabled",
    "extensions.http.hsts.isEnabled",
    "extensions.http.hsts.maxAge",
    "extensions.http.customHeaders.*",
    "extensions.queues.maxPollingInterval",
    "extensions.queues.visibilityTimeout",
    "extensions.queues.batchSize",
    "extensions.queues.maxDequeueCount",
    "extensions.queues.newBatchThreshold",
    "extensions.queues.messageEncoding",
    "concurrency.dynamicConcurrencyEnabled",
    "concurrency.snapshotPersistenceEnabled",
    "singleton.lockPeriod",
    "singleton.listenerLockPeriod",
    "singleton.listenerLockRecoveryPollingInterval",
    "singleton.lockAcquisitionTimeout",
    "singleton.lockAcquisitionPollingInterval",
}
"""Of Microsoft's reference of host.json; what only Application Insights mode knows is left out."""

NOT_WITH_OPEN_TELEMETRY = "applicationInsights"


def test_only_documented_settings_are_used() -> None:
    assert [name for name in _names(HOST) if not _is_documented(name)] == []


def test_values_are_within_what_the_host_takes() -> None:
    read_host_config(ROOT)
    queues = HOST["extensions"]["queues"]
    assert 1 <= queues["batchSize"] <= 32
    assert parse_time_span(queues["maxPollingInterval"]) >= 0.1
    assert queues["messageEncoding"] == "base64", "as shared/adapters/queues.py writes them"


def test_paths_are_those_of_the_original_service() -> None:
    assert HOST["extensions"]["http"]["routePrefix"] == ""


def test_the_bundle_is_one_that_flex_consumption_takes() -> None:
    assert HOST["extensionBundle"] == {
        "id": "Microsoft.Azure.Functions.ExtensionBundle",
        "version": "[4.*, 5.0.0)",
    }


def test_open_telemetry_has_no_sampling_of_the_other_mode() -> None:
    if HOST.get("telemetryMode") == "OpenTelemetry":
        assert NOT_WITH_OPEN_TELEMETRY not in HOST["logging"]


def test_an_undocumented_setting_is_found() -> None:
    planted = HOST | {"extensions": {"queues": {"batchsize": 16}}}
    assert [name for name in _names(planted) if not _is_documented(name)] == [
        "extensions.queues.batchsize"
    ]


def test_the_page_explains_every_setting() -> None:
    assert _not_explained(HOST) == set()


def test_a_planted_setting_without_explanation_is_found() -> None:
    planted = {**HOST, "watchDirectories": [], "singleton": {"lockPeriod": "00:00:15"}}
    assert _not_explained(planted) == {"watchDirectories", "singleton.lockPeriod"}


def test_a_planted_explanation_of_nothing_is_found() -> None:
    planted = {name: value for name, value in HOST.items() if name != "functionTimeout"}
    assert _not_explained(planted) == {"functionTimeout"}


def _not_explained(document: dict[str, Any]) -> set[str]:
    """Settings without a row in the page, and rows without a setting."""
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    section = page.partition("\n## host.json, key by key\n")[2].partition("\n## ")[0]
    cells = re.findall(r"^\| (`.*?) \|", section, re.MULTILINE)
    return set(_names(document)) ^ {name for cell in cells for name in re.findall(r"`(.+?)`", cell)}


def _names(document: dict[str, Any], prefix: str = "") -> Iterator[str]:
    for name, value in document.items():
        if isinstance(value, dict):
            yield from _names(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


def _is_documented(name: str) -> bool:
    parents = [name[: index + 1] for index, letter in enumerate(name) if letter == "."]
    return name in DOCUMENTED or any(f"{parent}*" in DOCUMENTED for parent in parents)

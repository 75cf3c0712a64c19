"""Command line: `python -m tests.infra.tools.generate` makes infra/schemas/ anew.

Needs `npm ci` in this folder before, and the network for the management libraries' wheels.
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.infra.syntax import INFRA, sources
from tests.infra.template import resources
from tests.infra.tools import arm_types, compact
from tests.infra.tools.sdk_models import Models

SCHEMAS = INFRA / "schemas"

_MONITOR = "azure-mgmt-monitor==6.0.2"
_MONITOR_FOLDER = "azure/mgmt/monitor"


@dataclass(frozen=True)
class Library:
    """Where a management library has the model of a type in one API version."""

    requirement: str
    folder: str
    model: str
    version: str


LIBRARIES = {
    "Microsoft.SignalRService/webPubSub": Library(
        "azure-mgmt-webpubsub==2.0.0",
        "azure/mgmt/webpubsub/models",
        "WebPubSubResource",
        "2024-03-01",
    ),
    "Microsoft.SignalRService/webPubSub/hubs": Library(
        "azure-mgmt-webpubsub==2.0.0", "azure/mgmt/webpubsub/models", "WebPubSubHub", "2024-03-01"
    ),
    "Microsoft.Network/privateDnsZones": Library(
        "azure-mgmt-privatedns==1.2.0", "azure/mgmt/privatedns/models", "PrivateZone", "2024-06-01"
    ),
    "Microsoft.Network/privateDnsZones/virtualNetworkLinks": Library(
        "azure-mgmt-privatedns==1.2.0",
        "azure/mgmt/privatedns/models",
        "VirtualNetworkLink",
        "2024-06-01",
    ),
    "Microsoft.Insights/diagnosticSettings": Library(
        _MONITOR,
        f"{_MONITOR_FOLDER}/v2021_05_01_preview/models",
        "DiagnosticSettingsResource",
        "2021-05-01-preview",
    ),
    "Microsoft.Insights/actionGroups": Library(
        _MONITOR, f"{_MONITOR_FOLDER}/v2023_01_01/models", "ActionGroupResource", "2023-01-01"
    ),
    "Microsoft.Insights/metricAlerts": Library(
        _MONITOR, f"{_MONITOR_FOLDER}/v2018_03_01/models", "MetricAlertResource", "2018-03-01"
    ),
    "Microsoft.Insights/scheduledQueryRules": Library(
        "azure-mgmt-monitor==7.0.0",
        f"{_MONITOR_FOLDER}/models",
        "ScheduledQueryRuleResource",
        "2023-12-01",
    ),
}


def main() -> int:
    """Write the schema of every type that the templates use; old files go."""
    for old in SCHEMAS.glob("*.json"):
        old.unlink()
    for resource_type in sorted({found.type for found in resources(sources())}):
        library = LIBRARIES.get(resource_type)
        if library is None:
            name, types = arm_types.read(resource_type)
            source = f"{arm_types.PACKAGE} {_pinned_version()}"
        else:
            types = Models(library.requirement, library.folder).types(library.model)
            name, source = f"{resource_type}@{library.version}", library.requirement
        compact.write(SCHEMAS, name, source, types)
        sys.stdout.write(f"{name}\n")
    return 0


def _pinned_version() -> str:
    package = json.loads((Path(__file__).parent / "package.json").read_text(encoding="utf-8"))
    return package["dependencies"][arm_types.PACKAGE]


if __name__ == "__main__":
    sys.exit(main())

"""What is wanted of templates beyond being valid: short, described, bounded, named, tagged."""

import json
import re
from collections.abc import Iterable

from tests.infra.syntax import Sources, child, text_of
from tests.infra.template import MAIN, Resource, declarations, resources
from tests.infra.values import Unknown

MAX_LINES = 140
COMPOSITION = {MAIN: 440, "modules/rbac.bicep": 190}
"""The root passes parameters on, and all roles stand together: they may be longer."""

ONLY_MODULES = {"modules/private-endpoints.bicep"}
"""Files that make nothing by themselves."""

SUFFIX = 30 + 1 + 6
"""How long the rest of a name can be: the environment's, a hyphen and six letters."""

PREFIXES = {
    "Microsoft.CognitiveServices/accounts": (("oai-", "spch-"), 64),
    "Microsoft.DocumentDB/databaseAccounts": (("cosno-",), 44),
    "Microsoft.Insights/actionGroups": (("ag-",), 260),
    "Microsoft.Insights/components": (("appi-",), 260),
    "Microsoft.KeyVault/vaults": (("kv-",), 24),
    "Microsoft.ManagedIdentity/userAssignedIdentities": (("id-",), 128),
    "Microsoft.Network/networkSecurityGroups": (("nsg-",), 80),
    "Microsoft.Network/virtualNetworks": (("vnet-",), 64),
    "Microsoft.OperationalInsights/workspaces": (("log-",), 63),
    "Microsoft.Resources/resourceGroups": (("rg-",), 90),
    "Microsoft.SignalRService/webPubSub": (("wps-",), 63),
    "Microsoft.Storage/storageAccounts": (("st",), 24),
    "Microsoft.Web/serverfarms": (("asp-",), 60),
    "Microsoft.Web/sites": (("func-",), 60),
    "Microsoft.Web/staticSites": (("stapp-",), 60),
}
"""The abbreviations of the Cloud Adoption Framework, and how long Azure lets such a name be."""

TOKENS_ONLY = {"Microsoft.KeyVault/vaults", "Microsoft.Storage/storageAccounts"}
"""Too short for the environment's name: these have the 13 letters of uniqueString instead."""

OTHER_ABBREVIATIONS = {"privateEndpoint": "pep-", "subnet": "snet-"}

LINTER_OFF = {"use-recent-api-versions", "use-safe-access"}
"""Versions are those with a schema in infra/schemas; checkov's parser knows no safe access."""


def too_long(sources: Sources) -> list[str]:
    """Files that are longer than they should be."""
    return [
        f"{name}: {lines} lines"
        for name, text in _bicep(sources)
        if (lines := len(text.splitlines())) > COMPOSITION.get(name, MAX_LINES)
    ]


def without_purpose(sources: Sources) -> list[str]:
    """Files that don't begin by saying what they are for."""
    return [name for name, text in _bicep(sources) if not text.startswith("// ")]


def idle_modules(sources: Sources) -> list[str]:
    """Files that the root doesn't reach."""
    files = {resource.file for resource in resources(sources)} | ONLY_MODULES
    return sorted({name for name in sources if name.endswith(".bicep")} - files)


def idle_names(sources: Sources) -> list[str]:
    """Parameters and variables that nothing uses."""
    return [
        f"{name}: {text_of(symbol)}"
        for kind in ("parameter", "variable")
        for name, node, _ in declarations(sources, kind)
        if (symbol := child(node, "identifier"))
        and len(re.findall(rf"\b{text_of(symbol)}\b", sources[name])) < 2
    ]


def bare_parameters(sources: Sources) -> list[str]:
    """Parameters without a description, and texts and numbers of the root without bounds."""
    faults: list[str] = []
    for name, node, above in declarations(sources, "parameter"):
        line = text_of(node).splitlines()[0]
        if "@description(" not in above:
            faults.append(f"{name}: {line} has no description")
        if not (name == MAIN and re.match(r"param \w+ (?:string|int)\b", line)):
            continue
        if not re.search(r"@(?:allowed|(?:min|max)(?:Length|Value))\(", above):
            faults.append(f"{name}: {line} has no bounds")
    return faults


def unknown_parameters(sources: Sources) -> list[str]:
    """Values in the parameter file for parameters that don't exist."""
    known = {
        text_of(symbol)
        for name, node, _ in declarations(sources, "parameter")
        if name == MAIN and (symbol := child(node, "identifier"))
    }
    given = re.findall(r"^param (\w+) =", sources["main.bicepparam"], re.MULTILINE)
    return sorted(set(given) - known)


def untagged(sources: Sources) -> list[str]:
    """Resources that could have tags and have none."""
    return [
        resource.where
        for resource in resources(sources)
        if "location" in resource.body and "tags" not in resource.body
    ]


def misnamed(sources: Sources) -> list[str]:
    """Names that don't begin with their abbreviation, or may become too long for Azure."""
    abbreviations = json.loads(sources["abbreviations.json"])
    wanted = {prefix for prefixes, _ in PREFIXES.values() for prefix in prefixes}
    wanted |= set(OTHER_ABBREVIATIONS.values())
    strange = set(abbreviations.values()) ^ wanted
    return [*sorted(strange), *(fault for made in resources(sources) for fault in _name(made))]


def lenient(sources: Sources) -> list[str]:
    """Rules of the Bicep linter that are weaker than an error."""
    rules = json.loads(sources["bicepconfig.json"])["analyzers"]["core"]["rules"]
    weak = {name for name, rule in rules.items() if rule["level"] != "error"}
    return sorted(weak ^ LINTER_OFF)


def without_service(sources: Sources, azure_yaml: str) -> list[str]:
    """Services of azure.yaml that no resource is tagged as."""
    services = set(
        re.findall(r"^  (\w+):$", azure_yaml.partition("\nservices:\n")[2], re.MULTILINE)
    )
    tagged = {
        resource.body["tags"].get("azd-service-name")
        for resource in resources(sources)
        if isinstance(resource.body.get("tags"), dict)
    }
    return sorted(services - tagged)


def _name(made: Resource) -> Iterable[str]:
    if made.type not in PREFIXES:
        return
    prefixes, limit = PREFIXES[made.type]
    name = made.body["name"]
    text = name.text if isinstance(name, Unknown) else str(name)
    if not text.startswith(prefixes):
        yield f"{made.where}: {text}"
    rest = 13 if made.type in TOKENS_ONLY else SUFFIX
    if len(text.removesuffix("{}")) + rest > limit:
        yield f"{made.where}: {text} may become longer than {limit}"


def _bicep(sources: Sources) -> list[tuple[str, str]]:
    return [(name, text) for name, text in sources.items() if not name.endswith(".json")]

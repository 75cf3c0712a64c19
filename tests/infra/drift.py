"""Differences between what infra/ makes and what the code names and reads."""

import ast
import re
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import BaseModel

from shared import resources as code
from shared.settings import PREFIX, SHORT_NAMES, Settings
from tests.architecture.source import modules
from tests.infra.template import Resource
from tests.infra.values import OneOf, options_of

CONTAINERS = "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers"
QUEUES = "Microsoft.Storage/storageAccounts/queueServices/queues"
TABLES = "Microsoft.Storage/storageAccounts/tableServices/tables"
BLOB_CONTAINERS = "Microsoft.Storage/storageAccounts/blobServices/containers"
SETTINGS = "Microsoft.Web/sites/config"

NAMES = {
    QUEUES: {*code.QUEUES, *code.POISON_QUEUES},
    TABLES: set(code.TABLES),
    BLOB_CONTAINERS: {*code.BLOB_CONTAINERS, "deployments"},
    "Microsoft.DocumentDB/databaseAccounts/sqlDatabases": {code.COSMOS_DATABASE},
    CONTAINERS: {container.name for container in code.COSMOS_CONTAINERS},
    "Microsoft.SignalRService/webPubSub/hubs": {code.WEB_PUBSUB_HUB},
}
"""What must exist, by type; `deployments` is the host's own."""

HOST_SETTINGS = {
    "AzureWebJobsStorage__credential",
    "AzureWebJobsStorage__clientId",
    "AzureWebJobsStorage__blobServiceUri",
    "AzureWebJobsStorage__queueServiceUri",
    "AzureWebJobsStorage__tableServiceUri",
    "AZURE_CLIENT_ID",
    "APPLICATIONINSIGHTS_CONNECTION_STRING",
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
    "PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY",
    "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS",
    "OTEL_TRACES_SAMPLER",
    "OTEL_TRACES_SAMPLER_ARG",
}
"""What the host and the libraries read: the storage section is shared/settings.py's as well."""

LEFT_TO_DEFAULTS = {
    "WORKBENCH__COSMOS__KEY": "managed identity",
    "WORKBENCH__COSMOS__DATABASE": "the default is what infra makes",
    "WORKBENCH__WEB_PUBSUB__CONNECTION_STRING": "managed identity",
    "WORKBENCH__WEB_PUBSUB__HUB": "the default is what infra makes",
    "WORKBENCH__SERVICE__ASSISTANT_API_KEY__FIXED_KEY": "keys are in the vault",
    "WORKBENCH__SERVICE__AZURE_OPENAI_API_KEY": "managed identity",
    "WORKBENCH__AUTH__ALLOWED_JWT_ALGORITHMS": "the default is what Microsoft Entra ID signs by",
    "WORKBENCH__WEB_PUBSUB__TOKEN_MINUTES": "behaviour, the same everywhere",
    "WORKBENCH__SERVICE__AZURE_OPENAI_API_VERSION": "behaviour, the same everywhere",
    "WORKBENCH__SERVICE__AZURE_OPENAI_TIMEOUT_SECONDS": "behaviour, the same everywhere",
}
"""Settings that infra leaves alone, and why; whole sections are in BEHAVIOUR."""

BEHAVIOUR = ("WORKBENCH__EVENTS__", "WORKBENCH__FILES__", "WORKBENCH__TRANSFERS__")
"""Sections whose defaults suit every deployment; an operator overrides them in the portal."""

FORBIDDEN_ON_FLEX = re.compile(
    r"FUNCTIONS_(WORKER|EXTENSION|MAX_HTTP)|WEBSITE_|ENABLE_ORYX|SCM_DO_BUILD|AzureWebJobsStorage$"
)
"""Flex Consumption refuses or ignores these; the last one would be a key."""


def names(made: Iterable[Resource]) -> list[str]:
    """Containers, queues, tables and the hub that only one side knows."""
    found: list[str] = []
    for type_name, wanted in NAMES.items():
        present = {resource.body["name"] for resource in made if resource.type == type_name}
        found += [f"infra has no {type_name} {name}" for name in sorted(wanted - present)]
        found += [f"the code knows no {type_name} {name}" for name in sorted(present - wanted)]
    return found


def containers(made: Iterable[Resource]) -> list[str]:
    """Containers with another partition key, expiry or indexing policy than the code's."""
    wanted = {container.name: _described(container) for container in code.COSMOS_CONTAINERS}
    present = {
        resource.body["name"]: dict(resource.property_at("resource"))
        for resource in made
        if resource.type == CONTAINERS
    }
    return [
        f"{name}: {key} is {present[name].get(key)!r}, in the code {expected!r}"
        for name in wanted.keys() & present.keys()
        for key, expected in wanted[name].items()
        if present[name].get(key) != expected
    ]


def settings(made: Iterable[Resource]) -> list[str]:
    """Settings that the code reads and infra doesn't set, and the other way round."""
    sets = _settings_of(made)
    known = dict(_settings(Settings, PREFIX))
    reads = {*known, *HOST_SETTINGS, *_schedules(), *SHORT_NAMES}
    left = {*LEFT_TO_DEFAULTS, *(name for name in known if name.startswith(BEHAVIOUR))}
    given = {SHORT_NAMES.get(name, name) for name in sets} | {*sets}
    wanted = {*known, *HOST_SETTINGS, *_schedules()}
    return [
        *(f"infra sets {name}, which nothing reads" for name in sorted(sets - reads)),
        *(f"{name} is read, but infra doesn't set it" for name in sorted(wanted - given - left)),
        *(f"{name} is listed as left alone, but infra sets it" for name in sorted(left & given)),
        *(f"{name} is listed as left alone, but nothing reads it" for name in sorted(left - reads)),
        *(f"{name} may not be set" for name in sorted(filter(FORBIDDEN_ON_FLEX.match, sets))),
    ]


def deployed_settings(made: Iterable[Resource]) -> dict[str, str]:
    """The settings that every deployment has, whatever its parameters, with made-up values."""
    options = options_of(_body_of_settings(made))
    always = set.intersection(*(set(option) for option in options))
    lists = {"WORKBENCH__AUTH__ISSUERS", "WORKBENCH__SERVICE__DEFAULT_ASSISTANTS"}
    return {name: "[]" if name in lists else "https://example.test/" for name in always}


def _described(container: code.CosmosContainer) -> dict[str, Any]:
    return {
        "id": container.name,
        "partitionKey": {"paths": [container.partition_key_path], "kind": "Hash", "version": 2},
        "defaultTtl": container.default_ttl,
        "indexingPolicy": container.indexing_policy(),
    }


def _settings_of(made: Iterable[Resource]) -> set[str]:
    return {name for option in options_of(_body_of_settings(made)) for name in option}


def _body_of_settings(made: Iterable[Resource]) -> dict[str, Any] | OneOf:
    (found,) = (resource.body["properties"] for resource in made if resource.type == SETTINGS)
    return found


def _settings(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, Any]]:
    """Every variable of a section and of those in it; that of the storage is the host's."""
    for name, field in model.model_fields.items():
        variable = f"{prefix}{name.upper()}"
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            if variable != f"{PREFIX}STORAGE":
                yield from _settings(kind, f"{variable}__")
        else:
            yield variable, field


def _schedules() -> set[str]:
    """Variables that bindings name between percent signs."""
    return {
        name
        for module in modules("shared")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        for name in re.findall(r"^%(\w+)%$", node.value)
    }

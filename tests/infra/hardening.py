"""What the templates must say so that guarantees hold: no keys, no open doors, nothing lost."""

from collections.abc import Iterable
from typing import Any

from shared import resources as code
from tests.infra.template import Resource
from tests.infra.values import Reference, Value, options_of

ACCOUNT = "Microsoft.DocumentDB/databaseAccounts"
STORAGE = "Microsoft.Storage/storageAccounts"
SITE = "Microsoft.Web/sites"
COMPONENT = "Microsoft.Insights/components"
VAULT = "Microsoft.KeyVault/vaults"
PUBSUB = "Microsoft.SignalRService/webPubSub"

NO_KEYS: dict[str, dict[str, Any]] = {
    STORAGE: {"allowSharedKeyAccess": False},
    ACCOUNT: {"disableLocalAuth": True, "disableKeyBasedMetadataWriteAccess": True},
    PUBSUB: {"disableLocalAuth": True},
    "Microsoft.CognitiveServices/accounts": {"disableLocalAuth": True},
    COMPONENT: {"DisableLocalAuth": True},
    "Microsoft.OperationalInsights/workspaces": {"features.disableLocalAuth": True},
    VAULT: {"enableRbacAuthorization": True},
    f"{SITE}/basicPublishingCredentialsPolicies": {"allow": False},
}
"""Everything takes Microsoft Entra ID only."""

NO_OPEN_DOORS: dict[str, dict[str, Any]] = {
    STORAGE: {
        "allowBlobPublicAccess": False,
        "minimumTlsVersion": "TLS1_2",
        "supportsHttpsTrafficOnly": True,
    },
    f"{STORAGE}/blobServices/containers": {"publicAccess": "None"},
    ACCOUNT: {"minimalTlsVersion": "Tls12"},
    f"{PUBSUB}/hubs": {"anonymousConnectPolicy": "deny"},
    SITE: {
        "httpsOnly": True,
        "siteConfig.minTlsVersion": "1.2",
        "siteConfig.ftpsState": "Disabled",
        "siteConfig.cors.supportCredentials": False,
    },
}

NOTHING_LOST: dict[str, dict[str, Any]] = {
    f"{STORAGE}/blobServices": {
        "deleteRetentionPolicy.enabled": True,
        "containerDeleteRetentionPolicy.enabled": True,
    },
    ACCOUNT: {
        "backupPolicy.type": "Continuous",
        "consistencyPolicy.defaultConsistencyLevel": "BoundedStaleness",
        "enableMultipleWriteLocations": False,
    },
    VAULT: {"enableSoftDelete": True},
}
"""Deleted things can be brought back; reads see what was written (decision 8)."""

WITH_DIAGNOSTICS = {ACCOUNT, VAULT, PUBSUB, f"{STORAGE}/blobServices", f"{STORAGE}/queueServices"}
TRANSFER_DAYS = 2


def differences(made: Iterable[Resource], wanted: dict[str, dict[str, Any]]) -> list[str]:
    """Types that aren't made, and resources that say something else than is wanted."""
    made = list(made)
    missing = sorted(wanted.keys() - {resource.type for resource in made})
    return missing + [
        f"{resource.where}: {path} may be {found!r}"
        for resource in made
        for path, value in wanted.get(resource.type, {}).items()
        for found in _options(resource, path)
        if found != value
    ]


def unwatched(made: Iterable[Resource]) -> list[str]:
    """Kinds of resources without a diagnostic setting."""
    made = list(made)
    settings = [found for found in made if found.type == "Microsoft.Insights/diagnosticSettings"]
    watched = {(setting.file, _symbol(setting.body["scope"])) for setting in settings}
    return sorted(
        found.where
        for found in made
        if found.type in WITH_DIAGNOSTICS and (found.file, found.symbol) not in watched
    )


def kept_too_long(made: Iterable[Resource]) -> list[str]:
    """What is wrong with the rule that removes transfers, whoever forgot them."""
    (policy,) = (found for found in made if found.type == f"{STORAGE}/managementPolicies")
    (rule,) = policy.property_at("policy.rules")
    prefixes = rule["definition"]["filters"]["prefixMatch"]
    removal = rule["definition"]["actions"]["baseBlob"]["delete"]
    return [
        *([] if prefixes == [f"{code.TRANSFERS_BLOB_CONTAINER}/"] else [f"it is for {prefixes}"]),
        *([] if removal == {"daysAfterModificationGreaterThan": TRANSFER_DAYS} else [str(removal)]),
    ]


def not_serverless(made: Iterable[Resource]) -> list[str]:
    """Cosmos DB accounts that can't be serverless, or in more than one region."""
    accounts = [found for found in made if found.type == ACCOUNT]
    serverless = [{"name": "EnableServerless"}]
    return [
        account.where
        for account in accounts
        if serverless not in options_of(account.property_at("capabilities"))
        or len(account.property_at("locations")) != 1
    ]


def _symbol(scope: Value) -> str | None:
    return scope.symbol if isinstance(scope, Reference) else None


def _options(resource: Resource, path: str) -> tuple[Any, ...]:
    try:
        return options_of(resource.property_at(path))
    except KeyError:
        return ("absent",)

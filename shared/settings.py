"""Settings, read once from the environment: a wrong value fails at start with its name.

Names are the reference service's where it has one: `WORKBENCH__<SECTION>__<NAME>`, with a
double underscore between levels. Lists and objects are written as JSON.
"""

import json
import os
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from shared import resources

PREFIX = "WORKBENCH__"

# Settings of the reference service that have no meaning here: tolerated, so that its
# environment can be carried over as it is.
REFERENCE_ONLY = (
    "WORKBENCH__DB__",
    "WORKBENCH__STORAGE__",
    "WORKBENCH__LOGGING__",
    "WORKBENCH__SERVICE__PROTOCOL",
    "WORKBENCH__SERVICE__HOST",
    "WORKBENCH__SERVICE__PORT",
    "WORKBENCH__SERVICE__ANONYMOUS_PATHS",
    "WORKBENCH__SERVICE__ASSISTANT_SERVICE_ONLINE_CHECK_INTERVAL_SECONDS",
)

# Names without the prefix that the reference service knows, too, and what they stand for.
SHORT_NAMES = {
    "AZURE_OPENAI_ENDPOINT": "WORKBENCH__SERVICE__AZURE_OPENAI_ENDPOINT",
    "AZURE_OPENAI_DEPLOYMENT": "WORKBENCH__SERVICE__AZURE_OPENAI_DEPLOYMENT",
    "AZURE_OPENAI_MODEL": "WORKBENCH__SERVICE__AZURE_OPENAI_MODEL",
    "AZURE_OPENAI_API_VERSION": "WORKBENCH__SERVICE__AZURE_OPENAI_API_VERSION",
    "AZURE_OPENAI_API_KEY": "WORKBENCH__SERVICE__AZURE_OPENAI_API_KEY",
    "AZURE_SPEECH__RESOURCE_ID": "WORKBENCH__AZURE_SPEECH__RESOURCE_ID",
    "AZURE_SPEECH__REGION": "WORKBENCH__AZURE_SPEECH__REGION",
}


class SettingsError(Exception):
    """A setting has a value that can't be used; the message names the setting."""


Url = Annotated[str, Field(pattern="^https?://.")]
SecureUrl = Annotated[str, Field(pattern="^https://.")]

Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]
"""What tokens may be signed by: with a shared secret anybody could sign who can verify."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CosmosSettings(_Section):
    """Where the Cosmos DB account is; without a key the managed identity is used."""

    endpoint: Url
    key: str | None = None
    database: str = resources.COSMOS_DATABASE


class WebPubSubSettings(_Section):
    """Web PubSub by connection string, or by endpoint with the managed identity.

    `token_minutes`: how long a negotiated address may be used to connect. Short, because who
    lost access could use it until then; open connections outlive it.
    """

    connection_string: str | None = None
    endpoint: Url | None = None
    hub: str = resources.WEB_PUBSUB_HUB
    token_minutes: int = Field(default=1, ge=1, le=60)

    @model_validator(mode="after")
    def _has_an_address(self) -> Self:
        if not (self.connection_string or self.endpoint):
            raise ValueError("needs a CONNECTION_STRING or an ENDPOINT")
        return self


class AuthSettings(_Section):
    """Whose tokens are accepted: see docs/configuration.md.

    `{tid}` in an issuer stands for the tenant that the token names in its `tid` claim.
    """

    allowed_jwt_algorithms: tuple[Algorithm, ...] = ("RS256",)
    allowed_app_id: str = "d0a2fed8-abb0-4831-8a24-09f5a0b54d97"
    jwks_url: Url = "https://login.microsoftonline.com/common/discovery/v2.0/keys"
    issuers: tuple[str, ...] = (
        "https://login.microsoftonline.com/{tid}/v2.0",
        "https://sts.windows.net/{tid}/",
    )


class ApiKeySettings(_Section):
    """Where the assistant services' API keys live; without a vault the key is fixed."""

    key_vault_url: SecureUrl | None = None
    fixed_key: str = ""

    @property
    def is_secured(self) -> bool:
        """Whether keys are real, so that services must be registered by a person first."""
        return self.key_vault_url is not None


class DefaultAssistant(_Section):
    """An assistant that everybody gets on their first look at their assistants."""

    assistant_service_id: str
    template_id: str
    name: str


class ServiceSettings(_Section):
    """Behaviour of the service itself."""

    assistant_api_key: ApiKeySettings = ApiKeySettings()
    default_assistants: tuple[DefaultAssistant, ...] = ()
    azure_openai_endpoint: Url | None = None
    azure_openai_deployment: str = "gpt-4o-mini"
    azure_openai_model: str = "gpt-4o-mini"
    azure_openai_api_version: str = "2025-02-01-preview"
    azure_openai_api_key: str | None = None
    azure_openai_timeout_seconds: float = Field(default=30.0, gt=0, le=300)


class EventSettings(_Section):
    """How long events are kept and how hard delivery to assistants tries; all in seconds.

    `write_ahead_seconds` after a change began, what a crash kept from being delivered is looked
    for: longer than any request lives.
    """

    retention_seconds: int = Field(default=7 * 24 * 3600, ge=60)
    offline_hold_seconds: int = Field(default=15 * 60, ge=0)
    delivery_max_attempts: int = Field(default=8, ge=1)
    delivery_max_age_seconds: int = Field(default=3600, ge=1)
    write_ahead_seconds: int = Field(default=600, ge=1, le=24 * 3600)


class FileSettings(_Section):
    """Sizes in bytes up to which files pass, and how long what belongs to them is good for.

    `cleanup_seconds` after an upload or a deletion began, what it left behind is removed: longer
    than any request lives.
    """

    max_download_bytes: int = Field(default=32 * 1024 * 1024, ge=1, le=100_000_000)
    max_upload_bytes: int = Field(default=1024**3, ge=1)
    upload_seconds: int = Field(default=3600, ge=1, le=5 * 24 * 3600)
    download_address_seconds: int = Field(default=300, ge=1, le=3600)
    cleanup_seconds: int = Field(default=900, ge=1, le=24 * 3600)


class TransferSettings(_Section):
    """Sizes in bytes of archives, and for how many seconds an address of one is good.

    `max_response_bytes`: a larger archive is fetched from an address of its own.
    `max_content_bytes`: of what is in an archive, unpacked. `cleanup_seconds` after an import or
    a duplication began, what a crash left of it is removed: longer than any function may run.
    """

    max_response_bytes: int = Field(default=32 * 1024 * 1024, ge=1, le=100_000_000)
    max_archive_bytes: int = Field(default=1024**3, ge=1)
    max_content_bytes: int = Field(default=4 * 1024**3, ge=1)
    address_seconds: int = Field(default=900, ge=1, le=24 * 3600)
    cleanup_seconds: int = Field(default=900, ge=1, le=24 * 3600)


class AzureSpeechSettings(_Section):
    """The resource that browsers talk to; without both no token is given out.

    `client_id` is the identity that the tokens are of: one that may use speech and nothing else.
    """

    resource_id: str = ""
    region: str = ""
    client_id: str | None = None


class StorageSettings(_Section):
    """The storage account, from the same settings that the Functions host reads.

    `AzureWebJobsStorage` holds a connection string, or `AzureWebJobsStorage__…` a section for
    the managed identity (accountName, or one URI for each service).
    """

    connection_string: str | None = None
    queue_service_uri: str | None = None
    table_service_uri: str | None = None
    blob_service_uri: str | None = None


class Settings(_Section):
    """All settings of the application."""

    cosmos: CosmosSettings
    web_pubsub: WebPubSubSettings
    auth: AuthSettings = AuthSettings()
    service: ServiceSettings = ServiceSettings()
    events: EventSettings = EventSettings()
    transfers: TransferSettings = TransferSettings()
    files: FileSettings = FileSettings()
    azure_speech: AzureSpeechSettings = AzureSpeechSettings()
    storage: StorageSettings


def load(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from `environment` (default: the process's own).

    Raises SettingsError, which names the variable at fault.
    """
    variables = _with_full_names(os.environ if environment is None else environment)
    tree: dict[str, Any] = {"storage": _storage(variables), "cosmos": {}, "web_pubsub": {}}
    for name, value in sorted(variables.items()):
        if name.startswith(PREFIX) and not name.startswith(REFERENCE_ONLY):
            _insert(tree, name, value)
    try:
        return Settings.model_validate(tree)
    except ValidationError as error:
        raise SettingsError(_explain(error)) from error


def _with_full_names(variables: Mapping[str, str]) -> dict[str, str]:
    """The variables, those with short names under their full ones; a full name wins."""
    given = {full: variables[short] for short, full in SHORT_NAMES.items() if short in variables}
    return given | dict(variables)


def _insert(tree: dict[str, Any], name: str, value: str) -> None:
    *sections, leaf = name[len(PREFIX) :].lower().split("__")
    node = tree
    for section in sections:
        node = node.setdefault(section, {})
        if not isinstance(node, dict):
            raise SettingsError(f"{name}: {section.upper()} has a value of its own already")
    if value.startswith(("[", "{")):
        try:
            node[leaf] = json.loads(value)
        except json.JSONDecodeError as error:
            raise SettingsError(f"{name}: not valid JSON ({error})") from error
    elif value:
        node[leaf] = value


def _storage(variables: Mapping[str, str]) -> dict[str, str]:
    connection_string = variables.get("AzureWebJobsStorage")
    if connection_string:
        return {"connection_string": connection_string}
    section = "AzureWebJobsStorage__"
    account = variables.get(f"{section}accountName")
    if not any(name.startswith(section) for name in variables):
        raise SettingsError("AzureWebJobsStorage: missing")
    return {
        f"{kind}_service_uri": _service_uri(variables, f"{section}{kind}ServiceUri", kind, account)
        for kind in ("blob", "queue", "table")
    }


def _service_uri(variables: Mapping[str, str], name: str, kind: str, account: str | None) -> str:
    uri = variables.get(name) or (account and f"https://{account}.{kind}.core.windows.net")
    if not uri:
        raise SettingsError(f"{name}: missing, and so is AzureWebJobsStorage__accountName")
    return uri


def _explain(error: ValidationError) -> str:
    lines = (
        f"{PREFIX}{'__'.join(str(part) for part in fault['loc']).upper()}: {fault['msg']}"
        for fault in error.errors(include_url=False, include_input=False)
    )
    return "; ".join(lines)

"""Settings: each variable has its effect, and a wrong value names its variable."""

import json
from typing import Any

import pytest

from shared import settings
from shared.settings import Settings, SettingsError

STORAGE = "AzureWebJobsStorage"
REQUIRED = {
    STORAGE: "UseDevelopmentStorage=true",
    "WORKBENCH__COSMOS__ENDPOINT": "http://127.0.0.1:8081/",
    "WORKBENCH__WEB_PUBSUB__CONNECTION_STRING": "Endpoint=http://127.0.0.1",
}
DEFAULT_ASSISTANT = {"assistant_service_id": "a.b", "template_id": "default", "name": "Bee"}


def load(**variables: str) -> Settings:
    """The settings of a minimal environment with these variables more."""
    return settings.load(REQUIRED | variables)


def value_of(loaded: Settings, path: str) -> Any:
    """A setting by its path."""
    value: Any = loaded
    for name in path.split("."):
        value = getattr(value, name)
    return value


def test_the_defaults_are_the_reference_s() -> None:
    loaded = load()

    assert loaded.auth.allowed_jwt_algorithms == ("RS256",)
    assert loaded.auth.allowed_app_id == "d0a2fed8-abb0-4831-8a24-09f5a0b54d97"
    assert loaded.auth.jwks_url.startswith("https://login.microsoftonline.com/common/")
    assert not loaded.service.assistant_api_key.is_secured
    assert loaded.service.assistant_api_key.fixed_key == ""
    assert loaded.storage.connection_string == "UseDevelopmentStorage=true"


@pytest.mark.parametrize(
    ("variable", "text", "path", "value"),
    [
        ("COSMOS__ENDPOINT", "https://db.example/", "cosmos.endpoint", "https://db.example/"),
        ("COSMOS__KEY", "secret", "cosmos.key", "secret"),
        ("COSMOS__KEY", "", "cosmos.key", None),
        ("COSMOS__DATABASE", "other", "cosmos.database", "other"),
        (
            "WEB_PUBSUB__CONNECTION_STRING",
            "Endpoint=x",
            "web_pubsub.connection_string",
            "Endpoint=x",
        ),
        ("WEB_PUBSUB__ENDPOINT", "https://rt.example", "web_pubsub.endpoint", "https://rt.example"),
        ("WEB_PUBSUB__HUB", "other", "web_pubsub.hub", "other"),
        ("WEB_PUBSUB__TOKEN_MINUTES", "5", "web_pubsub.token_minutes", 5),
        (
            "AUTH__ALLOWED_JWT_ALGORITHMS",
            '["RS256", "PS256"]',
            "auth.allowed_jwt_algorithms",
            ("RS256", "PS256"),
        ),
        ("AUTH__ALLOWED_APP_ID", "app", "auth.allowed_app_id", "app"),
        ("AUTH__JWKS_URL", "http://127.0.0.1/keys", "auth.jwks_url", "http://127.0.0.1/keys"),
        ("AUTH__ISSUERS", '["https://one/{tid}"]', "auth.issuers", ("https://one/{tid}",)),
        (
            "SERVICE__ASSISTANT_API_KEY__KEY_VAULT_URL",
            "https://vault.example",
            "service.assistant_api_key.key_vault_url",
            "https://vault.example",
        ),
        (
            "SERVICE__ASSISTANT_API_KEY__KEY_VAULT_URL",
            "https://vault.example",
            "service.assistant_api_key.is_secured",
            True,
        ),
        (
            "SERVICE__ASSISTANT_API_KEY__FIXED_KEY",
            "key",
            "service.assistant_api_key.fixed_key",
            "key",
        ),
        (
            "SERVICE__ASSISTANT_API_KEY",
            '{"fixed_key": "k"}',
            "service.assistant_api_key.fixed_key",
            "k",
        ),
        (
            "SERVICE__AZURE_OPENAI_ENDPOINT",
            "https://ai.example",
            "service.azure_openai_endpoint",
            "https://ai.example",
        ),
        ("SERVICE__AZURE_OPENAI_DEPLOYMENT", "d", "service.azure_openai_deployment", "d"),
        ("SERVICE__AZURE_OPENAI_MODEL", "m", "service.azure_openai_model", "m"),
        ("SERVICE__AZURE_OPENAI_API_VERSION", "v", "service.azure_openai_api_version", "v"),
        ("SERVICE__AZURE_OPENAI_API_KEY", "k", "service.azure_openai_api_key", "k"),
        (
            "SERVICE__AZURE_OPENAI_TIMEOUT_SECONDS",
            "1.5",
            "service.azure_openai_timeout_seconds",
            1.5,
        ),
        ("AZURE_SPEECH__RESOURCE_ID", "/r", "azure_speech.resource_id", "/r"),
        ("AZURE_SPEECH__REGION", "westeurope", "azure_speech.region", "westeurope"),
        ("EVENTS__RETENTION_SECONDS", "60", "events.retention_seconds", 60),
        ("EVENTS__OFFLINE_HOLD_SECONDS", "0", "events.offline_hold_seconds", 0),
        ("EVENTS__DELIVERY_MAX_ATTEMPTS", "1", "events.delivery_max_attempts", 1),
        ("EVENTS__DELIVERY_MAX_AGE_SECONDS", "1", "events.delivery_max_age_seconds", 1),
        ("EVENTS__WRITE_AHEAD_SECONDS", "1", "events.write_ahead_seconds", 1),
    ],
)
def test_a_variable_has_its_effect(variable: str, text: str, path: str, value: object) -> None:
    loaded = load(**{f"WORKBENCH__{variable}": text})

    assert value_of(loaded, path) == value


@pytest.mark.parametrize(
    ("variable", "text", "path"),
    [
        ("AZURE_OPENAI_ENDPOINT", "https://ai.example", "service.azure_openai_endpoint"),
        ("AZURE_OPENAI_DEPLOYMENT", "d", "service.azure_openai_deployment"),
        ("AZURE_OPENAI_MODEL", "m", "service.azure_openai_model"),
        ("AZURE_OPENAI_API_VERSION", "v", "service.azure_openai_api_version"),
        ("AZURE_OPENAI_API_KEY", "k", "service.azure_openai_api_key"),
        ("AZURE_SPEECH__RESOURCE_ID", "/r", "azure_speech.resource_id"),
        ("AZURE_SPEECH__REGION", "westeurope", "azure_speech.region"),
    ],
)
def test_some_variables_have_a_short_name(variable: str, text: str, path: str) -> None:
    assert value_of(load(**{variable: text}), path) == text
    full = f"WORKBENCH__{'' if 'SPEECH' in variable else 'SERVICE__'}{variable}"
    assert value_of(load(**{variable: "http://other", full: text}), path) == text


def test_default_assistants_are_a_json_list() -> None:
    loaded = load(WORKBENCH__SERVICE__DEFAULT_ASSISTANTS=json.dumps([DEFAULT_ASSISTANT]))

    assert [found.model_dump() for found in loaded.service.default_assistants] == [
        DEFAULT_ASSISTANT
    ]


def test_a_variable_of_one_setting_wins_over_one_of_its_whole_section() -> None:
    loaded = load(
        WORKBENCH__SERVICE__ASSISTANT_API_KEY__FIXED_KEY="own",
        WORKBENCH__SERVICE__ASSISTANT_API_KEY=json.dumps(
            {"fixed_key": "section's", "key_vault_url": "https://vault.example"}
        ),
    )

    assert loaded.service.assistant_api_key.fixed_key == "own"
    assert loaded.service.assistant_api_key.is_secured


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("WORKBENCH__COSMOS__ENDPOINT", "db.example"),
        ("WORKBENCH__WEB_PUBSUB__ENDPOINT", "rt.example"),
        ("WORKBENCH__WEB_PUBSUB__TOKEN_MINUTES", "0"),
        ("WORKBENCH__WEB_PUBSUB__TOKEN_MINUTES", "soon"),
        ("WORKBENCH__AUTH__ALLOWED_JWT_ALGORITHMS", '["none"]'),
        ("WORKBENCH__AUTH__ALLOWED_JWT_ALGORITHMS", '["HS256"]'),
        ("WORKBENCH__AUTH__ALLOWED_JWT_ALGORITHMS", "RS256"),
        ("WORKBENCH__AUTH__ALLOWED_JWT_ALGORITHMS", '["RS256"'),
        ("WORKBENCH__AUTH__JWKS_URL", "login.example"),
        ("WORKBENCH__SERVICE__ASSISTANT_API_KEY__KEY_VAULT_URL", "http://vault.example"),
        ("WORKBENCH__SERVICE__DEFAULT_ASSISTANTS", '[{"name": "Bee"}]'),
        ("WORKBENCH__EVENTS__RETENTION_SECONDS", "59"),
        ("WORKBENCH__EVENTS__DELIVERY_MAX_ATTEMPTS", "0"),
        ("WORKBENCH__EVENTS__WRITE_AHEAD_SECONDS", "0"),
        ("WORKBENCH__EVENTS", "often"),
        ("WORKBENCH__EVNETS__RETENTION_SECONDS", "60"),
        ("WORKBENCH__COSMOS__KEI", "secret"),
    ],
)
def test_a_wrong_value_fails_with_the_name_of_its_variable(variable: str, text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(**{variable: text})

    assert str(caught.value).startswith(variable.removesuffix("__RETENTION_SECONDS"))


def test_a_secret_is_not_in_the_message() -> None:
    with pytest.raises(SettingsError) as caught:
        load(WORKBENCH__COSMOS__KEI="secret")

    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("variable", REQUIRED)
def test_a_missing_variable_is_named(variable: str) -> None:
    environment = {name: value for name, value in REQUIRED.items() if name != variable}

    with pytest.raises(SettingsError) as caught:
        settings.load(environment)

    assert str(caught.value).startswith(variable.removesuffix("__CONNECTION_STRING"))


def test_a_section_cannot_have_a_value_and_settings() -> None:
    with pytest.raises(SettingsError, match="WORKBENCH__COSMOS__ENDPOINT"):
        load(WORKBENCH__COSMOS="somewhere")


@pytest.mark.parametrize(
    "variable",
    [
        "WORKBENCH__DB__URL",
        "WORKBENCH__STORAGE__ROOT",
        "WORKBENCH__LOGGING__JSON_FORMAT",
        "WORKBENCH__SERVICE__PROTOCOL",
        "WORKBENCH__SERVICE__HOST",
        "WORKBENCH__SERVICE__PORT",
        "WORKBENCH__SERVICE__ANONYMOUS_PATHS",
        "WORKBENCH__SERVICE__ASSISTANT_SERVICE_ONLINE_CHECK_INTERVAL_SECONDS",
        "HOME",
    ],
)
def test_what_only_the_reference_knows_is_tolerated(variable: str) -> None:
    assert load(**{variable: "[whatever"}) == load()


def test_a_storage_account_by_name_gives_the_address_of_each_service() -> None:
    loaded = load(AzureWebJobsStorage="", AzureWebJobsStorage__accountName="stones")

    assert loaded.storage.connection_string is None
    assert loaded.storage.blob_service_uri == "https://stones.blob.core.windows.net"
    assert loaded.storage.queue_service_uri == "https://stones.queue.core.windows.net"
    assert loaded.storage.table_service_uri == "https://stones.table.core.windows.net"


def test_an_address_of_its_own_wins_over_the_account_s_name() -> None:
    loaded = load(
        AzureWebJobsStorage="",
        AzureWebJobsStorage__accountName="stones",
        AzureWebJobsStorage__tableServiceUri="https://tables.example",
    )

    assert loaded.storage.table_service_uri == "https://tables.example"
    assert loaded.storage.queue_service_uri == "https://stones.queue.core.windows.net"


def test_a_connection_string_wins_over_a_section() -> None:
    loaded = load(AzureWebJobsStorage__accountName="stones")

    assert loaded.storage.connection_string == REQUIRED[STORAGE]
    assert loaded.storage.queue_service_uri is None


def test_an_address_that_is_missing_is_named() -> None:
    with pytest.raises(SettingsError, match=r"^AzureWebJobsStorage__tableServiceUri"):
        load(
            AzureWebJobsStorage="",
            AzureWebJobsStorage__blobServiceUri="https://blobs.example",
            AzureWebJobsStorage__queueServiceUri="https://queues.example",
        )


def test_the_process_s_environment_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in REQUIRED.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("WORKBENCH__COSMOS__DATABASE", "from-the-environment")

    assert settings.load().cosmos.database == "from-the-environment"

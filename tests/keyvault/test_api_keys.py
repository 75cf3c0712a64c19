"""The store of API keys in Key Vault: what it keeps, what it caches, how it bears faults."""

import re

import pytest

from shared.adapters.api_keys import FixedApiKeys, KeyVaultApiKeys, api_key_store
from shared.errors import DependencyUnavailable, Throttled
from shared.settings import ApiKeySettings
from tests.keyvault.conftest import NewStore
from tests.keyvault.vault import (
    BEING_DELETED,
    BEING_RECOVERED,
    DELETED,
    NOT_FOUND,
    Refusal,
    Vault,
    VaultCredential,
)

NAME = "api-key-one"
GET = "GET secrets"
PUT = "PUT secrets"
RECOVER = "POST deletedsecrets"
PURGE = "DELETE deletedsecrets"


async def test_a_new_key_can_be_read_everywhere(vault: Vault, new_store: NewStore) -> None:
    key = await new_store().reset(NAME)

    assert vault.secrets == {NAME: key}
    assert await new_store().get(NAME) == key


async def test_keys_are_long_and_never_the_same(store: KeyVaultApiKeys) -> None:
    keys = {await store.reset(NAME) for _ in range(5)}

    assert len(keys) == 5
    assert min(len(key) for key in keys) >= 43


async def test_a_key_that_is_not_there_is_none(store: KeyVaultApiKeys) -> None:
    assert await store.get(NAME) is None


async def test_an_empty_secret_is_no_key(vault: Vault, store: KeyVaultApiKeys) -> None:
    vault.secrets[NAME] = ""

    assert await store.get(NAME) is None


async def test_a_disabled_secret_is_no_key(vault: Vault, store: KeyVaultApiKeys) -> None:
    vault.secrets[NAME] = "key"
    vault.disabled.add(NAME)

    assert await store.get(NAME) is None


async def test_a_key_is_read_once(vault: Vault, store: KeyVaultApiKeys) -> None:
    vault.secrets[NAME] = "key"

    assert [await store.get(NAME) for _ in range(5)] == ["key"] * 5
    assert vault.calls_of(GET) == 1


async def test_a_key_that_is_not_there_is_looked_for_again(
    vault: Vault, store: KeyVaultApiKeys
) -> None:
    await store.get(NAME)
    vault.secrets[NAME] = "made elsewhere"

    assert await store.get(NAME) == "made elsewhere"


async def test_a_new_key_is_known_at_once_where_it_was_made(
    vault: Vault, store: KeyVaultApiKeys
) -> None:
    vault.secrets[NAME] = "old"
    await store.get(NAME)
    key = await store.reset(NAME)

    assert await store.get(NAME) == key
    assert vault.calls_of(GET) == 1


async def test_a_deleted_key_is_gone(vault: Vault, store: KeyVaultApiKeys) -> None:
    await store.reset(NAME)
    await store.delete(NAME)

    assert await store.get(NAME) is None
    assert vault.secrets == {}


async def test_deleting_what_is_not_there_changes_nothing(
    vault: Vault, store: KeyVaultApiKeys
) -> None:
    await store.delete(NAME)

    assert vault.deleted == {}


async def test_deleting_what_is_being_deleted_changes_nothing(
    vault: Vault, store: KeyVaultApiKeys
) -> None:
    vault.stuck.add(NAME)

    await store.delete(NAME)

    assert vault.calls == ["DELETE secrets"]


@pytest.mark.parametrize("purge_protection", [True, False])
async def test_a_key_is_made_anew_over_a_deleted_one(
    vault: Vault, store: KeyVaultApiKeys, purge_protection: bool
) -> None:
    vault.purge_protection = purge_protection
    old = await store.reset(NAME)
    await store.delete(NAME)

    new = await store.reset(NAME)

    assert new != old
    assert vault.secrets == {NAME: new}
    assert vault.calls_of(PURGE) == 0


async def test_a_key_that_somebody_else_recovers_meanwhile_is_made_anew(
    vault: Vault, store: KeyVaultApiKeys
) -> None:
    vault.faults = [DELETED, NOT_FOUND]

    key = await store.reset(NAME)

    assert vault.secrets == {NAME: key}


@pytest.mark.parametrize(
    "faults",
    [
        [DELETED, BEING_DELETED],
        [DELETED, NOT_FOUND, BEING_RECOVERED],
    ],
    ids=["being deleted", "being recovered"],
)
async def test_a_key_in_transition_is_to_be_made_later(
    vault: Vault, store: KeyVaultApiKeys, faults: list[Refusal]
) -> None:
    vault.faults = list(faults)

    with pytest.raises(DependencyUnavailable) as caught:
        await store.reset(NAME)

    assert caught.value.retry_after == 5
    assert vault.faults == []


async def call(store: KeyVaultApiKeys, operation: str) -> None:
    """Call a method of the store by its name."""
    await getattr(store, operation)(NAME)


OPERATIONS = pytest.mark.parametrize("operation", ["get", "reset", "delete"])


@OPERATIONS
async def test_throttling_is_passed_on_with_the_time_to_wait(
    vault: Vault, store: KeyVaultApiKeys, operation: str
) -> None:
    vault.faults = [Refusal(429, "Throttled", headers={"Retry-After": "17"})]

    with pytest.raises(Throttled) as caught:
        await call(store, operation)

    assert caught.value.retry_after == 17
    assert len(vault.calls) == 1


@OPERATIONS
@pytest.mark.parametrize(
    "fault",
    [
        Refusal(403, "Forbidden", "ForbiddenByRbac"),
        Refusal(500, "InternalServerError"),
        Refusal(503, "Unavailable", headers={"Retry-After": "Mon, 23 Nov 2026 00:00:00 GMT"}),
    ],
    ids=["no permission", "internal error", "unavailable"],
)
async def test_a_vault_that_refuses_is_unavailable(
    vault: Vault, store: KeyVaultApiKeys, operation: str, fault: Refusal
) -> None:
    vault.faults = [fault]

    with pytest.raises(DependencyUnavailable):
        await call(store, operation)


@OPERATIONS
async def test_a_vault_that_is_down_is_unavailable(
    vault: Vault, store: KeyVaultApiKeys, operation: str
) -> None:
    await vault.stop()

    with pytest.raises(DependencyUnavailable):
        await call(store, operation)


async def test_known_keys_are_still_good_while_the_vault_is_down(
    vault: Vault, store: KeyVaultApiKeys
) -> None:
    key = await store.reset(NAME)
    await vault.stop()

    assert await store.get(NAME) == key


async def test_a_vault_with_a_certificate_of_nobody_we_trust_gets_no_token(vault: Vault) -> None:
    credential = VaultCredential()
    store = KeyVaultApiKeys(vault.url, credential, verify_challenge_resource=False)

    with pytest.raises(DependencyUnavailable):
        await store.get(NAME)

    assert credential.scopes == []
    await store.close()


async def test_the_token_is_asked_for_what_the_challenge_names(
    new_store: NewStore, vault: Vault
) -> None:
    credential = VaultCredential()
    await new_store(credential).get(NAME)

    assert credential.scopes == ["https://vault.azure.net/.default"]
    assert vault.calls == [GET]


async def test_a_token_that_the_vault_does_not_take_leaves_it_unavailable(
    new_store: NewStore,
) -> None:
    with pytest.raises(DependencyUnavailable):
        await new_store(VaultCredential("another token")).get(NAME)


SERVICE_IDS = [
    "my-assistant.my-org",
    "my-assistant/my-org",
    "my.assistant-my.org",
    "my_assistant_my_org",
    "MY-ASSISTANT.MY-ORG-2",
    "ü",
    "ß",
    "",
    "x" * 300,
    "x" * 301,
    "../../secrets/x?y#z",
]


def test_key_names_are_unique_and_of_the_vault_s_form(store: KeyVaultApiKeys) -> None:
    names = [store.key_name(service_id) for service_id in SERVICE_IDS]

    assert len({name.lower() for name in names}) == len(SERVICE_IDS)
    assert all(re.fullmatch(r"[0-9a-zA-Z-]{1,127}", name) for name in names)


def test_key_names_are_readable(store: KeyVaultApiKeys) -> None:
    assert store.key_name("my-assistant.my-org").startswith("api-key-my-assistant-my-org-")


async def test_a_fixed_key_is_everybody_s_and_stays() -> None:
    store = FixedApiKeys("fixed")
    assert await store.reset("one") == "fixed"
    await store.delete("one")

    assert [await store.get("one"), await store.get("two")] == ["fixed", "fixed"]
    assert store.key_name("One") == "One"


async def test_the_settings_say_which_store_it_is() -> None:
    vaulted = api_key_store(ApiKeySettings(key_vault_url="https://vault.example"))
    fixed = api_key_store(ApiKeySettings(fixed_key="k"))

    assert (vaulted.secured, fixed.secured) == (True, False)
    assert await fixed.get("any") == "k"

"""A vault for each test, and stores that talk to it."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from shared.adapters.api_keys import KeyVaultApiKeys
from tests.keyvault.vault import Vault, VaultCredential

NewStore = Callable[..., KeyVaultApiKeys]


@pytest.fixture
async def vault(tmp_path: Path) -> AsyncIterator[Vault]:
    async with Vault(tmp_path) as running:
        yield running


@pytest.fixture
async def new_store(vault: Vault) -> AsyncIterator[NewStore]:
    """Makes stores: each is what another instance of the app would have."""
    async with AsyncExitStack() as stores:

        def make(credential: VaultCredential | None = None) -> KeyVaultApiKeys:
            store = KeyVaultApiKeys(
                vault.url,
                credential or VaultCredential(),
                connection_verify=str(vault.ca_file),
                verify_challenge_resource=False,
            )
            stores.push_async_callback(store.close)
            return store

        yield make


@pytest.fixture
def store(new_store: NewStore) -> KeyVaultApiKeys:
    return new_store()

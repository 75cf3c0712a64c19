"""API keys of assistant services: in Key Vault, or one fixed key for local work."""

import asyncio
import hashlib
import re
import secrets
from typing import TYPE_CHECKING, Any, Protocol

from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from cachetools import TTLCache

from shared.adapters.identity import azure_credential
from shared.adapters.storage_errors import storage_errors
from shared.errors import AppError, DependencyUnavailable
from shared.settings import ApiKeySettings

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential
    from azure.keyvault.secrets.aio import SecretClient

CACHE_SECONDS = 60
RECHECK_SECONDS = 5
CACHED_KEYS = 500
MAX_NAME_LENGTH = 127

RECOVERY_SECONDS = 10
"""How long a request waits until a secret is deleted or recovered."""

_CLIENT_OPTIONS = {
    "connection_timeout": 5,
    "read_timeout": 10,
    "retry_connect": 1,
    "retry_read": 1,
    "retry_status": 0,
}
"""Few retries: a caller who is told when to come back is better off than one who waits."""


class ApiKeyStore(Protocol):
    """Where keys are kept, by the name that `key_name` makes of a service id."""

    secured: bool

    def key_name(self, assistant_service_id: str) -> str:
        """The name of a service's key."""
        ...

    async def get(self, name: str) -> str | None:
        """The key, or None where there is none."""
        ...

    def remembered(self, name: str) -> str | None:
        """The key as this process saw it a minute ago at most, or None."""
        ...

    async def recheck(self, name: str) -> str | None:
        """The key as it was five seconds ago at most, or None where there is none."""
        ...

    async def reset(self, name: str) -> str:
        """Make and keep a new key."""
        ...

    async def delete(self, name: str) -> None:
        """Remove a key; removing one that isn't there changes nothing."""
        ...

    async def close(self) -> None:
        """Close the store's connections."""
        ...


class FixedApiKeys:
    """The same key for every service: for local work, never for production."""

    secured = False

    def __init__(self, key: str) -> None:
        self._key = key

    def key_name(self, assistant_service_id: str) -> str:
        """The service id itself, as the reference names it."""
        return assistant_service_id

    async def get(self, name: str) -> str | None:  # noqa: ARG002
        """The fixed key, whatever the name."""
        return self._key

    def remembered(self, name: str) -> str | None:  # noqa: ARG002
        """The fixed key, whatever the name."""
        return self._key

    async def recheck(self, name: str) -> str | None:  # noqa: ARG002
        """The fixed key, whatever the name."""
        return self._key

    async def reset(self, name: str) -> str:  # noqa: ARG002
        """The fixed key: it can't be changed here."""
        return self._key

    async def delete(self, name: str) -> None:
        """Nothing: the key is everybody's."""

    async def close(self) -> None:
        """Nothing: there is no connection."""


class KeyVaultApiKeys:
    """One secret for each service, read through a small cache with a short life."""

    secured = True

    def __init__(
        self,
        vault_url: str,
        credential: "AsyncTokenCredential | None" = None,
        **client_options: Any,
    ) -> None:
        self._vault_url = vault_url
        self._credential = credential
        self._client_options = client_options
        self._client: SecretClient | None = None
        self._cache = TTLCache[str, str, float](CACHED_KEYS, CACHE_SECONDS)
        self._rechecks = TTLCache[str, asyncio.Future[str | None], float](
            CACHED_KEYS, RECHECK_SECONDS
        )

    def key_name(self, assistant_service_id: str) -> str:
        """A readable, unique secret name: letters, digits and hyphens, at most 127."""
        digest = hashlib.sha256(assistant_service_id.encode()).hexdigest()
        prefix = "api-key-"
        room = MAX_NAME_LENGTH - len(prefix) - len(digest) - 1
        label = re.sub(r"[^a-z0-9-]", "-", assistant_service_id.lower())[:room]
        return f"{prefix}{label}-{digest}"

    async def get(self, name: str) -> str | None:
        """The key; a change made elsewhere is seen after at most a minute.

        A secret that is empty or that an operator has disabled is no key.
        """
        return self.remembered(name) or await self._read(name)

    def remembered(self, name: str) -> str | None:
        """The key as this process saw it a minute ago at most, or None."""
        return self._cache.get(name)

    async def recheck(self, name: str) -> str | None:
        """The key as it was five seconds ago at most, so that guesses cost few requests."""
        reading = self._rechecks.get(name)
        if reading is None:
            reading = self._rechecks[name] = asyncio.ensure_future(self._read(name))
        try:
            return await asyncio.shield(reading)
        except AppError:
            self._rechecks.pop(name, None)
            raise

    async def _read(self, name: str) -> str | None:
        key = await self._secret(name)
        if key:
            self._cache[name] = key
            return key
        self._cache.pop(name, None)
        return None

    async def _secret(self, name: str) -> str | None:
        with storage_errors():
            try:
                return (await self._secrets().get_secret(name)).value
            except ResourceNotFoundError:
                return None
            except HttpResponseError as error:
                if _is_disabled(error):
                    return None
                raise

    async def reset(self, name: str) -> str:
        """Make and keep a new key, over a deleted one of the same name if need be."""
        key = secrets.token_urlsafe(32)
        with storage_errors():
            try:
                await self._secrets().set_secret(name, key)
            except ResourceExistsError:
                await self._set_over_deleted(name, key)
        self._cache[name] = key
        self._rechecks.pop(name, None)
        return key

    async def delete(self, name: str) -> None:
        """Delete the secret; a soft-deleted one comes back when the key is made anew."""
        self._cache.pop(name, None)
        self._rechecks.pop(name, None)
        with storage_errors():
            try:
                async with asyncio.timeout(RECOVERY_SECONDS):
                    await self._secrets().delete_secret(name)
            except (ResourceNotFoundError, ResourceExistsError):
                return  # it is gone, or going
            except TimeoutError as error:
                raise _busy() from error

    async def close(self) -> None:
        """Close the client's connections."""
        if self._client is not None:
            await self._client.close()

    async def _set_over_deleted(self, name: str, key: str) -> None:
        """Bring a soft-deleted secret back, so that it can be overwritten.

        Recovering works with purge protection on, where purging doesn't.
        """
        try:
            async with asyncio.timeout(RECOVERY_SECONDS):
                await self._recover(name)
            await self._secrets().set_secret(name, key)
        except (ResourceExistsError, TimeoutError) as error:
            raise _busy() from error

    async def _recover(self, name: str) -> None:
        try:
            await self._secrets().recover_deleted_secret(name)
        except ResourceNotFoundError:
            return  # somebody else has recovered it

    def _secrets(self) -> "SecretClient":
        if self._client is None:
            from azure.keyvault.secrets.aio import SecretClient

            self._client = SecretClient(
                self._vault_url,
                self._credential or azure_credential(),
                **(_CLIENT_OPTIONS | self._client_options),
            )
        return self._client


def _is_disabled(error: HttpResponseError) -> bool:
    inner = error.error.innererror if error.error else None
    return error.status_code == 403 and (inner or {}).get("code") == "SecretDisabled"


def _busy() -> DependencyUnavailable:
    return DependencyUnavailable("The key is being deleted or recovered; try again", retry_after=5)


def api_key_store(settings: ApiKeySettings) -> ApiKeyStore:
    """The store that the settings ask for."""
    if settings.key_vault_url is not None:
        return KeyVaultApiKeys(settings.key_vault_url)
    return FixedApiKeys(settings.fixed_key)

"""Blob Storage: bytes of files and archives, streamed, and addresses for direct transfer."""

import asyncio
import io
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import IO, TYPE_CHECKING

from azure.core.exceptions import ResourceNotFoundError

from shared import clock
from shared.adapters.identity import azure_credential
from shared.adapters.lazy import Lazy
from shared.adapters.storage_errors import storage_errors
from shared.adapters.transport import azure_transport
from shared.errors import DependencyUnavailable, NotFound
from shared.settings import StorageSettings

if TYPE_CHECKING:
    from azure.storage.blob import UserDelegationKey
    from azure.storage.blob.aio import BlobClient, BlobServiceClient

CLOCK_SKEW = timedelta(minutes=5)
BLOCK_BYTES = 4 * 1024 * 1024
COPY_SECONDS = 200
"""How long a copy inside the account may take: shorter than Azure lets a request take."""

READ = "r"
CREATE_AND_WRITE = "cw"
"""Permissions of addresses, as they stand in them."""

UPLOAD_HEADERS = {"x-ms-blob-type": "BlockBlob"}
"""What must be sent with the bytes to an address for writing."""

DELEGATION_LIFETIME = timedelta(hours=12)


@dataclass(frozen=True)
class Served:
    """The headers with which an address answers, whatever the blob itself says."""

    content_type: str
    content_disposition: str


@dataclass(frozen=True)
class _Delegation:
    """A key of the managed identity that signs addresses until it expires."""

    key: "UserDelegationKey"
    expires: datetime


class Blobs:
    """Blobs of the application's own containers, by container and name."""

    def __init__(self, settings: StorageSettings) -> None:
        self._settings = settings
        self._service = Lazy(self._connect)
        self._delegation: _Delegation | None = None

    async def upload(
        self, container: str, name: str, data: bytes | IO[bytes], content_type: str
    ) -> None:
        """Store bytes, or a file read block by block, under a name that is not taken yet."""
        from azure.storage.blob import ContentSettings

        blob = await self._blob(container, name)
        with storage_errors():
            await blob.upload_blob(
                data,
                overwrite=True,
                max_concurrency=2,
                content_settings=ContentSettings(content_type=content_type),
            )

    async def download(
        self, container: str, name: str, offset: int | None = None, length: int | None = None
    ) -> bytes:
        """The bytes of a blob, or a range of them, once in memory; raises NotFound."""
        blob = await self._blob(container, name)
        buffer = io.BytesIO()
        with storage_errors():
            try:
                stream = await blob.download_blob(offset=offset, length=length)
                await stream.readinto(buffer)
            except ResourceNotFoundError as error:
                raise NotFound from error
        return buffer.getvalue()

    async def chunks(self, container: str, name: str) -> AsyncIterator[bytes]:
        """The bytes of a blob, a few megabytes at a time; raises NotFound."""
        blob = await self._blob(container, name)
        with storage_errors():
            try:
                stream = await blob.download_blob(max_concurrency=1)
                async for chunk in stream.chunks():
                    yield chunk
            except ResourceNotFoundError as error:
                raise NotFound from error

    async def size(self, container: str, name: str) -> int | None:
        """The size of a blob in bytes, or None if there is none."""
        blob = await self._blob(container, name)
        with storage_errors():
            try:
                return (await blob.get_blob_properties()).size
            except ResourceNotFoundError:
                return None

    async def copy(self, container: str, source: str, to_container: str, target: str) -> None:
        """Copy a blob, however large, inside the account; its bytes don't pass through here.

        Raises NotFound, DependencyUnavailable if it takes too long.
        """
        address = await self.read_address(container, source, timedelta(hours=1))
        blob = await self._blob(to_container, target)
        with storage_errors():
            try:
                # Without `requires_sync`, which is for 256 MB at most.
                status = (await blob.start_copy_from_url(address))["copy_status"]
            except ResourceNotFoundError as error:
                raise NotFound from error
            if status != "success":
                await _copied(blob)

    async def set_content_type(self, container: str, name: str, content_type: str) -> None:
        """Have a blob's headers say this type and nothing else; raises NotFound."""
        from azure.storage.blob import ContentSettings

        blob = await self._blob(container, name)
        with storage_errors():
            try:
                await blob.set_http_headers(ContentSettings(content_type=content_type))
            except ResourceNotFoundError as error:
                raise NotFound from error

    async def delete(self, container: str, name: str) -> None:
        """Remove a blob; removing one that isn't there changes nothing."""
        blob = await self._blob(container, name)
        with storage_errors():
            try:
                await blob.delete_blob()
            except ResourceNotFoundError:
                return

    async def delete_all(self, container: str, prefix: str, limit: int) -> bool:
        """Remove up to `limit` blobs whose names begin with the prefix; whether none is left."""
        names = [name async for name in self._names(container, prefix, limit)]
        for name in names:
            await self.delete(container, name)
        return len(names) < limit

    async def read_address(
        self, container: str, name: str, lifetime: timedelta, served: Served | None = None
    ) -> str:
        """A short-lived address from which this one blob can be read."""
        return await self._address(container, name, READ, lifetime, served)

    async def write_address(self, container: str, name: str, lifetime: timedelta) -> str:
        """A short-lived address to which this one blob can be written, and nothing else."""
        return await self._address(container, name, CREATE_AND_WRITE, lifetime)

    async def close(self) -> None:
        """Close the client's connections."""
        if self._service.existing is not None:
            await self._service.existing.close()

    async def _names(self, container: str, prefix: str, limit: int) -> AsyncIterator[str]:
        service = await self._service.get()
        found = 0
        with storage_errors():
            blobs = service.get_container_client(container).list_blobs(name_starts_with=prefix)
            async for blob in blobs:
                yield blob.name
                found += 1
                if found == limit:
                    return

    async def _address(
        self,
        container: str,
        name: str,
        permissions: str,
        lifetime: timedelta,
        served: Served | None = None,
    ) -> str:
        """Signed with the account key where there is one, else by user delegation."""
        from azure.storage.blob import generate_blob_sas

        service = await self._service.get()
        key = getattr(service.credential, "account_key", None)
        signature = generate_blob_sas(
            account_name=str(service.account_name),
            container_name=container,
            blob_name=name,
            account_key=key,
            user_delegation_key=None if key else await self._delegation_key(service, lifetime),
            permission=permissions,
            start=clock.now() - CLOCK_SKEW,
            expiry=clock.now() + lifetime,
            content_type=served.content_type if served else None,
            content_disposition=served.content_disposition if served else None,
        )
        blob = await self._blob(container, name)
        return f"{blob.url}?{signature}"

    async def _delegation_key(
        self, service: "BlobServiceClient", lifetime: timedelta
    ) -> "UserDelegationKey":
        """A key that outlives an address; asked for anew when the one in use no longer does."""
        now = clock.now()
        if self._delegation is None or self._delegation.expires < now + lifetime:
            expires = now + lifetime + DELEGATION_LIFETIME
            with storage_errors():
                key = await service.get_user_delegation_key(now - CLOCK_SKEW, expires)
            self._delegation = _Delegation(key, expires)
        return self._delegation.key

    async def _blob(self, container: str, name: str) -> "BlobClient":
        return (await self._service.get()).get_blob_client(container, name)

    async def _connect(self) -> "BlobServiceClient":
        from azure.storage.blob.aio import BlobServiceClient

        options = {
            "transport": azure_transport(),
            "max_block_size": BLOCK_BYTES,
            "max_single_put_size": BLOCK_BYTES,
            "max_chunk_get_size": BLOCK_BYTES,
            "max_single_get_size": BLOCK_BYTES,
        }
        if self._settings.connection_string:
            return BlobServiceClient.from_connection_string(
                self._settings.connection_string, **options
            )
        return BlobServiceClient(
            str(self._settings.blob_service_uri), credential=azure_credential(), **options
        )


async def _copied(blob: "BlobClient") -> None:
    """Wait for a copy under way; raises DependencyUnavailable."""
    pause = 0.1
    try:
        async with asyncio.timeout(COPY_SECONDS):
            while (status := (await blob.get_blob_properties()).copy.status) == "pending":
                await asyncio.sleep(pause)
                pause = min(2.0, pause * 2)
    except TimeoutError as error:
        raise DependencyUnavailable("Copying the bytes takes too long; try again") from error
    if status != "success":
        raise DependencyUnavailable("The bytes could not be copied; try again")

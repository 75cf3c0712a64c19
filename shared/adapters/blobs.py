"""Blob Storage: bytes of files and archives, streamed, and addresses for direct transfer."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import IO

from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob import BlobSasPermissions, ContentSettings, generate_blob_sas
from azure.storage.blob.aio import BlobClient, BlobServiceClient

from shared import clock
from shared.adapters.identity import azure_credential
from shared.adapters.lazy import Lazy
from shared.adapters.storage_errors import storage_errors
from shared.adapters.transport import azure_transport
from shared.errors import NotFound
from shared.settings import StorageSettings

CLOCK_SKEW = timedelta(minutes=5)
BLOCK_BYTES = 4 * 1024 * 1024


class Blobs:
    """Blobs of the application's own containers, by container and name."""

    def __init__(self, settings: StorageSettings) -> None:
        self._settings = settings
        self._service = Lazy(self._connect)

    async def upload(
        self, container: str, name: str, data: bytes | IO[bytes], content_type: str
    ) -> None:
        """Store bytes, or a file read block by block, under a name that is not taken yet."""
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
        """The bytes of a blob, or a range of them; raises NotFound."""
        blob = await self._blob(container, name)
        with storage_errors():
            try:
                stream = await blob.download_blob(offset=offset, length=length)
                return await stream.readall()
            except ResourceNotFoundError as error:
                raise NotFound from error

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
        """Copy a blob inside the account without its bytes passing through here."""
        address = await self.read_address(container, source, timedelta(hours=1))
        blob = await self._blob(to_container, target)
        with storage_errors():
            try:
                await blob.start_copy_from_url(address, requires_sync=True)
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

    async def read_address(self, container: str, name: str, lifetime: timedelta) -> str:
        """A short-lived address from which this one blob can be read."""
        return await self._address(container, name, BlobSasPermissions(read=True), lifetime)

    async def write_address(self, container: str, name: str, lifetime: timedelta) -> str:
        """A short-lived address to which this one blob can be written, and nothing else."""
        permissions = BlobSasPermissions(create=True, write=True)
        return await self._address(container, name, permissions, lifetime)

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
        self, container: str, name: str, permissions: BlobSasPermissions, lifetime: timedelta
    ) -> str:
        """Signed with the account key where there is one, else by user delegation."""
        service = await self._service.get()
        start, expiry = clock.now() - CLOCK_SKEW, clock.now() + lifetime
        key = getattr(service.credential, "account_key", None)
        delegation = None
        if key is None:
            with storage_errors():
                delegation = await service.get_user_delegation_key(start, expiry)
        signature = generate_blob_sas(
            account_name=str(service.account_name),
            container_name=container,
            blob_name=name,
            account_key=key,
            user_delegation_key=delegation,
            permission=permissions,
            start=start,
            expiry=expiry,
        )
        blob = await self._blob(container, name)
        return f"{blob.url}?{signature}"

    async def _blob(self, container: str, name: str) -> BlobClient:
        return (await self._service.get()).get_blob_client(container, name)

    async def _connect(self) -> BlobServiceClient:
        options = {
            "transport": azure_transport(),
            "max_block_size": BLOCK_BYTES,
            "max_single_put_size": BLOCK_BYTES,
            "max_chunk_get_size": BLOCK_BYTES,
        }
        if self._settings.connection_string:
            return BlobServiceClient.from_connection_string(
                self._settings.connection_string, **options
            )
        return BlobServiceClient(
            str(self._settings.blob_service_uri), credential=azure_credential(), **options
        )

"""Uploads beyond a request: an address to send the bytes to, and a second call to commit them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from shared import clock, resources
from shared.adapters.blobs import UPLOAD_HEADERS, Blobs
from shared.adapters.cosmos.conversations import ConversationRepository
from shared.adapters.cosmos.files import FileRepository
from shared.contracts.files import File as FileView
from shared.contracts.files import FileUpload, NewFileUpload
from shared.domain.conversation import Conversation
from shared.domain.file_changes import SaveFiles, StoredBytes, already_committed
from shared.domain.files import (
    MAX_METADATA_LENGTH,
    File,
    PendingUpload,
    blob_name,
    check_name,
    file_view,
)
from shared.domain.merging import bounded
from shared.domain.principals import Actor, participant_id
from shared.errors import Conflict, NotFound, TooLarge
from shared.services.changes import Changes
from shared.services.file_cleanup import FileCleanup, FileCleanups
from shared.services.file_saving import Saving, admit_writer
from shared.settings import FileSettings


class FileUploads:
    """Use cases around files that are too large for a request."""

    def __init__(
        self,
        conversations: ConversationRepository,
        files: FileRepository,
        blobs: Blobs,
        cleanups: FileCleanups,
        changes: Changes,
        settings: FileSettings,
    ) -> None:
        self._conversations = conversations
        self._files = files
        self._blobs = blobs
        self._cleanups = cleanups
        self._changes = changes
        self._settings = settings

    async def begin(self, actor: Actor, conversation_id: UUID, new: NewFileUpload) -> FileUpload:
        """An address for the bytes of one file; what is never committed is removed."""
        check_name(new.filename)
        self._check_size(new.file_size or 0)
        await admit_writer(self._conversations, actor, conversation_id)
        lifetime = timedelta(seconds=self._settings.upload_seconds)
        upload = PendingUpload(
            conversation_id=conversation_id,
            upload_id=clock.new_uuid(),
            participant_id=participant_id(actor),
            filename=new.filename,
            content_type=new.content_type,
            metadata=bounded(new.metadata, MAX_METADATA_LENGTH),
            size=new.file_size,
            expires=clock.now() + lifetime,
        )
        await self._cleanups.later(_transfer_cleanup(upload), self._settings.upload_seconds)
        await self._files.add_pending(upload, self._settings.upload_seconds)
        address = await self._blobs.write_address(
            resources.TRANSFERS_BLOB_CONTAINER, _transfer_name(upload), lifetime
        )
        return FileUpload(
            upload_id=upload.upload_id,
            url=address,
            expires_at=upload.expires,
            headers=UPLOAD_HEADERS,
        )

    async def commit(self, actor: Actor, conversation_id: UUID, upload_id: UUID) -> FileView:
        """Make uploaded bytes a version of their file; doing it again changes nothing."""
        conversation = await admit_writer(self._conversations, actor, conversation_id)
        upload = await self._files.get_pending(conversation_id, upload_id)
        if upload.participant_id != participant_id(actor) or upload.expires < clock.now():
            raise NotFound
        known = await self._files.get_many(conversation_id, [upload.filename])
        committed = _committed(upload, known)
        if committed:
            return committed
        try:
            return await self._save(actor, conversation, upload, known)
        except (NotFound, Conflict):
            # Perhaps the bytes are gone because another call has committed them meanwhile.
            upload = await self._files.get_pending(conversation_id, upload_id)
            known = await self._files.get_many(conversation_id, [upload.filename])
            committed = _committed(upload, known)
            if committed is None:
                raise
            return committed

    async def _save(
        self,
        actor: Actor,
        conversation: Conversation,
        upload: PendingUpload,
        known: Mapping[str, File],
    ) -> FileView:
        await self._check_transfer(upload)
        conversation_id = conversation.conversation_id
        blob = _blob_for(upload, known.get(upload.filename))
        cleanup = FileCleanup(conversation_id=conversation_id, files={upload.filename: [blob]})
        async with self._cleanups.guarding(cleanup):
            stored = await self._take(upload, blob)
            saving = Saving(actor, [stored], self._files, known, conversation.last_sequence)
            (saved,) = await self._changes.apply_prepared(
                conversation_id, _Committing(saving, upload)
            )
        self._cleanups.now(_transfer_cleanup(upload))
        return saved

    async def _check_transfer(self, upload: PendingUpload) -> None:
        size = await self._blobs.size(resources.TRANSFERS_BLOB_CONTAINER, _transfer_name(upload))
        if size is None:
            raise Conflict("Nothing has been uploaded yet")
        self._check_size(size)

    async def _take(self, upload: PendingUpload, blob: str) -> StoredBytes:
        """Copy the bytes to where nobody can change them, and see what they are."""
        container = resources.FILES_BLOB_CONTAINER
        await self._blobs.copy(
            resources.TRANSFERS_BLOB_CONTAINER, _transfer_name(upload), container, blob
        )
        await self._blobs.set_content_type(container, blob, upload.content_type)
        size = await self._blobs.size(container, blob)
        if size is None:
            raise NotFound
        self._check_size(size)
        if upload.size not in (None, size):
            raise Conflict(f"{upload.size} bytes were announced, {size} were uploaded")
        return StoredBytes(
            filename=upload.filename,
            content_type=upload.content_type,
            size=size,
            metadata=upload.metadata,
            file_id=UUID(blob.split("/")[1]),
            blob=blob,
            upload_id=upload.upload_id,
        )

    def _check_size(self, size: int) -> None:
        limit = self._settings.max_upload_bytes
        if size > limit:
            raise TooLarge(f"A file may not exceed {limit} bytes")


@dataclass(frozen=True)
class _Committing:
    """Saves an upload that nobody has committed yet: that is an event, too (see Saving)."""

    saving: Saving
    upload: PendingUpload

    async def prepare(self, conversation: Conversation) -> SaveFiles:
        """The command for this state of the conversation; raises NotFound."""
        upload = self.upload
        if conversation.last_sequence != self.saving.as_of:
            upload = await self.saving.files.get_pending(upload.conversation_id, upload.upload_id)
        command = await self.saving.prepare(conversation)
        _committed(upload, command.existing)
        return command


def _committed(upload: PendingUpload, known: Mapping[str, File]) -> FileView | None:
    """The file as the upload left it, if it has been committed already.

    Raises NotFound if that file is gone: an upload becomes a version once.
    """
    file = known.get(upload.filename)
    committed = file and already_committed(file, upload.upload_id)
    if upload.committed and not committed:
        raise NotFound("The file was deleted meanwhile")
    return file_view(committed) if committed else None


def _transfer_name(upload: PendingUpload) -> str:
    return f"{upload.conversation_id}/{upload.upload_id}"


def _transfer_cleanup(upload: PendingUpload) -> FileCleanup:
    return FileCleanup(conversation_id=upload.conversation_id, transfers=[_transfer_name(upload)])


def _blob_for(upload: PendingUpload, file: File | None) -> str:
    """Where the bytes will be; the name tells the upload, so that it becomes a version once."""
    file_id = file.file_id if file else clock.new_uuid()
    version = file.current.version + 1 if file else 1
    unique = f"{upload.upload_id.hex}-{clock.new_hex_id()}"
    return blob_name(upload.conversation_id, file_id, version, unique)

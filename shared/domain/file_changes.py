"""Saving, describing and deleting files: each is one change with its event."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.contracts.events import ConversationEventType
from shared.contracts.files import File as FileView
from shared.contracts.files import FileVersions
from shared.contracts.participants import ParticipantRole
from shared.domain.access import Access, require
from shared.domain.changes import Change, Event
from shared.domain.conversation import Conversation
from shared.domain.events import announce
from shared.domain.files import (
    MAX_METADATA_LENGTH,
    File,
    FileVersion,
    check_record,
    file_view,
    versions_view,
)
from shared.domain.merging import bounded
from shared.domain.principals import Actor, User, participant_id


@dataclass(frozen=True)
class StoredBytes:
    """Bytes that are in their blob and wait for a record; `file_id` is that of a new file.

    `upload_id` is part of the blob's name: bytes of one upload become a version once.
    """

    filename: str
    content_type: str
    size: int
    metadata: dict[str, Any]
    file_id: UUID
    blob: str
    upload_id: UUID | None = None


@dataclass(frozen=True)
class SaveFiles:
    """Add a version to each of some files, all or none; `existing` are those that exist."""

    actor: Actor
    saved: Sequence[StoredBytes]
    existing: Mapping[str, File]
    correlation_id: str

    def apply(self, conversation: Conversation, now: datetime) -> Change[list[FileView]]:
        """The files, each with `file.created` or `file.updated`."""
        require(conversation, self.actor, Access.WRITE, now)
        change: Change[list[FileView]] = Change(conversation, [])
        for saved in self.saved:
            existing = self.existing.get(saved.filename)
            committed = existing and already_committed(existing, saved.upload_id)
            if committed:
                change.result.append(file_view(committed))
                continue
            file = self._with_version(conversation, saved, existing, now)
            check_record(file)
            change.saved_files.append(file)
            if saved.upload_id is not None:
                change.committed_uploads.append(saved.upload_id)
            change.result.append(file_view(file))
            kind = (
                ConversationEventType.FILE_UPDATED
                if existing
                else ConversationEventType.FILE_CREATED
            )
            change.announcements.append(_file_event(kind, file, self.correlation_id, now))
        change.nothing_to_do = not change.saved_files
        return change

    def _with_version(
        self, conversation: Conversation, saved: StoredBytes, existing: File | None, now: datetime
    ) -> File:
        role = ParticipantRole.USER if isinstance(self.actor, User) else ParticipantRole.ASSISTANT
        version = FileVersion(
            version=existing.current.version + 1 if existing else 1,
            content_type=saved.content_type,
            size=saved.size,
            participant_id=participant_id(self.actor),
            participant_role=role,
            metadata=bounded(saved.metadata, MAX_METADATA_LENGTH),
            created=now,
            blob=saved.blob,
        )
        if existing:
            return existing.model_copy(update={"versions": [*existing.versions, version]})
        return File(
            conversation_id=conversation.conversation_id,
            file_id=saved.file_id,
            filename=saved.filename,
            created=now,
            versions=[version],
        )


@dataclass(frozen=True)
class DescribeFile:
    """Merge metadata, at the top level, into that of a file's newest version."""

    actor: Actor
    file: File
    metadata: dict[str, Any]
    correlation_id: str

    def apply(self, conversation: Conversation, now: datetime) -> Change[FileVersions]:
        """The newest version, with `file.updated`."""
        require(conversation, self.actor, Access.WRITE_OR_OWNED, now)
        merged = bounded({**self.file.current.metadata, **self.metadata}, MAX_METADATA_LENGTH)
        newest = self.file.current.model_copy(update={"metadata": merged})
        file = self.file.model_copy(update={"versions": [*self.file.versions[:-1], newest]})
        check_record(file)
        event = _file_event(ConversationEventType.FILE_UPDATED, file, self.correlation_id, now)
        return Change(
            conversation,
            versions_view(file, [newest]),
            announcements=[event],
            saved_files=[file],
        )


@dataclass(frozen=True)
class DeleteFile:
    """Delete a file with all its versions."""

    actor: Actor
    file: File
    correlation_id: str

    def apply(self, conversation: Conversation, now: datetime) -> Change[File]:
        """What was deleted, with `file.deleted`."""
        require(conversation, self.actor, Access.WRITE, now)
        event = _file_event(ConversationEventType.FILE_DELETED, self.file, self.correlation_id, now)
        return Change(conversation, self.file, announcements=[event], deleted_files=[self.file])


def already_committed(file: File, upload_id: UUID | None) -> File | None:
    """The file as an upload left it, if the upload is one of its versions already."""
    if upload_id is None:
        return None
    for index, version in enumerate(file.versions, start=1):
        if upload_id.hex in version.blob:
            return file.model_copy(update={"versions": file.versions[:index]})
    return None


def _file_event(
    kind: ConversationEventType, file: File, correlation_id: str, now: datetime
) -> Event:
    return announce(kind, {"file": file_view(file)}, correlation_id, now)

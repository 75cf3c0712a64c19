"""Files of a conversation and their versions, as stored."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from shared.contracts.participants import ParticipantRole
from shared.domain.conversation import Entity


class FileVersion(Entity):
    """One version; `blob` is the name of the blob that holds its bytes, `size` is in bytes."""

    version: int
    content_type: str
    size: int
    participant_id: str
    participant_role: ParticipantRole
    metadata: dict[str, Any] = Field(default_factory=dict)
    created: datetime
    blob: str


class File(Entity):
    """A file; its versions are in ascending order and there is at least one."""

    conversation_id: UUID
    file_id: UUID
    filename: str
    created: datetime
    versions: list[FileVersion]

    @property
    def current(self) -> FileVersion:
        """The newest version."""
        return self.versions[-1]

    def version(self, number: int | None) -> FileVersion | None:
        """A version by its number, or the newest one; None if there is no such version."""
        if number is None:
            return self.current
        return next((found for found in self.versions if found.version == number), None)


def blob_name(conversation_id: UUID, file_id: UUID, version: int, unique: str) -> str:
    """Where the bytes of a version go: unique, so that two uploads at once don't meet."""
    return f"{conversation_id}/{file_id}/{version}-{unique}"

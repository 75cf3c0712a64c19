"""Files of a conversation and their versions, as the API shows them."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from shared.contracts.base import JsonObject, NaturalNumber, ShortText, WireModel
from shared.contracts.participants import ParticipantRole

ContentType = Annotated[str, Field(max_length=1024, pattern=r"^[\x20-\x7e]*$")]
"""A media type, as a header can carry it; perhaps empty."""


class File(WireModel):
    """A file, with what is known of its newest version; `file_size` is in bytes."""

    conversation_id: UUID
    created_datetime: datetime
    updated_datetime: datetime
    filename: str
    current_version: int
    content_type: str
    file_size: int
    participant_id: str
    participant_role: ParticipantRole
    metadata: JsonObject


class FileList(WireModel):
    """Files in the order of their names, or of an upload."""

    files: list[File]


class FileVersion(WireModel):
    """One version of a file; `file_size` is in bytes."""

    version: int
    content_type: str
    file_size: int
    metadata: JsonObject


class FileVersions(WireModel):
    """A file and versions of it, the oldest first."""

    conversation_id: UUID
    created_datetime: datetime
    filename: str
    current_version: int
    versions: list[FileVersion]


class UpdateFile(WireModel):
    """Metadata to merge, at the top level, into that of the newest version."""

    metadata: JsonObject


class FilesQuery(WireModel):
    """Which files to list: those whose names begin with `prefix` and come after `after`.

    Without a `limit` all of them, or 413 if they are too many for one answer.
    """

    prefix: ShortText = ""
    after: ShortText = ""
    limit: Annotated[int, Field(ge=1, le=1000)] | None = None


class FileQuery(WireModel):
    """Which version to read, and whether an address to read it from will do."""

    version: int | None = None
    redirect: bool = False


class NewFileUpload(WireModel):
    """A file that is going to be uploaded to an address of its own; `file_size` is in bytes."""

    filename: str
    content_type: ContentType = ""
    metadata: JsonObject = Field(default_factory=dict)
    file_size: NaturalNumber | None = None


class FileUpload(WireModel):
    """Where to PUT the bytes until `expires_at`, with the `headers`, before committing them."""

    upload_id: UUID
    url: str
    expires_at: datetime
    headers: dict[str, str]

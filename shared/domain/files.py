"""Files of a conversation and their versions, as stored."""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from shared.contracts.files import File as FileView
from shared.contracts.files import FileVersion as FileVersionView
from shared.contracts.files import FileVersions
from shared.contracts.participants import ParticipantRole
from shared.domain.conversation import Entity
from shared.errors import InvalidArgument, TooLarge

MAX_AT_A_TIME = 10
MAX_NAME_LENGTH = 1024
MAX_METADATA_LENGTH = 64_000
MAX_RECORD_LENGTH = 1_000_000
"""Characters of JSON that a file's record with all its versions may have."""

VERSIONS = "/versions"
"""What a path ends in that asks for the versions of a file."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


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

    @property
    def etag(self) -> str:
        """A strong validator of the bytes: no other version of any file has it."""
        return f'"{hashlib.sha256(self.blob.encode()).hexdigest()[:32]}"'


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


class PendingUpload(Entity):
    """A file that its participant may upload to an address and then commit, once."""

    conversation_id: UUID
    upload_id: UUID
    participant_id: str
    filename: str
    content_type: str
    metadata: dict[str, Any]
    size: int | None
    expires: datetime
    committed: bool = False


@dataclass(frozen=True)
class Reading:
    """What a path may mean: a file by its name, or the versions of one."""

    filename: str
    versions: bool = False


def blob_name(conversation_id: UUID, file_id: UUID, version: int, unique: str) -> str:
    """Where the bytes of a version go: unique, so that two uploads at once don't meet."""
    return f"{conversation_id}/{file_id}/{version}-{unique}"


def check_name(filename: str) -> None:
    """Raises InvalidArgument for a name that no file may have."""
    if not filename:
        raise InvalidArgument("filename is required for all file uploads")
    if len(filename) > MAX_NAME_LENGTH:
        raise InvalidArgument(f"filename may not exceed {MAX_NAME_LENGTH} characters")
    if _CONTROL.search(filename):
        raise InvalidArgument("filename may not hold control characters")
    if filename in (".", ".."):
        raise InvalidArgument("filename may not be . or ..")


def check_names(filenames: Sequence[str]) -> None:
    """Raises InvalidArgument for names, or a number of them, that no upload may have."""
    if len(filenames) > MAX_AT_A_TIME:
        raise InvalidArgument(f"file uploads limited to {MAX_AT_A_TIME} at a time")
    for filename in filenames:
        check_name(filename)
    if len(set(filenames)) < len(filenames):
        raise InvalidArgument("filenames are required to be unique")


def check_record(file: File) -> None:
    """Raises TooLarge where one more version or more metadata would outgrow the record."""
    if len(json.dumps(file.model_dump(mode="json"))) > MAX_RECORD_LENGTH:
        raise TooLarge(
            f"The versions of the file {file.filename} with their metadata exceed"
            f" {MAX_RECORD_LENGTH // 1000} KB: delete it, or use another name"
        )


def names_meant(path: str) -> tuple[str, ...]:
    """The names that the end of a path may stand for, the likeliest first.

    `path` is as the host gives it: everything is decoded but `%2F`. So an encoded slash can't
    be told from a name that holds the text `%2F`: the slash wins where both files exist.
    """
    decoded = path.replace("%2F", "/").replace("%2f", "/")
    return (decoded,) if decoded == path else (decoded, path)


def readings(path: str) -> Sequence[Reading]:
    """What a GET may mean, in the order of precedence: a file of that very name comes first."""
    names = names_meant(path)
    stems = [name.removesuffix(VERSIONS) for name in names if name.endswith(VERSIONS)]
    return [*(Reading(name) for name in names), *(Reading(stem, True) for stem in stems if stem)]


def file_view(file: File) -> FileView:
    """A file with its newest version, as the API shows it."""
    newest = file.current
    return FileView.model_construct(
        conversation_id=file.conversation_id,
        created_datetime=file.created,
        updated_datetime=newest.created,
        filename=file.filename,
        current_version=newest.version,
        content_type=newest.content_type,
        file_size=newest.size,
        participant_id=newest.participant_id,
        participant_role=newest.participant_role,
        metadata=newest.metadata,
    )


def versions_view(file: File, versions: Sequence[FileVersion]) -> FileVersions:
    """A file with some of its versions, as the API shows them."""
    return FileVersions.model_construct(
        conversation_id=file.conversation_id,
        created_datetime=file.created,
        filename=file.filename,
        current_version=file.current.version,
        versions=[
            FileVersionView.model_construct(
                version=version.version,
                content_type=version.content_type,
                file_size=version.size,
                metadata=version.metadata,
            )
            for version in versions
        ],
    )

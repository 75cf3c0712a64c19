"""What an archive holds, as far as it must be known before anything is written.

Messages and debug data are only counted here, and read once more while they are stored.
"""

from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID

from shared.domain.archive_layout import (
    MAX_ENTITIES,
    assistant_entry,
    conversation_entry,
    file_entry,
)
from shared.domain.archive_reading import ArchiveReader
from shared.domain.archive_rows import (
    AssistantParticipantRow,
    AssistantRow,
    ConversationRow,
    DebugRow,
    FileRow,
    FileVersionRow,
    MessageRow,
    Row,
    UserParticipantRow,
)
from shared.domain.files import check_name
from shared.errors import InvalidArgument, TooLarge

KeyT = TypeVar("KeyT")
RowT = TypeVar("RowT")


@dataclass
class ArchiveContents:
    """The records by what they are about; `messages` names each message's conversation."""

    assistants: dict[UUID, AssistantRow] = field(default_factory=dict[UUID, AssistantRow])
    conversations: dict[UUID, ConversationRow] = field(default_factory=dict[UUID, ConversationRow])
    messages: dict[UUID, UUID] = field(default_factory=dict[UUID, UUID])
    debugged: set[UUID] = field(default_factory=set[UUID])
    people: dict[tuple[UUID, str], UserParticipantRow] = field(
        default_factory=dict[tuple[UUID, str], UserParticipantRow]
    )
    members: dict[tuple[UUID, UUID], AssistantParticipantRow] = field(
        default_factory=dict[tuple[UUID, UUID], AssistantParticipantRow]
    )
    files: dict[UUID, FileRow] = field(default_factory=dict[UUID, FileRow])
    versions: dict[tuple[UUID, int], FileVersionRow] = field(
        default_factory=dict[tuple[UUID, int], FileVersionRow]
    )
    _by_file: dict[UUID, list[FileVersionRow]] = field(
        default_factory=dict[UUID, list[FileVersionRow]]
    )

    def versions_of(self, file_id: UUID) -> list[FileVersionRow]:
        """The versions of a file in ascending order; for after `finish`."""
        return self._by_file.get(file_id, [])

    def entry_of(self, version: FileVersionRow) -> str:
        """Where the bytes of a version are."""
        conversation_id = self.files[version.file_id].conversation_id
        return file_entry(conversation_id, version.storage_filename)

    def finish(self) -> None:
        """Check everything that needs more than one record; raises InvalidArgument, TooLarge."""
        for key in sorted(self.versions, key=_number):
            self._by_file.setdefault(key[0], []).append(self.versions[key])
        if len(self.conversations) + len(self.assistants) > MAX_ENTITIES:
            raise TooLarge(
                f"An archive may not hold more than {MAX_ENTITIES} conversations and assistants"
            )
        self._check_references()
        self._check_files()

    def add(self, row: Row) -> None:
        """Take in one record; raises InvalidArgument if there is one of the same key already."""
        match row:
            case AssistantRow():
                _put(self.assistants, row.assistant_id, row)
            case ConversationRow():
                _put(self.conversations, row.conversation_id, row)
            case MessageRow():
                _put(self.messages, row.message_id, row.conversation_id)
            case DebugRow():
                if row.message_id in self.debugged:
                    raise _twice(row.message_id)
                self.debugged.add(row.message_id)
            case UserParticipantRow():
                _put(self.people, (row.conversation_id, row.user_id), row)
            case AssistantParticipantRow():
                _put(self.members, (row.conversation_id, row.assistant_id), row)
            case FileRow():
                check_name(row.filename)
                _put(self.files, row.file_id, row)
            case FileVersionRow():
                _put(self.versions, (row.file_id, row.version), row)
            case _:
                raise TypeError(type(row).__name__)

    def _check_references(self) -> None:
        named = {
            *self.messages.values(),
            *(conversation_id for conversation_id, _ in (*self.people, *self.members)),
            *(file.conversation_id for file in self.files.values()),
        }
        for conversation_id in named - self.conversations.keys():
            raise InvalidArgument(f"conversation_id {conversation_id} is not found")
        for message_id in self.debugged - self.messages.keys():
            raise InvalidArgument(f"message_id {message_id} is not found")
        for file_id in self._by_file.keys() - self.files.keys():
            raise InvalidArgument(f"file_id {file_id} is not found")

    def _check_files(self) -> None:
        names = {(file.conversation_id, file.filename) for file in self.files.values()}
        if len(names) < len(self.files):
            raise InvalidArgument("The archive holds two files of one name in a conversation")
        for file_id in self.files.keys() - self._by_file.keys():
            raise InvalidArgument(f"file_id {file_id} has no version")
        entries = {self.entry_of(version) for version in self.versions.values()}
        if len(entries) < len(self.versions):
            # Each version is stored on its own: a few bytes could become terabytes.
            raise InvalidArgument("The archive holds two versions with one storage_filename")


def read_contents(archive: ArchiveReader) -> ArchiveContents:
    """Read and check all records of an archive; blocks, for seconds if it is large."""
    contents = ArchiveContents()
    for row, _ in archive.rows():
        contents.add(row)
    contents.finish()
    for entry in _needed_entries(contents):
        if not archive.holds(entry):
            raise InvalidArgument(f"The archive holds no {entry}")
    return contents


def _needed_entries(contents: ArchiveContents) -> list[str]:
    """Inactive assistants may have nothing to say of a conversation any more."""
    return [
        *(assistant_entry(assistant_id) for assistant_id in contents.assistants),
        *(
            conversation_entry(member.assistant_id, member.conversation_id)
            for member in contents.members.values()
            if member.active_participant and member.assistant_id in contents.assistants
        ),
        *(contents.entry_of(version) for version in contents.versions.values()),
    ]


def _put(records: dict[KeyT, RowT], key: KeyT, row: RowT) -> None:
    if key in records:
        raise _twice(key)
    records[key] = row


def _twice(key: object) -> InvalidArgument:
    shown = key[-1] if isinstance(key, tuple) else key
    return InvalidArgument(f"The archive holds two records of {shown}")


def _number(key: tuple[UUID, int]) -> int:
    return key[1]

"""Records of an archive as what is stored: new ids, and references that follow them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from shared import clock
from shared.contracts.messages import MessageSender
from shared.contracts.participants import ConversationPermission, ParticipantRole
from shared.domain.archive_contents import ArchiveContents
from shared.domain.archive_rows import (
    AssistantParticipantRow,
    ConversationRow,
    DebugRow,
    FileRow,
    FileVersionRow,
    MessageRow,
    UserParticipantRow,
)
from shared.domain.changes import MessageDebug
from shared.domain.conversation import Conversation, Message, Participant
from shared.domain.files import File, FileVersion, blob_name, check_record
from shared.domain.identifiers import uuid_or_none
from shared.domain.merging import bounded
from shared.domain.titles import MAX_METADATA
from shared.errors import TooLarge

UNKNOWN_USER = "unknown imported user"
"""The name of somebody who is in an archive and whom nobody has seen here (the original's)."""

MAX_AGGREGATE = 1_000_000
"""Characters of JSON: what is left is for the events that show all participants."""


@dataclass(frozen=True)
class Face:
    """How a person or an assistant is shown here; `service_id` is an assistant's."""

    name: str
    image: str | None
    name_version: int = 0
    service_user: bool = False
    service_id: str | None = None


@dataclass
class NewIds:
    """The ids here of what is in an archive; assistants may be ones that were here before."""

    conversations: dict[UUID, UUID]
    assistants: dict[UUID, UUID]
    messages: dict[UUID, UUID] = field(default_factory=dict[UUID, UUID])
    debugged: frozenset[UUID] = frozenset()

    @staticmethod
    def of(contents: ArchiveContents, assistants: dict[UUID, UUID]) -> "NewIds":
        """New ids for everything but the assistants."""
        return NewIds(
            conversations={known: clock.new_uuid() for known in contents.conversations},
            assistants=assistants,
            messages={known: clock.new_uuid() for known in contents.messages},
            debugged=frozenset(contents.debugged),
        )

    def participant(self, role: ParticipantRole, participant_id: str) -> str:
        """The id of a participant: assistants have new ones."""
        if role is not ParticipantRole.ASSISTANT:
            return participant_id
        known = uuid_or_none(participant_id)
        return str(self.assistants.get(known, participant_id)) if known else participant_id


def imported_conversation(
    row: ConversationRow, conversation_id: UUID, owner_id: str, title: str, now: datetime
) -> Conversation:
    """A conversation without participants and messages yet."""
    return Conversation(
        conversation_id=conversation_id,
        title=title,
        owner_id=owner_id,
        metadata=bounded(row.meta_data, MAX_METADATA),
        imported_from_conversation_id=row.conversation_id,
        created=now,
    )


def imported_person(row: UserParticipantRow, face: Face) -> Participant:
    """Somebody who was in a conversation: inactive, whatever they were there."""
    return Participant(
        id=row.user_id,
        role=ParticipantRole.SERVICE if face.service_user else ParticipantRole.USER,
        name=face.name,
        image=face.image,
        name_version=face.name_version,
        status_updated=row.status_updated_datetime,
        active=False,
        permission=row.conversation_permission,
        metadata=row.meta_data,
        joined=row.joined_datetime,
    )


def imported_assistant(
    row: AssistantParticipantRow, new_id: UUID | None, face: Face
) -> Participant:
    """An assistant of the archive by its id here, or an inactive one that isn't part of it."""
    return Participant(
        id=str(new_id or row.assistant_id),
        role=ParticipantRole.ASSISTANT,
        name=face.name,
        image=face.image,
        name_version=face.name_version,
        status_updated=row.status_updated_datetime,
        active=row.active_participant and new_id is not None,
        metadata=row.meta_data,
        joined=row.joined_datetime,
        assistant_service_id=face.service_id,
    )


def admit_importer(
    conversation: Conversation, user_id: str, face: Face, now: datetime
) -> Participant:
    """The importer takes part, active and with every right."""
    participant = conversation.participants.get(user_id) or Participant(
        id=user_id,
        role=ParticipantRole.USER,
        name=face.name,
        image=face.image,
        name_version=face.name_version,
        status_updated=now,
        joined=now,
    )
    participant.active = True
    participant.permission = ConversationPermission.READ_WRITE
    conversation.participants[user_id] = participant
    return participant


def check_aggregate(conversation: Conversation) -> None:
    """Raises TooLarge where a conversation has too much about its participants."""
    if len(conversation.model_dump_json()) > MAX_AGGREGATE:
        raise TooLarge(f"The participants of a conversation exceed {MAX_AGGREGATE // 1000} KB")


def imported_message(row: MessageRow, ids: NewIds, conversation: Conversation) -> Message:
    """A message as the next one of its conversation, which remembers it."""
    message_id = ids.messages[row.message_id]
    conversation.last_sequence += 1
    message = Message(
        message_id=message_id,
        conversation_id=conversation.conversation_id,
        sequence=conversation.last_sequence,
        event_id=clock.new_hex_id(),
        correlation_id="",
        sender=MessageSender(
            participant_role=row.sender_participant_role,
            participant_id=ids.participant(row.sender_participant_role, row.sender_participant_id),
        ),
        message_type=row.message_type,
        timestamp=row.created_datetime,
        content_type=row.content_type,
        content=row.content,
        filenames=row.filenames,
        metadata=row.meta_data,
        has_debug_data=row.message_id in ids.debugged,
    )
    conversation.remember(message)
    return message


def imported_debug(row: DebugRow, ids: NewIds) -> MessageDebug:
    """The debug data of a message."""
    return MessageDebug(ids.messages[row.message_id], row.data)


def imported_file(
    row: FileRow,
    versions: list[FileVersionRow],
    ids: NewIds,
    sizes: Mapping[int, int],
) -> File:
    """A file with all its versions; `sizes` are the bytes that each one really has.

    Raises TooLarge.
    """
    conversation_id, file_id = ids.conversations[row.conversation_id], clock.new_uuid()
    file = File(
        conversation_id=conversation_id,
        file_id=file_id,
        filename=row.filename,
        created=row.created_datetime,
        versions=[
            FileVersion(
                version=version.version,
                content_type=version.content_type,
                size=sizes[version.version],
                participant_id=ids.participant(version.participant_role, version.participant_id),
                participant_role=version.participant_role,
                metadata=version.meta_data,
                created=version.created_datetime,
                blob=blob_name(conversation_id, file_id, version.version, clock.new_hex_id()),
            )
            for version in versions
        ],
    )
    check_record(file)
    return file

"""What is stored, as records of an archive."""

from uuid import UUID

from shared.contracts.participants import ParticipantRole
from shared.domain.archive_layout import storage_filename
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
from shared.domain.files import File, FileVersion


def conversation_row(conversation: Conversation) -> ConversationRow:
    """The conversation without its participants."""
    return ConversationRow(
        conversation_id=conversation.conversation_id,
        created_datetime=conversation.created,
        owner_id=conversation.owner_id,
        title=conversation.title,
        meta_data=conversation.metadata,
        imported_from_conversation_id=conversation.imported_from_conversation_id,
    )


def message_row(message: Message) -> MessageRow:
    """A message."""
    return MessageRow(
        sequence=message.sequence,
        message_id=message.message_id,
        conversation_id=message.conversation_id,
        created_datetime=message.timestamp,
        sender_participant_id=message.sender.participant_id,
        sender_participant_role=message.sender.participant_role,
        message_type=message.message_type,
        content=message.content,
        content_type=message.content_type,
        meta_data=message.metadata,
        filenames=message.filenames,
    )


def debug_row(debug: MessageDebug) -> DebugRow:
    """The debug data of a message."""
    return DebugRow(message_id=debug.message_id, data=debug.data)


def user_row(conversation_id: UUID, participant: Participant) -> UserParticipantRow:
    """A person in a conversation."""
    return UserParticipantRow(
        conversation_id=conversation_id,
        user_id=participant.id,
        name=participant.name,
        image=participant.image,
        service_user=participant.role is ParticipantRole.SERVICE,
        joined_datetime=participant.joined,
        status=participant.status,
        status_updated_datetime=participant.status_updated,
        active_participant=participant.active,
        meta_data=participant.metadata,
        conversation_permission=participant.permission,
    )


def assistant_row(conversation_id: UUID, participant: Participant) -> AssistantParticipantRow:
    """An assistant in a conversation."""
    return AssistantParticipantRow(
        conversation_id=conversation_id,
        assistant_id=UUID(participant.id),
        name=participant.name,
        image=participant.image,
        joined_datetime=participant.joined,
        status=participant.status,
        status_updated_datetime=participant.status_updated,
        active_participant=participant.active,
        meta_data=participant.metadata,
    )


def file_row(file: File) -> FileRow:
    """A file without its versions."""
    return FileRow(
        file_id=file.file_id,
        conversation_id=file.conversation_id,
        filename=file.filename,
        current_version=file.current.version,
        created_datetime=file.created,
    )


def version_row(file: File, version: FileVersion) -> FileVersionRow:
    """A version of a file."""
    return FileVersionRow(
        file_id=file.file_id,
        version=version.version,
        participant_id=version.participant_id,
        participant_role=version.participant_role,
        created_datetime=version.created,
        meta_data=version.metadata,
        content_type=version.content_type,
        file_size=version.size,
        storage_filename=storage_filename(file.file_id, version.version),
    )

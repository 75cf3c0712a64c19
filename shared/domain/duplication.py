"""A copy of a conversation: what it takes over, and what is its own."""

from datetime import datetime
from uuid import UUID

from shared import clock
from shared.contracts.conversations import NewConversation
from shared.domain.conversation import Conversation, Message, Participant
from shared.domain.files import File, blob_name
from shared.domain.merging import bounded
from shared.domain.principals import Actor, Assistant
from shared.domain.titles import MAX_METADATA

ORIGINAL = "_original_conversation_id"
"""Metadata key: which conversation this is a copy of (the original service's name)."""


def duplicate_of(
    original: Conversation, new: NewConversation, actor: Actor, now: datetime
) -> Conversation:
    """A conversation of the same owner with those who are active; its messages are yet to come.

    Raises TooLarge.
    """
    given = new.title if "title" in new.model_fields_set else ""
    origin = {ORIGINAL: str(original.conversation_id)}
    metadata = {**original.metadata, **new.metadata, **origin}
    return Conversation(
        conversation_id=clock.new_uuid(),
        title=given or f"{original.title} (Copy)",
        owner_id=original.owner_id,
        metadata=bounded(metadata, MAX_METADATA),
        imported_from_conversation_id=original.conversation_id,
        created=now,
        created_by_assistant_id=actor.assistant_id if isinstance(actor, Assistant) else None,
        participants={
            key: _participant(participant)
            for key, participant in original.participants.items()
            if participant.listed and participant.active
        },
    )


def duplicate_message(
    message: Message, copy: Conversation, message_id: UUID, *, has_debug_data: bool
) -> Message:
    """A message as the next one of the copy, which remembers it."""
    copy.last_sequence += 1
    duplicate = message.model_copy(
        update={
            "message_id": message_id,
            "has_debug_data": has_debug_data,
            "conversation_id": copy.conversation_id,
            "sequence": copy.last_sequence,
            "event_id": clock.new_hex_id(),
        }
    )
    copy.remember(duplicate)
    return duplicate


def duplicate_file(file: File, conversation_id: UUID) -> File:
    """A file with all its versions in their order; the bytes are to be copied."""
    file_id = clock.new_uuid()
    versions = [
        version.model_copy(
            update={
                "blob": blob_name(conversation_id, file_id, version.version, clock.new_hex_id())
            }
        )
        for version in file.versions
    ]
    return file.model_copy(
        update={"conversation_id": conversation_id, "file_id": file_id, "versions": versions}
    )


def _participant(participant: Participant) -> Participant:
    """Metadata, and how somebody came here, belong to the original."""
    return participant.model_copy(
        update={"metadata": {}, "joining_until": None, "admission": None}, deep=True
    )

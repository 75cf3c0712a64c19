"""An archive as the original service writes it, with every type of record."""

import hashlib
import uuid
from typing import Any

from tests.api.archive_builders import conversation_record, message_record, pack

SOMEBODY = "11111111-1111-4111-8111-111111111111.22222222-2222-4222-8222-222222222222"
THEN = "2025-01-02T03:04:05.678901"


def original_archive(service_id: str) -> tuple[dict[str, str], bytes]:
    """Every record type as the original service writes it, on SQLite: datetimes without a zone."""
    ids = {name: str(uuid.uuid4()) for name in ("assistant", "cid", "message", "answer", "file")}
    conversation = conversation_record(
        conversation_id=ids["cid"], title="Old", meta_data={"k": [1]}, created_datetime=THEN
    )
    stored = [f"{uuid.UUID(ids['file']).hex}_{number}" for number in (1, 2)]
    rows = [
        _assistant(ids, service_id),
        conversation,
        message_record(
            ids["cid"],
            message_id=ids["message"],
            sequence=71,
            created_datetime=THEN,
            sender_participant_id=SOMEBODY,
            meta_data={"m": 1},
            filenames=["a/ä.txt"],
        ),
        message_record(
            ids["cid"],
            message_id=ids["answer"],
            sequence=72,
            sender_participant_id=ids["assistant"],
            sender_participant_role="assistant",
            message_type="notice",
            content="noticed",
        ),
        ("ConversationMessageDebug", {"message_id": ids["answer"], "data": {"d": 1}}),
        (
            "UserParticipant",
            _participant(ids, user_id=SOMEBODY, service_user=False)
            | {"conversation_permission": "read_write"},
        ),
        ("AssistantParticipant", _participant(ids, assistant_id=ids["assistant"])),
        (
            "File",
            {
                "file_id": ids["file"],
                "conversation_id": ids["cid"],
                "filename": "a/ä.txt",
                "current_version": 2,
                "created_datetime": THEN,
            },
        ),
        *(("FileVersion", _version(ids, number, stored[number - 1])) for number in (1, 2)),
    ]
    entries = {
        f"files/{ids['cid']}/{hashlib.sha256(name.encode()).hexdigest()}": content
        for name, content in zip(stored, (b"one", b"two!"), strict=True)
    }
    base = f"assistants/{ids['assistant']}"
    entries[f"{base}/assistant_data.bin"] = b"assistant data"
    entries[f"{base}/conversations/{ids['cid']}/conversation_data.bin"] = b"conversation data"
    return ids, pack(rows, entries)


def _assistant(ids: dict[str, str], service_id: str) -> tuple[str, dict[str, Any]]:
    return "Assistant", {
        "assistant_id": ids["assistant"],
        "owner_id": "somebody.else",
        "assistant_service_id": service_id,
        "template_id": "default",
        "created_datetime": THEN,
        "imported_from_assistant_id": None,
        "name": "Old hand",
        "image": "data:x",
        "meta_data": {"a": 1},
    }


def _participant(ids: dict[str, str], **fields: Any) -> dict[str, Any]:
    return {
        "conversation_id": ids["cid"],
        "name": "Old name",
        "image": None,
        "joined_datetime": THEN,
        "status": "thinking",
        "status_updated_datetime": THEN,
        "active_participant": True,
        "meta_data": {"p": 1},
        **fields,
    }


def _version(ids: dict[str, str], number: int, stored_as: str) -> dict[str, Any]:
    return {
        "file_id": ids["file"],
        "version": number,
        "participant_id": ids["assistant"],
        "participant_role": "assistant",
        "created_datetime": THEN,
        "meta_data": {"v": number},
        "content_type": "text/plain",
        "file_size": 3,
        "storage_filename": stored_as,
    }

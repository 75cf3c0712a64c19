"""Where things are in an archive, and how large one may be: the original service's layout."""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

RECORDS = "workbench.jsonl"
MAX_ENTRIES = 20_000
MAX_DIRECTORY_BYTES = 4_000_000
"""Of the archive's table of contents, which is read into memory."""

MAX_RATIO = 200
"""How many times as large as the archive its content may be, if it is large."""

LARGE_BYTES = 256 * 1024 * 1024
MAX_LINE_BYTES = 8_000_000
MAX_RECORDS = 200_000
MAX_ENTITIES = 1_000
"""Conversations and assistants together: each is asked after, and made, on its own."""

ASSISTANT_DATA = "assistant_data.bin"
CONVERSATION_DATA = "conversation_data.bin"

_NOT_FOR_NAMES = re.compile(r"[^-\w.]")


@dataclass(frozen=True)
class ArchiveLimits:
    """What is refused, in bytes: of the archive as it comes, and of its content unpacked."""

    archive_bytes: int
    content_bytes: int


def storage_filename(file_id: UUID, version: int) -> str:
    """The name under which the original service stores a version."""
    return f"{file_id.hex}_{version}"


def file_entry(conversation_id: UUID, stored_as: str) -> str:
    """The entry with the bytes of a version that is stored under a name."""
    return f"files/{conversation_id}/{hashlib.sha256(stored_as.encode()).hexdigest()}"


def assistant_entry(assistant_id: UUID) -> str:
    """The entry with what an assistant's service exported of it."""
    return f"assistants/{assistant_id}/{ASSISTANT_DATA}"


def conversation_entry(assistant_id: UUID, conversation_id: UUID) -> str:
    """The entry with what an assistant's service exported of a conversation."""
    return f"assistants/{assistant_id}/conversations/{conversation_id}/{CONVERSATION_DATA}"


def conversations_filename(now: datetime) -> str:
    """The file name of an archive of conversations."""
    return f"semantic_workbench_conversation_export_{_stamp(now)}.zip"


def assistant_filename(name: str, now: datetime) -> str:
    """The file name of an archive of an assistant."""
    plain = _NOT_FOR_NAMES.sub("", name.strip().replace(" ", "_"))
    return f"assistant_{plain}_{_stamp(now)}.zip"


def _stamp(now: datetime) -> str:
    return now.strftime("%Y%m%d%H%M%S")

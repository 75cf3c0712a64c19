"""Archives for tests: read, made by hand, and what of a conversation goes into one."""

import io
import json
import uuid
import zipfile
from collections import defaultdict
from typing import Any

import httpx

from tests.api.builders import answer_of

Rows = dict[str, list[dict[str, Any]]]


class Archive:
    """An archive in memory, by its records and entries."""

    def __init__(self, content: bytes) -> None:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            assert archive.testzip() is None
            self.entries = {
                name: archive.read(name) for name in archive.namelist() if not name.endswith("/")
            }
        self.types: list[str] = []
        self.rows: Rows = defaultdict(list)
        for line in self.entries["workbench.jsonl"].splitlines():
            record = json.loads(line)
            self.types.append(record["type"])
            self.rows[record["type"]].append(record["data"])


def pack(rows: list[tuple[str, dict[str, Any]]], entries: dict[str, bytes] | None = None) -> bytes:
    """An archive of these records and further entries."""
    lines = [json.dumps({"type": kind, "data": data}) + "\n" for kind, data in rows]
    return pack_entries({"workbench.jsonl": "".join(lines).encode(), **(entries or {})})


def pack_entries(entries: dict[str, bytes]) -> bytes:
    """A zip file of these entries."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return target.getvalue()


def conversation_record(**changes: Any) -> tuple[str, dict[str, Any]]:
    """A record of a conversation as the original service writes it."""
    data = {
        "conversation_id": str(uuid.uuid4()),
        "created_datetime": "2025-01-02T03:04:05.678901Z",
        "owner_id": "somebody.else",
        "title": f"Title {uuid.uuid4()}",
        "meta_data": {},
        "imported_from_conversation_id": None,
    }
    return "Conversation", data | changes


def message_record(conversation_id: str, **changes: Any) -> tuple[str, dict[str, Any]]:
    """A record of a message as the original service writes it."""
    data = {
        "sequence": 1,
        "message_id": str(uuid.uuid4()),
        "conversation_id": conversation_id,
        "created_datetime": "2025-01-02T03:04:06Z",
        "sender_participant_id": "somebody.else",
        "sender_participant_role": "user",
        "message_type": "chat",
        "content": "hello",
        "content_type": "text/plain",
        "meta_data": {},
        "filenames": [],
    }
    return "ConversationMessage", data | changes


async def export(client: httpx.AsyncClient, *conversation_ids: str) -> Archive:
    """The archive of conversations."""
    response = await client.get("/conversations/export", params={"id": conversation_ids})
    assert response.status_code == 200, response.text
    return Archive(response.content)


async def send(client: httpx.AsyncClient, content: bytes) -> httpx.Response:
    """Ask for an import."""
    part = ("archive.zip", content, "application/zip")
    return await client.post("/conversations/import", files={"from_export": part}, timeout=120)


async def import_archive(client: httpx.AsyncClient, content: bytes) -> dict[str, Any]:
    """The result of an import that must succeed."""
    return answer_of(await send(client, content))

"""Saving files in tests, and looking at what is stored of them."""

import json
from typing import Any

import httpx

from local.stack.stack import Stack
from tests.api.builders import answer_of
from tests.support import backends

Content = bytes | tuple[bytes, str]


def files_of(conversation_id: str) -> str:
    """The path of a conversation's files."""
    return f"/conversations/{conversation_id}/files"


async def put(
    client: httpx.AsyncClient,
    conversation_id: str,
    files: dict[str, Content],
    metadata: dict[str, Any] | None = None,
) -> httpx.Response:
    """Save files by name: bytes, or bytes with their content type."""
    parts = [("files", _part(name, content)) for name, content in files.items()]
    data = {"metadata": json.dumps(metadata)} if metadata is not None else {}
    return await client.put(files_of(conversation_id), files=parts, data=data)


async def save(
    client: httpx.AsyncClient,
    conversation_id: str,
    files: dict[str, Content],
    metadata: dict[str, Any] | None = None,
) -> list[dict[str, Any]]:
    """Save files, which must succeed; the files as answered."""
    return answer_of(await put(client, conversation_id, files, metadata))["files"]


async def names_in(client: httpx.AsyncClient, conversation_id: str, **query: Any) -> list[str]:
    """The names that a listing gives."""
    response = await client.get(files_of(conversation_id), params=query)
    return [file["filename"] for file in answer_of(response)["files"]]


async def blobs_in(stack: Stack, container: str, conversation_id: str) -> list[str]:
    """The names of the blobs of a conversation."""
    async with backends.blobs(stack) as service:
        blobs = service.get_container_client(container).list_blobs(
            name_starts_with=f"{conversation_id}/"
        )
        return [blob.name async for blob in blobs]


def _part(name: str, content: Content) -> tuple[str, bytes, str]:
    if isinstance(content, bytes):
        return name, content, "text/plain"
    return name, *content

"""Files: their records live in the conversation's partition; writing them is a change of it."""

import json
from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

from azure.cosmos.exceptions import CosmosResourceExistsError

from shared import resources
from shared.adapters.cosmos.client import Cosmos, cosmos_errors
from shared.adapters.cosmos.documents import (
    file_id_of,
    pending_upload_document,
    pending_upload_id_of,
    without_system_fields,
)
from shared.domain.files import File, PendingUpload
from shared.errors import NotFound, TooLarge

MAX_METADATA_IN_A_LIST = 16_000_000
"""Characters of JSON."""


class FileRepository:
    """Reads the files of conversations, and keeps uploads that wait for their bytes."""

    def __init__(self, cosmos: Cosmos) -> None:
        self._cosmos = cosmos

    async def get_many(self, conversation_id: UUID, filenames: Sequence[str]) -> dict[str, File]:
        """The files that exist among the names (one request, up to a hundred names)."""
        documents = await self._cosmos.read_many(
            resources.CONVERSATIONS,
            [(file_id_of(filename), str(conversation_id)) for filename in filenames],
        )
        files = [_file(without_system_fields(found)) for found in documents]
        return {file.filename: file for file in files}

    async def list_files(self, conversation_id: UUID) -> list[File]:
        """The files with all their versions, by name."""
        documents = await self._cosmos.query_partition(
            resources.CONVERSATIONS,
            str(conversation_id),
            "SELECT * FROM c WHERE c.type = 'file'",
        )
        files = [_file(without_system_fields(found)) for found in documents]
        return sorted(files, key=_filename)

    async def list_newest(
        self, conversation_id: UUID, prefix: str, after: str, limit: int
    ) -> list[File]:
        """The first files by name after `after` that begin with `prefix`; newest versions only.

        Raises TooLarge where their metadata are too much to hold.
        """
        found: list[File] = []
        length = 0
        async for document in self._cosmos.iterate_partition(
            resources.CONVERSATIONS,
            str(conversation_id),
            f"SELECT TOP {limit} c.conversation_id, c.file_id, c.filename, c.created, c.newest"  # noqa: S608
            " FROM c WHERE c.type = 'file' AND STARTSWITH(c.filename, @prefix)"
            " AND c.filename > @after ORDER BY c.filename",
            prefix=prefix,
            after=after,
        ):
            length += len(json.dumps(document["newest"]["metadata"]))
            if length > MAX_METADATA_IN_A_LIST:
                raise TooLarge("The files hold too much metadata: ask with prefix, or limit")
            found.append(_file(document | {"versions": [document["newest"]]}))
        return found

    async def add_pending(self, upload: PendingUpload, ttl_seconds: int) -> None:
        """Keep an upload that was begun for a while; keeping it again changes nothing."""
        container = await self._cosmos.container(resources.CONVERSATIONS)
        with cosmos_errors(), suppress(CosmosResourceExistsError):
            await container.create_item(pending_upload_document(upload, ttl_seconds))

    async def get_pending(self, conversation_id: UUID, upload_id: UUID) -> PendingUpload:
        """An upload that was begun (one point read); raises NotFound."""
        document = await self._cosmos.find(
            resources.CONVERSATIONS, pending_upload_id_of(upload_id), str(conversation_id)
        )
        if document is None:
            raise NotFound
        return PendingUpload.model_validate(without_system_fields(document))


def _file(document: dict[str, Any]) -> File:
    """A file without the copy of its newest version."""
    return File.model_validate({name: document[name] for name in document if name != "newest"})


def _filename(file: File) -> str:
    return file.filename

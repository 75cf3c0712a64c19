"""Files: their records live in the conversation's partition; writing them is a change of it."""

from collections.abc import Sequence
from uuid import UUID

from azure.cosmos.exceptions import CosmosResourceNotFoundError

from shared import resources
from shared.adapters.cosmos.client import Cosmos, cosmos_errors
from shared.adapters.cosmos.documents import file_id_of, without_system_fields
from shared.domain.files import File
from shared.errors import NotFound


class FileRepository:
    """Reads the files of conversations."""

    def __init__(self, cosmos: Cosmos) -> None:
        self._cosmos = cosmos

    async def get(self, conversation_id: UUID, filename: str) -> File:
        """One file with all its versions (one point read); raises NotFound."""
        container = await self._cosmos.container(resources.CONVERSATIONS)
        with cosmos_errors():
            try:
                document = await container.read_item(
                    file_id_of(filename), partition_key=str(conversation_id)
                )
            except CosmosResourceNotFoundError as error:
                raise NotFound from error
        return File.model_validate(without_system_fields(document))

    async def get_many(self, conversation_id: UUID, filenames: Sequence[str]) -> dict[str, File]:
        """The files that exist among the names (one request)."""
        documents = await self._cosmos.query_partition(
            resources.CONVERSATIONS,
            str(conversation_id),
            "SELECT * FROM c WHERE ARRAY_CONTAINS(@ids, c.id)",
            ids=[file_id_of(filename) for filename in filenames],
        )
        files = [File.model_validate(without_system_fields(found)) for found in documents]
        return {file.filename: file for file in files}

    async def list_files(self, conversation_id: UUID, prefix: str = "") -> list[File]:
        """The files whose names begin with a prefix, by name."""
        documents = await self._cosmos.query_partition(
            resources.CONVERSATIONS,
            str(conversation_id),
            "SELECT * FROM c WHERE c.type = 'file'",
        )
        files = [File.model_validate(without_system_fields(found)) for found in documents]
        matching = [file for file in files if file.filename.startswith(prefix)]
        return sorted(matching, key=_filename)


def _filename(file: File) -> str:
    return file.filename

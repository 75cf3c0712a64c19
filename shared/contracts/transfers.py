"""Export, import and duplication, as the API shows them."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BeforeValidator, Field

from shared.contracts.base import WireModel


def _split(values: list[str]) -> list[str]:
    return [part for value in values for part in value.split(",")]


class ExportQuery(WireModel):
    """Which conversations to export: ids repeated, or joined with commas."""

    id: Annotated[list[UUID], BeforeValidator(_split), Field(max_length=1000)]


class ConversationImportResult(WireModel):
    """What an import or a duplication made; assistants that were there already are named too."""

    conversation_ids: list[UUID]
    assistant_ids: list[UUID]


class ArchiveUpload(WireModel):
    """Where to PUT an archive that is too large for a request, with these headers.

    `upload` is what to import afterwards.
    """

    upload: UUID
    url: str
    expires_at: datetime
    headers: dict[str, str]


class ImportUpload(WireModel):
    """An archive that was uploaded before."""

    upload: UUID

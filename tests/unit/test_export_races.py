"""An export while a file is deleted: what no test through the API can time."""

import io
import uuid
import zipfile
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from shared.adapters.cosmos.assistants import AssistantRecord
from shared.contracts.participants import ParticipantRole
from shared.domain.conversation import Conversation, Message
from shared.domain.files import File, FileVersion
from shared.errors import NotFound
from shared.services.exports import Exports
from shared.settings import TransferSettings
from tests.unit.builders import ADA, NOW, conversation


class Stored:
    """A conversation with files, as all that an export reads from.

    `blobs` are the chunks by name; None in place of one means that the blob is gone by then.
    """

    def __init__(
        self, subject: Conversation, files: list[File], blobs: dict[str, Sequence[bytes | None]]
    ) -> None:
        self._subject = subject
        self._files = files
        self._blobs = blobs

    async def load_many(self, _: object) -> list[Conversation]:
        return [self._subject]

    async def get_many(self, _: object) -> list[AssistantRecord]:
        return []

    async def list_files(self, _: object) -> list[File]:
        return self._files

    async def messages(self, *_: object) -> AsyncIterator[list[Message]]:
        for page in ():
            yield page

    async def chunks(self, _: str, name: str) -> AsyncIterator[bytes]:
        for chunk in self._blobs[name]:
            if chunk is None:
                raise NotFound
            yield chunk


def file_of(subject: Conversation, name: str, *blobs: str) -> File:
    versions = [
        FileVersion(
            version=number,
            content_type="text/plain",
            size=2,
            participant_id=ADA.user_id,
            participant_role=ParticipantRole.USER,
            created=NOW,
            blob=blob,
        )
        for number, blob in enumerate(blobs, start=1)
    ]
    return File(
        conversation_id=subject.conversation_id,
        file_id=uuid.uuid4(),
        filename=name,
        created=NOW,
        versions=versions,
    )


@pytest.mark.parametrize("gone", [[None], [b"a", None]], ids=["at once", "half-way"])
async def test_versions_that_are_deleted_meanwhile_are_left_out(gone: list[bytes | None]) -> None:
    subject = conversation()
    files = [file_of(subject, "kept", "1", "2"), file_of(subject, "deleted", "3")]
    stored: Any = Stored(subject, files, {"1": gone, "2": [b"a", b"b"], "3": gone})
    parts = "conversations assistants links files reader blobs transfers services connecting"
    dependencies: dict[str, Any] = {name: stored for name in parts.split()}  # noqa: C420
    exports = Exports(**dependencies, settings=TransferSettings())

    archive = await exports.export_conversations(ADA, [subject.conversation_id])

    with zipfile.ZipFile(io.BytesIO(archive.content)) as found:
        records = found.read("workbench.jsonl").decode()
    assert (records.count('"FileVersion"'), records.count('"File"')) == (1, 1)
    assert '"version":2' in records

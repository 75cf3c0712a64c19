"""Lists of thousands of files: in order, in few requests, and bounded."""

import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from local.stack.stack import Stack
from shared.adapters.cosmos.client import Cosmos
from shared.adapters.cosmos.conversations import ConversationRepository
from shared.adapters.cosmos.documents import file_document
from shared.adapters.cosmos.files import FileRepository
from shared.contracts.files import FilesQuery
from shared.contracts.participants import ParticipantRole
from shared.domain.files import File, FileVersion
from shared.domain.principals import User
from shared.errors import TooLarge
from shared.services.files import Files
from tests.api.builders import answer_of, user_id_of
from tests.api.file_builders import files_of, names_in
from tests.support import backends

BATCH = 100
LIMIT = "shared.adapters.cosmos.files.MAX_METADATA_IN_A_LIST"


@pytest.fixture
async def cosmos(stack: Stack) -> AsyncIterator[Cosmos]:
    """The stack's database, as the service reaches it."""
    cosmos = Cosmos(backends.settings_of(stack).cosmos)
    yield cosmos
    await cosmos.close()


async def fill(stack: Stack, cid: str, names: list[str]) -> None:
    """Put the records of files with three versions into the database."""
    async with backends.container(stack) as container:
        for start in range(0, len(names), BATCH):
            operations = [
                ("create", (file_document(a_file(cid, name)),))
                for name in names[start : start + BATCH]
            ]
            await container.execute_item_batch(operations, partition_key=cid)


def a_file(cid: str, name: str) -> File:
    """A file with three versions that nobody uploaded."""
    now = datetime.now(UTC)
    versions = [
        FileVersion(
            version=number,
            content_type="text/plain",
            size=number,
            participant_id="p",
            participant_role=ParticipantRole.USER,
            metadata={"n": number},
            created=now,
            blob=f"{cid}/{number}",
        )
        for number in (1, 2, 3)
    ]
    return File(
        conversation_id=uuid.UUID(cid),
        file_id=uuid.uuid4(),
        filename=name,
        created=now,
        versions=versions,
    )


async def test_thousands_of_files_are_one_list_by_name(
    ada: httpx.AsyncClient, cid: str, stack: Stack
) -> None:
    names = [f"{number % 7}/{number:05}" for number in range(2500)]
    await fill(stack, cid, names)

    async with stack.cosmos_requests() as requests:
        listed = answer_of(await ada.get(files_of(cid)))["files"]

    assert [file["filename"] for file in listed] == sorted(names)
    assert {(file["current_version"], file["metadata"]["n"]) for file in listed} == {(3, 3)}
    assert requests.counts["query"] == 3
    assert await names_in(ada, cid, prefix="3/") == [n for n in sorted(names) if n[0] == "3"]
    assert await names_in(ada, cid, limit=3, after=sorted(names)[999]) == sorted(names)[1000:1003]


async def test_a_list_without_a_limit_is_whole_or_refused(
    ada: httpx.AsyncClient,
    cid: str,
    stack: Stack,
    cosmos: Cosmos,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await fill(stack, cid, ["a", "b", "c"])
    conversation_id, me = uuid.UUID(cid), User(await user_id_of(ada), "Ada")
    nothing: Any = None
    service = Files(
        ConversationRepository(cosmos, 60), FileRepository(cosmos), nothing, nothing, nothing, 1
    )

    monkeypatch.setattr("shared.services.files.MAX_LISTED", 2)
    with pytest.raises(TooLarge, match="ask with prefix, or limit"):
        await service.list_files(me, conversation_id, FilesQuery())
    for query in (FilesQuery(limit=2), FilesQuery(prefix="b"), FilesQuery(after="a")):
        assert (await service.list_files(me, conversation_id, query)).files != []


async def test_a_list_holds_so_much_metadata_and_no_more(
    cid: str, stack: Stack, cosmos: Cosmos, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = FileRepository(cosmos)
    await fill(stack, cid, ["a", "b", "c"])
    conversation_id, one = uuid.UUID(cid), len('{"n": 3}')

    monkeypatch.setattr(LIMIT, 3 * one)
    assert len(await repository.list_newest(conversation_id, "", "", 10)) == 3
    monkeypatch.setattr(LIMIT, 3 * one - 1)
    with pytest.raises(TooLarge):
        await repository.list_newest(conversation_id, "", "", 10)
    assert len(await repository.list_newest(conversation_id, "", "", 2)) == 2

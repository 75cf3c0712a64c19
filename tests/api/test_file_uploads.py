"""Uploads beyond a request: bytes by an address of their own, committed by a second call."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from azure.storage.blob.aio import BlobClient

from local.stack.options import StackOptions
from local.stack.stack import Stack
from shared import resources
from tests.api.builders import admit, answer_of, events_of
from tests.api.conftest import Person, add_assistant, new_assistant, new_conversation
from tests.api.file_builders import blobs_in, files_of, names_in, save
from tests.support.assistant_service import RecordingService
from tests.support.eventually import eventually
from tests.support.targets import own_stack

TRANSFERS = resources.TRANSFERS_BLOB_CONTAINER
FILES = resources.FILES_BLOB_CONTAINER


async def begin(client: httpx.AsyncClient, cid: str, **body: Any) -> dict[str, Any]:
    """Begin an upload of `big.bin`."""
    body = {"filename": "dir/big.bin", "content_type": "application/x", **body}
    return answer_of(await client.post(f"{files_of(cid)}/uploads", json=body))


async def send(upload: dict[str, Any], content: bytes) -> httpx.Response:
    """PUT the bytes to the address, as anybody may who has it."""
    async with httpx.AsyncClient(timeout=60) as anybody:
        return await anybody.put(upload["url"], content=content, headers=upload["headers"])


async def commit(client: httpx.AsyncClient, cid: str, upload: dict[str, Any]) -> httpx.Response:
    return await client.post(f"{files_of(cid)}/uploads/{upload['upload_id']}")


async def test_an_upload_becomes_a_version_when_it_is_committed(
    ada: httpx.AsyncClient, cid: str, stack: Stack
) -> None:
    await save(ada, cid, {"dir/big.bin": b"old"})
    upload = await begin(ada, cid, metadata={"m": 1}, file_size=6)
    assert (await send(upload, b"abcdef")).status_code == 201
    assert (await ada.get(f"{files_of(cid)}/dir/big.bin")).text == "old"

    saved = answer_of(await commit(ada, cid, upload))

    assert (saved["filename"], saved["current_version"]) == ("dir/big.bin", 2)
    assert (saved["content_type"], saved["file_size"]) == ("application/x", 6)
    assert saved["metadata"] == {"m": 1}
    downloaded = await ada.get(f"{files_of(cid)}/dir/big.bin")
    assert downloaded.content == b"abcdef"
    assert downloaded.headers["content-type"] == "application/x"
    event = (await events_of(ada, cid))[-1]
    assert (event["event"], event["data"]["file"]) == ("file.updated", saved)

    async def the_transfer_is_gone() -> bool:
        return await blobs_in(stack, TRANSFERS, cid) == []

    await eventually(the_transfer_is_gone)


async def test_committing_again_changes_nothing(
    ada: httpx.AsyncClient, cid: str, stack: Stack
) -> None:
    upload = await begin(ada, cid)
    await send(upload, b"once")
    first = answer_of(await commit(ada, cid, upload))
    await save(ada, cid, {"dir/big.bin": b"newer"})

    assert answer_of(await commit(ada, cid, upload)) == first
    assert (await ada.get(f"{files_of(cid)}/dir/big.bin")).text == "newer"
    assert [event["event"] for event in await events_of(ada, cid)] == [
        "file.created",
        "file.updated",
    ]


async def test_commits_at_once_count_once(ada: httpx.AsyncClient, cid: str, stack: Stack) -> None:
    upload = await begin(ada, cid)
    await send(upload, b"once")

    answers = await asyncio.gather(*(commit(ada, cid, upload) for _ in range(5)))

    assert {response.status_code for response in answers} == {200}
    assert len({response.text for response in answers}) == 1
    assert len(await events_of(ada, cid)) == 1
    versions = answer_of(await ada.get(f"{files_of(cid)}/dir/big.bin/versions"))["versions"]
    assert len(versions) == 1


async def test_an_upload_does_not_bring_a_deleted_file_back(
    ada: httpx.AsyncClient, cid: str
) -> None:
    upload = await begin(ada, cid)
    await send(upload, b"once")
    assert (await commit(ada, cid, upload)).status_code == 200
    assert (await ada.delete(f"{files_of(cid)}/dir/big.bin")).status_code == 204
    await send(upload, b"once")

    late = await commit(ada, cid, upload)

    assert (late.status_code, late.json()["detail"]) == (404, "The file was deleted meanwhile")
    await save(ada, cid, {"dir/big.bin": b"another"})
    assert (await commit(ada, cid, upload)).status_code == 404
    assert (await ada.get(f"{files_of(cid)}/dir/big.bin")).text == "another"


async def test_a_late_commit_of_an_upload_does_not_bring_a_deleted_file_back(
    ada: httpx.AsyncClient, cid: str, stack: Stack
) -> None:
    upload = await begin(ada, cid)
    await send(upload, b"once")
    await stack.cosmos_admin.add_fault(
        operation="read", container=resources.CONVERSATIONS, hold=True, times=1, spare=1
    )
    try:
        late = asyncio.create_task(commit(ada, cid, upload))
        await eventually(stack.cosmos_admin.holds_an_answer)
        assert (await commit(ada, cid, upload)).status_code == 200
        assert (await ada.delete(f"{files_of(cid)}/dir/big.bin")).status_code == 204
        await send(upload, b"once")
    finally:
        await stack.cosmos_admin.clear_faults()

    assert (await late).status_code == 404
    assert await names_in(ada, cid) == []


async def test_a_commit_that_comes_too_late_for_the_bytes_finds_what_they_became(
    ada: httpx.AsyncClient, cid: str, stack: Stack
) -> None:
    upload = await begin(ada, cid)
    await send(upload, b"once")

    async def the_bytes_are_gone() -> bool:
        return await blobs_in(stack, TRANSFERS, cid) == []

    the_second_read = {"container": "conversations", "operation": "read", "spare": 1, "times": 1}
    # Held back: the answer that there is no such file yet, given before somebody else commits.
    await stack.cosmos_admin.add_fault(**the_second_read, hold=True)
    try:
        late = asyncio.create_task(commit(ada, cid, upload))
        await eventually(stack.cosmos_admin.holds_an_answer)
        committed = answer_of(await commit(ada, cid, upload))
        await eventually(the_bytes_are_gone)
    finally:
        await stack.cosmos_admin.clear_faults()

    assert answer_of(await late) == committed
    assert len(await events_of(ada, cid)) == 1


async def test_only_who_began_an_upload_commits_it(
    ada: httpx.AsyncClient, cid: str, person: Person, service: RecordingService, stack: Stack
) -> None:
    other = person()
    await admit(stack, cid, other)
    assistant = await new_assistant(ada, service)
    await add_assistant(ada, cid, assistant["id"])
    elsewhere = (await new_conversation(ada))["id"]
    async with service.workbench(assistant["id"]) as me:
        upload = await begin(me, cid)
        await send(upload, b"x")
        assert (await commit(ada, cid, upload)).status_code == 404
        assert (await commit(other, cid, upload)).status_code == 404
        assert (await commit(ada, elsewhere, upload)).status_code == 404
        saved = answer_of(await commit(me, cid, upload))
    assert saved["participant_role"] == "assistant"
    unknown = {"upload_id": str(uuid.uuid4())}
    assert (await commit(ada, cid, unknown)).status_code == 404


async def test_an_address_takes_these_bytes_and_gives_none(
    ada: httpx.AsyncClient, cid: str
) -> None:
    upload = await begin(ada, cid)
    await send(upload, b"secret")

    async with httpx.AsyncClient() as anybody:
        assert (await anybody.get(upload["url"])).status_code == 403
        assert (await anybody.delete(upload["url"])).status_code == 403
        other = upload["url"].replace(upload["upload_id"], str(uuid.uuid4()))
        refused = await anybody.put(other, content=b"x", headers=upload["headers"])
        assert refused.status_code == 403


async def test_what_was_committed_can_t_be_changed_through_the_address(
    ada: httpx.AsyncClient, cid: str
) -> None:
    upload = await begin(ada, cid)
    await send(upload, b"first")
    await commit(ada, cid, upload)

    await send(upload, b"later")

    assert (await ada.get(f"{files_of(cid)}/dir/big.bin")).text == "first"


async def test_bytes_may_come_in_blocks_by_the_storage_library(
    ada: httpx.AsyncClient, cid: str
) -> None:
    upload = await begin(ada, cid)
    content = b"0123456789" * 100_000
    async with BlobClient.from_blob_url(
        upload["url"], max_single_put_size=100_000, max_block_size=100_000
    ) as blob:
        await blob.upload_blob(content)

    saved = answer_of(await commit(ada, cid, upload))

    assert saved["file_size"] == len(content)
    assert (await ada.get(f"{files_of(cid)}/dir/big.bin")).content == content


async def test_what_was_not_uploaded_as_announced_is_refused(
    ada: httpx.AsyncClient, cid: str, stack: Stack
) -> None:
    upload = await begin(ada, cid, file_size=3)
    nothing = await commit(ada, cid, upload)
    assert (nothing.status_code, nothing.json()["detail"]) == (409, "Nothing has been uploaded yet")
    await send(upload, b"four")
    wrong = await commit(ada, cid, upload)
    assert (wrong.status_code, wrong.json()["detail"]) == (
        409,
        "3 bytes were announced, 4 were uploaded",
    )
    assert await names_in(ada, cid) == []

    async def no_copy_is_left() -> bool:
        return await blobs_in(stack, FILES, cid) == []

    await eventually(no_copy_is_left)
    await send(upload, b"now")
    assert answer_of(await commit(ada, cid, upload))["file_size"] == 3


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"filename": ""}, 400),
        ({"filename": "a\n"}, 400),
        ({"filename": "a", "content_type": "text/\x00"}, 422),
        ({"filename": "a", "file_size": -1}, 422),
        ({"filename": "a", "file_size": 2**40}, 413),
        ({"filename": "a", "metadata": {"x": "x" * 70_000}}, 413),
        ({"filename": "a", "metadata": []}, 422),
    ],
)
async def test_what_can_t_be_saved_gets_no_address(
    ada: httpx.AsyncClient, cid: str, body: dict[str, Any], status: int
) -> None:
    assert (await ada.post(f"{files_of(cid)}/uploads", json=body)).status_code == status


@pytest.fixture(scope="module")
async def hasty(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """A stack where uploads are small, and abandoned soon."""
    options = StackOptions(
        data_dir=tmp_path_factory.mktemp("hasty"),
        free_ports=True,
        example_assistant=False,
        azurite_in_memory=True,
        settings={
            "WORKBENCH__FILES__UPLOAD_SECONDS": "2",
            "WORKBENCH__FILES__CLEANUP_SECONDS": "1",
            "WORKBENCH__FILES__MAX_UPLOAD_BYTES": "10",
        },
    )
    async with own_stack(options) as running:
        yield running


async def test_what_is_never_committed_is_removed(hasty: Stack) -> None:
    async with hasty.api("Ada") as ada:
        cid = (await new_conversation(ada))["id"]
        upload = await begin(ada, cid)
        await send(upload, b"x")
        assert await blobs_in(hasty, TRANSFERS, cid) != []

        async def nothing_is_left() -> bool:
            return await blobs_in(hasty, TRANSFERS, cid) == []

        await eventually(nothing_is_left)
        assert (await commit(ada, cid, upload)).status_code == 404
        assert (await send(upload, b"late")).status_code == 403


async def test_more_bytes_than_a_file_may_have_are_not_taken(hasty: Stack) -> None:
    async with hasty.api("Ada") as ada:
        cid = (await new_conversation(ada))["id"]
        upload = await begin(ada, cid)
        await send(upload, b"x" * 11)

        refused = await commit(ada, cid, upload)

        assert refused.status_code == 413
        assert refused.json()["detail"] == "A file may not exceed 10 bytes"
        assert await names_in(ada, cid) == []

"""Large files through the real stack: what the Functions host's memory makes of them."""

import hashlib
import tracemalloc
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from local.stack.options import StackOptions
from local.stack.stack import Stack
from shared import resources
from shared.adapters.blobs import Blobs
from shared.api.multipart import Part
from tests.api.builders import answer_of
from tests.api.conftest import new_conversation
from tests.api.file_builders import files_of, save
from tests.support import backends
from tests.support.targets import own_stack

MB = 1024 * 1024
PIECE = bytes(range(256)) * 4096 * 8


@pytest.fixture(scope="module")
async def roomy(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """A stack that keeps blobs on the disk."""
    options = StackOptions(
        data_dir=tmp_path_factory.mktemp("roomy"), free_ports=True, example_assistant=False
    )
    async with own_stack(options) as running:
        yield running


@pytest.fixture
async def ada(roomy: Stack) -> AsyncIterator[httpx.AsyncClient]:
    async with roomy.api("Ada") as client:
        client.timeout = httpx.Timeout(120)
        yield client


class Memory:
    """The memory of the Functions host's process, in MB."""

    def __init__(self, stack: Stack) -> None:
        self._folder = Path(f"/proc/{stack.functions_pid}")

    def now(self) -> float:
        """What it takes now."""
        return self._field("VmRSS")

    def forget_peak(self) -> None:
        """Have the peak begin anew."""
        (self._folder / "clear_refs").write_text("5")

    def peak(self) -> float:
        """The most that it took."""
        return self._field("VmHWM")

    def _field(self, name: str) -> float:
        lines = (self._folder / "status").read_text().splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(name))


async def test_ten_files_of_eight_megabytes_in_one_request(
    roomy: Stack, ada: httpx.AsyncClient
) -> None:
    cid = (await new_conversation(ada))["id"]
    await save(ada, cid, {"warm": b"up"})
    memory = Memory(roomy)
    before = memory.now()
    memory.forget_peak()

    saved = await save(ada, cid, {f"{n}.bin": (b"%d" % n + PIECE, "x/y") for n in range(10)})

    assert [file["file_size"] for file in saved] == [8 * MB + 1] * 10
    # The local host reads a body in pieces and joins them, which is twice 80 MB; in Azure the
    # host is another process. The rest are the blocks on their way to the blobs.
    assert memory.peak() - before < 2 * 80 + 60
    for n in (0, 9):
        assert (await ada.get(f"{files_of(cid)}/{n}.bin")).content == b"%d" % n + PIECE


async def test_a_large_download(roomy: Stack, ada: httpx.AsyncClient) -> None:
    cid = (await new_conversation(ada))["id"]
    await save(ada, cid, {"big": (PIECE * 4, "x/y")})
    memory = Memory(roomy)
    before = memory.now()
    memory.forget_peak()

    assert len((await ada.get(f"{files_of(cid)}/big")).content) == 32 * MB

    # Once by us; the local host joins it to the headers and keeps what the socket doesn't take.
    assert memory.peak() - before < 3 * 32 + 30


async def test_two_hundred_megabytes_by_an_address(roomy: Stack, ada: httpx.AsyncClient) -> None:
    cid = (await new_conversation(ada))["id"]
    body = {"filename": "big", "file_size": 25 * len(PIECE)}
    upload = answer_of(await ada.post(f"{files_of(cid)}/uploads", json=body))
    memory = Memory(roomy)
    before = memory.now()
    memory.forget_peak()

    async with httpx.AsyncClient(timeout=120) as anybody:
        headers = {**upload["headers"], "Content-Length": str(body["file_size"])}
        sent = await anybody.put(upload["url"], content=pieces(25), headers=headers)
        assert sent.status_code == 201, sent.text
    saved = answer_of(await ada.post(f"{files_of(cid)}/uploads/{upload['upload_id']}"))

    assert saved["file_size"] == 200 * MB
    redirect = await ada.get(f"{files_of(cid)}/big?redirect=true")
    assert await digest_of(redirect.headers["location"]) == await digest(pieces(25))
    last = await ada.get(f"{files_of(cid)}/big", headers={"Range": f"bytes={200 * MB - 3}-"})
    assert last.content == PIECE[-3:]
    assert memory.peak() - before < 30


@pytest.mark.filterwarnings("ignore:Sending a large body directly:ResourceWarning")
async def test_blobs_are_read_into_memory_once_and_written_block_by_block(roomy: Stack) -> None:
    blobs = Blobs(backends.settings_of(roomy).storage)
    name, content = f"{uuid.uuid4()}/1", PIECE * 4
    tracemalloc.start()
    try:
        part = Part("files", "big", "", memoryview(content))
        await blobs.upload(resources.FILES_BLOB_CONTAINER, name, part.open(), "x/y")
        uploading = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        await blobs.download(resources.FILES_BLOB_CONTAINER, name, 0, len(content))
        downloading = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        await blobs.close()

    assert uploading < 24 * MB
    assert downloading < (32 + 16) * MB


async def pieces(count: int) -> AsyncIterator[bytes]:
    """Pieces of eight megabytes."""
    for _ in range(count):
        yield PIECE


async def digest(content: AsyncIterator[bytes]) -> str:
    """The hash of pieces."""
    found = hashlib.sha256()
    async for piece in content:
        found.update(piece)
    return found.hexdigest()


async def digest_of(address: str) -> str:
    """The hash of what an address gives."""
    async with httpx.AsyncClient(timeout=120) as anybody, anybody.stream("GET", address) as answer:
        return await digest(answer.aiter_bytes())

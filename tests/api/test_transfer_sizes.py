"""Large archives through the real stack: what the Functions host's memory makes of them."""

import hashlib
import json
import logging
import os
import uuid
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.stack.options import StackOptions
from local.stack.stack import Stack
from tests.api.archive_builders import conversation_record, import_archive, message_record, pack
from tests.api.builders import answer_of, get_conversation
from tests.support.memory import HostMemory
from tests.support.targets import own_stack

MB = 1024 * 1024
MESSAGES = 5_000
FILES = 10
FILE_BYTES = 30 * MB
MAX_GROWTH = 100

logger = logging.getLogger(__name__)


@pytest.fixture(scope="module")
async def roomy(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """A stack that keeps blobs on the disk."""
    options = StackOptions(
        data_dir=tmp_path_factory.mktemp("roomy"), free_ports=True, example_assistant=False
    )
    async with own_stack(options) as running:
        yield running


def large_archive(path: Path) -> str:
    """Write an archive of 5,000 messages and 300 MB of files; the id of the conversation."""
    cid = str(uuid.uuid4())
    with zipfile.ZipFile(path, "w") as archive:
        lines = [_line(*conversation_record(conversation_id=cid, title="Large"))]
        for number in range(MESSAGES):
            kind, data = message_record(cid, content=f"{number} " + "words " * 300)
            lines.append(_line(kind, data))
            lines.append(
                _line("ConversationMessageDebug", {"message_id": data["message_id"], "data": {}})
            )
        for number in range(FILES):
            lines += _file(archive, cid, number)
        archive.writestr("workbench.jsonl", "".join(lines), zipfile.ZIP_DEFLATED)
    return cid


def _file(archive: zipfile.ZipFile, cid: str, number: int) -> list[str]:
    file_id = str(uuid.uuid4())
    file = {"file_id": file_id, "conversation_id": cid, "filename": f"{number}.bin"}
    version = {
        "file_id": file_id,
        "version": 1,
        "participant_id": "p",
        "participant_role": "user",
        "content_type": "application/octet-stream",
        "file_size": FILE_BYTES,
        "storage_filename": f"{file_id}_1",
    }
    digest = hashlib.sha256(f"{file_id}_1".encode()).hexdigest()
    archive.writestr(f"files/{cid}/{digest}", os.urandom(FILE_BYTES))
    return [_line("File", file | {"current_version": 1}), _line("FileVersion", version)]


def _line(kind: str, data: dict[str, Any]) -> str:
    return json.dumps({"type": kind, "data": data}) + "\n"


async def _pieces(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as source:
        while piece := source.read(4 * MB):
            yield piece


def check(memory: HostMemory, what: str) -> None:
    """Tell the figures (`--log-cli-level=info`), and hold them to the budget."""
    growth = memory.growth()
    logger.info("%s: %.0f MB before, %.0f MB more at the peak", what, memory.before, growth)
    assert growth < MAX_GROWTH


@pytest.mark.large
async def test_memory_stays_bounded_for_thousands_of_messages_and_hundreds_of_megabytes(
    roomy: Stack, tmp_path: Path
) -> None:
    large_archive(tmp_path / "large.zip")
    async with roomy.api("Ada") as ada, httpx.AsyncClient(timeout=300) as anybody:
        ada.timeout = httpx.Timeout(300)
        small = await import_archive(ada, pack([conversation_record(title="Small")]))
        await ada.get("/conversations/export", params={"id": small["conversation_ids"]})
        upload = answer_of(await ada.post("/conversations/import/uploads"))
        size = (tmp_path / "large.zip").stat().st_size
        headers = {**upload["headers"], "Content-Length": str(size)}
        content = _pieces(tmp_path / "large.zip")
        sent = await anybody.put(upload["url"], content=content, headers=headers)
        assert sent.status_code == 201, sent.text

        memory = HostMemory(roomy)
        body = {"upload": upload["upload"]}
        [cid] = answer_of(await ada.post("/conversations/import", json=body))["conversation_ids"]
        check(memory, "import")

        memory = HostMemory(roomy)
        response = await ada.get("/conversations/export", params={"id": cid})
        check(memory, "export")
        assert response.status_code == 303
        async with anybody.stream("GET", response.headers["location"]) as answer:
            assert answer.status_code == 200
            with (tmp_path / "export.zip").open("wb") as target:
                async for chunk in answer.aiter_bytes():
                    target.write(chunk)

        memory = HostMemory(roomy)
        [copy] = answer_of(await ada.post(f"/conversations/{cid}", json={}))["conversation_ids"]
        check(memory, "copy")
        assert (await get_conversation(ada, copy))["title"] == "Large (Copy)"
    with zipfile.ZipFile(tmp_path / "export.zip") as archive:
        files = [info for info in archive.infolist() if info.filename.startswith("files/")]
        assert [info.file_size for info in files] == [FILE_BYTES] * FILES
        assert archive.testzip() is None
        assert archive.read("workbench.jsonl").count(b'"ConversationMessage"') == MESSAGES


async def test_a_large_archive_is_fetched_from_an_address_of_its_own(roomy: Stack) -> None:
    archive = [conversation_record(title="Medium")]
    async with roomy.api("Grace") as grace:
        [cid] = (await import_archive(grace, pack(archive)))["conversation_ids"]
        files = {"files": ("f", os.urandom(33 * MB))}
        answer_of(await grace.put(f"/conversations/{cid}/files", files=files))

        response = await grace.get("/conversations/export", params={"id": cid})

    assert response.status_code == 303
    assert response.content == b""
    async with httpx.AsyncClient(timeout=60) as anybody:
        address = response.headers["location"]
        answer = await anybody.get(address)
        assert answer.headers["content-type"] == "application/zip"
        assert len(answer.content) > 33 * MB
        sent = await anybody.put(address, content=b"x", headers={"x-ms-blob-type": "BlockBlob"})
        assert sent.status_code == 403

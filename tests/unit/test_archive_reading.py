"""Archives from anywhere: what is broken, hostile or too large is refused, each with a word."""

import io
import json
import stat
import struct
import uuid
import zipfile
from typing import Any

import pytest

from shared.domain import archive_reading
from shared.domain.archive_contents import ArchiveContents, read_contents
from shared.domain.archive_layout import ArchiveLimits
from shared.domain.archive_reading import ArchiveReader
from shared.errors import AppError, InvalidArgument, TooLarge
from tests.api.archive_builders import conversation_record, message_record, pack, pack_entries

LIMITS = ArchiveLimits(archive_bytes=10_000_000, content_bytes=300_000_000)
CID = str(uuid.uuid4())
CONVERSATION = conversation_record(conversation_id=CID)


def read(content: bytes, limits: ArchiveLimits = LIMITS) -> ArchiveContents:
    return read_contents(ArchiveReader(io.BytesIO(content), limits))


def refused(content: bytes, limits: ArchiveLimits = LIMITS) -> AppError:
    with pytest.raises((InvalidArgument, TooLarge)) as caught:
        read(content, limits)
    return caught.value


def with_lines(lines: bytes) -> bytes:
    return pack_entries({"workbench.jsonl": lines})


def test_an_empty_archive_is_fine() -> None:
    assert read(with_lines(b"")).conversations == {}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no zip",
        b"PK\x03\x04" + bytes(100),
        b"PK\x05\x06" + bytes(18),
        pack([CONVERSATION])[:-30],
        b"PK\x05\x06" + b"\xff" * 18,
        pack([CONVERSATION]).replace(b"PK\x01\x02", b"PK\x01\x09"),
        pack([CONVERSATION]).replace(b"PK\x03\x04", b"PK\x03\x09"),
    ],
)
def test_what_is_no_zip_is_refused(content: bytes) -> None:
    assert isinstance(refused(content), AppError)


def test_damaged_content_is_refused() -> None:
    content = bytearray(pack([CONVERSATION]))
    start = content.index(b"workbench.jsonl") + len(b"workbench.jsonl")
    content[start + 10 : start + 40] = bytes(30)
    assert refused(bytes(content)).detail == "The archive is not a valid zip file"


def test_an_archive_without_records_is_refused() -> None:
    assert refused(pack_entries({"a": b"b"})).detail == "The archive holds no workbench.jsonl"


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../x", "files/../../x", "C:\\x", "..\\x", "c:x", "files/.."]
)
def test_unsafe_paths_are_refused(name: str) -> None:
    content = pack_entries({"workbench.jsonl": b"", name: b"x"})
    assert refused(content).detail == "The archive holds an entry with an unsafe path"


def _with_entry(info: zipfile.ZipInfo, data: bytes = b"x") -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("workbench.jsonl", b"")
        archive.writestr(info, data)
    return target.getvalue()


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFBLK])
def test_links_and_devices_are_refused(kind: int) -> None:
    info = zipfile.ZipInfo("link")
    info.create_system = 3
    info.external_attr = (kind | 0o777) << 16
    assert refused(_with_entry(info)).detail == "The archive holds an entry that is no plain file"


def test_folders_are_fine() -> None:
    assert read(pack_entries({"files/": b"", "workbench.jsonl": b""})).files == {}


def test_an_entry_twice_is_refused() -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        content = _with_entry(zipfile.ZipInfo("workbench.jsonl"))
    assert refused(content).detail == "The archive holds an entry twice"


def test_encryption_and_unknown_compression_are_refused() -> None:
    content = bytearray(with_lines(b"x"))
    directory = content.rindex(b"PK\x01\x02")
    encrypted = content.copy()
    encrypted[directory + 8] |= 1
    squeezed = content.copy()
    squeezed[directory + 10 : directory + 12] = struct.pack("<H", 12)
    for changed in (encrypted, squeezed):
        assert "encrypted" in refused(bytes(changed)).detail


def test_too_large_an_archive_is_refused() -> None:
    limits = ArchiveLimits(archive_bytes=100, content_bytes=10**9)
    assert isinstance(refused(with_lines(bytes(range(256)) * 10), limits), TooLarge)


def test_a_bomb_is_refused_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = pack_entries({"workbench.jsonl": b"", "bomb": bytes(1_000_000)})
    limits = ArchiveLimits(archive_bytes=10**9, content_bytes=999_999)
    assert isinstance(refused(bomb, limits), TooLarge)
    monkeypatch.setattr(archive_reading, "LARGE_BYTES", 100_000)
    assert refused(bomb).detail == "An archive may not grow to more than 200 times its size"


def test_an_entry_larger_than_it_says_is_refused() -> None:
    content = bytearray(with_lines(b" \n" * 1000))
    directory = content.rindex(b"PK\x01\x02")
    content[directory + 24 : directory + 28] = struct.pack("<L", 10)
    assert refused(bytes(content)).detail == "The archive is not a valid zip file"


def test_too_many_entries_are_refused_before_they_are_listed() -> None:
    many = {f"{number}": b"" for number in range(20_001)}
    assert "20000 entries" in refused(pack_entries({"workbench.jsonl": b"", **many})).detail
    content = bytearray(with_lines(b""))
    end = content.rindex(b"PK\x05\x06")
    content[end + 12 : end + 16] = struct.pack("<L", 5_000_000)
    assert "20000 entries" in refused(bytes(content)).detail


def test_long_lines_and_many_records_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(refused(with_lines(b"x" * 8_000_001)), TooLarge)
    monkeypatch.setattr(archive_reading, "MAX_RECORDS", 3)
    assert isinstance(refused(with_lines(b"\n" * 4)), TooLarge)


def _line(kind: Any, data: Any) -> bytes:
    return json.dumps({"type": kind, "data": data}).encode()


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b"\xff\xfe",
        b'{"type": "Conversation", "data": {"title": "\\ud800"}}',
        b"[]",
        b"null",
        b"{}",
        b"[" * 100_000,
        _line("ConversationShare", {}),
        _line(None, {}),
        _line("Conversation", None),
        _line("Conversation", []),
        _line("Conversation", {}),
        _line("Conversation", CONVERSATION[1] | {"title": None}),
        _line("Conversation", CONVERSATION[1] | {"title": 5}),
        _line("Conversation", CONVERSATION[1] | {"conversation_id": "x"}),
        _line("Conversation", CONVERSATION[1] | {"meta_data": []}),
        _line("Conversation", CONVERSATION[1] | {"created_datetime": "yesterday"}),
        _line("Conversation", CONVERSATION[1] | {"created_datetime": "0001-01-01T00:00:00+23:00"}),
        b'{"type": "ConversationMessageDebug", "data": {"data": {"x": 1e999}, "message_id": "'
        + CID.encode()
        + b'"}}',
        _line("ConversationMessage", message_record(CID)[1] | {"message_type": "song"}),
        _line("ConversationMessage", message_record(CID)[1] | {"filenames": [1]}),
        _line("ConversationMessage", message_record(CID)[1] | {"sender_participant_id": ""}),
    ],
)
def test_a_faulty_record_is_named_by_its_line(line: bytes) -> None:
    error = refused(with_lines(_line(*CONVERSATION) + b"\n" + line + b"\n"))
    assert isinstance(error, InvalidArgument)
    assert error.detail.startswith("workbench.jsonl, line 2: ")


MESSAGE = message_record(CID)
FILE = (
    "File",
    {"file_id": CID, "conversation_id": CID, "filename": "f", "current_version": 1},
)
VERSION = (
    "FileVersion",
    {
        "file_id": CID,
        "version": 1,
        "participant_id": "p",
        "participant_role": "user",
        "content_type": "",
        "file_size": 1,
        "storage_filename": "s",
    },
)
PERSON = (
    "UserParticipant",
    {"conversation_id": CID, "user_id": "u", "conversation_permission": "read"},
)


@pytest.mark.parametrize(
    "rows",
    [
        [CONVERSATION, CONVERSATION],
        [CONVERSATION, MESSAGE, MESSAGE],
        [CONVERSATION, PERSON, PERSON],
        [CONVERSATION, FILE, VERSION, VERSION],
        [MESSAGE],
        [PERSON],
        [FILE, VERSION],
        [CONVERSATION, VERSION],
        [CONVERSATION, FILE],
        [CONVERSATION, FILE, VERSION],
        [CONVERSATION, ("ConversationMessageDebug", {"message_id": CID})],
        [CONVERSATION, ("AssistantParticipant", {"conversation_id": CID, "assistant_id": "x"})],
        [CONVERSATION, FILE, ("File", FILE[1] | {"file_id": str(uuid.uuid4())})],
        [CONVERSATION, ("File", FILE[1] | {"filename": ""}), VERSION],
    ],
)
def test_wrong_references_and_records_twice_are_refused(rows: list[Any]) -> None:
    assert isinstance(refused(pack(rows)), InvalidArgument)


def test_bytes_can_not_be_multiplied() -> None:
    second = ("FileVersion", VERSION[1] | {"version": 2})
    digest = "043a718774c572bd8a25adbeb1bfcd5c0256ae11cecf9f9c3f925d0e52beaf89"
    content = pack([CONVERSATION, FILE, VERSION, second], {f"files/{CID}/{digest}": b"x"})
    assert refused(content).detail == "The archive holds two versions with one storage_filename"


def test_an_assistant_without_its_data_is_refused() -> None:
    row = {
        "assistant_id": CID,
        "owner_id": "o",
        "assistant_service_id": "s",
        "name": "n",
    }
    expected = f"The archive holds no assistants/{CID}/assistant_data.bin"
    assert refused(pack([("Assistant", row)])).detail == expected


def test_too_many_conversations_are_refused() -> None:
    assert isinstance(refused(pack([conversation_record() for _ in range(1001)])), TooLarge)

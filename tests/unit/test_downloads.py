"""Headers of downloads: ranges, validators, names and types."""

from datetime import UTC, datetime

import pytest

from shared.api.downloads import (
    Span,
    UnsatisfiableError,
    disposition_of,
    is_known,
    parse_range,
    served_as,
)
from shared.contracts.participants import ParticipantRole
from shared.domain.files import FileVersion
from shared.services.files import Download


@pytest.mark.parametrize(
    ("header", "span"),
    [
        ("bytes=0-0", Span(0, 1)),
        ("bytes=2-4", Span(2, 3)),
        ("bytes=2-", Span(2, 8)),
        ("bytes=-3", Span(7, 3)),
        ("bytes=-30", Span(0, 10)),
        ("bytes=5-500", Span(5, 5)),
        ("Bytes=9-9", Span(9, 1)),
        ("", None),
        ("bytes=", None),
        ("bytes=-", None),
        ("bytes=4-2", None),
        ("bytes=0-1,3-4", None),
        ("items=0-1", None),
        ("bytes=a-b", None),
    ],
)
def test_one_range_is_understood_and_others_are_ignored(header: str, span: Span | None) -> None:
    assert parse_range(header, 10) == span


@pytest.mark.parametrize(
    ("header", "size"), [("bytes=10-", 10), ("bytes=99-100", 10), ("bytes=-0", 10), ("bytes=0-", 0)]
)
def test_a_range_that_begins_beyond_the_end_can_t_be_had(header: str, size: int) -> None:
    with pytest.raises(UnsatisfiableError):
        parse_range(header, size)


@pytest.mark.parametrize(
    ("header", "known"),
    [
        (None, False),
        ('"e"', True),
        ('W/"e"', True),
        ('"a", "e"', True),
        ("*", True),
        ('"f"', False),
        ("e", False),
    ],
)
def test_a_client_may_know_the_bytes(header: str | None, known: bool) -> None:
    assert is_known(header, '"e"') is known


@pytest.mark.parametrize(
    ("filename", "quoted"),
    [
        ("a.txt", "a.txt"),
        ("dir/b c.txt", "b%20c.txt"),
        ("dir/", "dir"),
        ('ü".txt', "%C3%BC%22.txt"),
        ("100%.txt", "100%25.txt"),
    ],
)
def test_the_name_is_the_last_segment(filename: str, quoted: str) -> None:
    expected = f"attachment; filename=\"{quoted}\"; filename*=UTF-8''{quoted}"
    assert disposition_of(filename) == expected


@pytest.mark.parametrize(
    ("stored", "served"),
    [
        ("text/plain", "text/plain; charset=utf-8"),
        ("text/html; Charset=latin-1", "text/html; Charset=latin-1"),
        ("image/svg+xml", "image/svg+xml"),
        ("", "application/octet-stream"),
        ("nonsense", "application/octet-stream"),
        ("text/plain\r\nX: y", "application/octet-stream"),
        ("text/ü", "application/octet-stream"),
    ],
)
def test_the_type_is_the_stored_one_where_it_can_be(stored: str, served: str) -> None:
    version = FileVersion(
        version=1,
        content_type=stored,
        size=1,
        participant_id="p",
        participant_role=ParticipantRole.USER,
        created=datetime.now(UTC),
        blob="b",
    )
    assert served_as(Download("a", version)).content_type == served

"""The filter language, apart from the service."""

from dataclasses import dataclass, field

import pytest

from local.web_pubsub.errors import ServiceError
from local.web_pubsub.filters import parse_filter


@dataclass
class Subject:
    user_id: str | None = "Ada"
    connection_id: str = "c1"
    groups: set[str] = field(default_factory=lambda: {"g", "admins"})


@pytest.mark.parametrize(
    "text",
    [
        "userId eq 'Ada'",
        "userId ne 'Bob' and connectionId eq 'c1'",
        "userId eq 'Bob' or userId eq 'Ada'",
        "userId eq 'x' and userId eq 'y' or userId eq 'Ada'",  # and binds tighter
        "userId eq 'Ada' or userId eq 'x' and userId eq 'y'",
        "not (userId eq 'Bob')",
        "not userId eq 'Bob'",
        "not not ('g' in groups)",
        "'g' in groups and not('x' in groups)",
        "tolower('G') in groups",
        "userId gt 'A' and userId ge 'Ada' and userId lt 'B' and userId le 'Ada'",
        "tolower(userId) eq 'ada'",
        "toupper(userId) eq 'ADA'",
        "trim(concat('  ', userId)) eq userId",
        "substring(userId, 1) eq 'da' and substring(userId, 1, 1) eq 'd'",
        "startswith(userId, 'A') and endswith(userId, 'a') and contains(userId, 'd')",
        "indexof(userId, 'd') eq 1 and indexof(userId, 'z') lt 0 and length(userId) le 3",
        "concat(concat(userId, '-'), connectionId) eq 'Ada-c1'",
        "contains('it''s', '''')",
        "userId ne null",
        "true",
        "( ( length ( userId ) eq 3 ) )  ",
    ],
)
def test_matching(text: str) -> None:
    assert parse_filter(text).value(Subject()) is True
    assert parse_filter(f"not({text})").value(Subject()) is False


def test_anonymous_connections() -> None:
    anonymous = Subject(user_id=None)
    assert parse_filter("userId eq null").value(anonymous)
    assert parse_filter("userId ne 'Ada'").value(anonymous)
    for text in ("userId eq 'Ada'", "userId gt 'A'", "startswith(userId, 'A')", "userId in groups"):
        assert not parse_filter(text).value(anonymous)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "ends too early"),
        ("userId", "boolean expected"),
        ("userId eq", "ends too early"),
        ("userId eq 'a' extra", "unexpected 'extra'"),
        ("userId eq 'a", "unexpected"),
        ("userId eq 1", "text with number"),
        ("groups eq 'a'", "groups with text"),
        ("1 in groups", "text expected"),
        ("'g' in userId", "groups expected"),
        ("USERID eq 'a'", "unknown 'USERID'"),
        ("matchesPattern(userId, 'a')", "unknown 'matchesPattern'"),
        ("tolower(userId, userId) eq 'a'", "wrong arguments for tolower"),
        ("length(userId) and true", "boolean expected"),
        ("(userId eq 'a'", "expected ')'"),
        (" or ".join(["userId eq 'a'"] * 101), "100 clauses"),
        ("(" * 33 + "true" + ")" * 33, "32 deep"),
        ("not " * 33 + "true", "32 deep"),
    ],
)
def test_wrong_filters_are_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(ServiceError) as caught:
        parse_filter(text)
    assert caught.value.status == 400
    assert reason in caught.value.message

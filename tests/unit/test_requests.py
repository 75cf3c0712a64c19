"""What a request holds: path, query string and body, and the faults that clients know."""

import uuid
from collections.abc import Callable, Mapping
from typing import Any

import azure.functions as func
import pytest
from pydantic import BaseModel

from shared.api.requests import (
    MAX_BODY_BYTES,
    body_argument,
    headers_of,
    path_arguments,
    query_argument,
)
from shared.api.routing import Handler, Route, Router
from shared.contracts.base import MAX_JSON_DEPTH
from shared.contracts.messages import MessageFilter, MessageType, NewConversationMessage
from shared.contracts.participants import ParticipantRole
from shared.errors import AppError, LengthRequired, NotFound, TooLarge, UnprocessableInput

A_UUID = uuid.UUID("3f0c6f0e-5d8b-4f9e-9c55-0d4d3a6f1b2c")


def request(
    query: str = "",
    body: bytes = b"",
    route_params: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> func.HttpRequest:
    """A request as the worker makes it; `params` lie, as the host's do about repeated ones."""
    return func.HttpRequest(
        "POST",
        f"http://127.0.0.1/conversations?{query}",
        headers=headers,
        params={"limit": "9,9"},
        route_params=route_params,
        body=body,
    )


def route_of(handler: Handler, path: str, suffix: str = "") -> Route:
    """A route with this handler."""
    router = Router(unused)
    router.add("GET", path, handler, name="under_test", suffix=suffix)
    return router.routes[0]


async def unused(*_: object) -> func.HttpResponse:
    """Nobody answers: the parts are called one by one."""
    raise NotImplementedError


async def by_uuid(conversation_id: uuid.UUID, state_id: str) -> None:
    """A handler with two parameters in its path."""


async def by_text(service_id: str) -> None:
    """A handler whose parameter is the rest of the path."""


def faults_of(
    read: Callable[[type[BaseModel], func.HttpRequest], BaseModel],
    model: type[BaseModel],
    given: func.HttpRequest,
) -> list[Any]:
    """What a caller is told about input of the wrong form."""
    with pytest.raises(UnprocessableInput) as caught:
        read(model, given)
    return caught.value.faults


def body_faults(body: bytes) -> list[Any]:
    """What the sender of a message is told about its form."""
    return faults_of(body_argument, NewConversationMessage, request(body=body))


def test_path_parameters_have_their_types() -> None:
    route = route_of(by_uuid, "c/{conversation_id}/s/{state_id}")
    given = {"conversation_id": str(A_UUID).upper(), "state_id": "a b"}

    found = path_arguments(route, request(route_params=given))

    assert found == {"conversation_id": A_UUID, "state_id": "a b"}


def test_a_path_parameter_of_the_wrong_form_is_named() -> None:
    route = route_of(by_uuid, "c/{conversation_id}/s/{state_id}")

    with pytest.raises(UnprocessableInput) as caught:
        path_arguments(route, request(route_params={"conversation_id": "x", "state_id": ""}))

    [fault] = caught.value.faults
    assert (fault["type"], fault["loc"], fault["input"]) == (
        "uuid_parsing",
        ["path", "conversation_id"],
        "x",
    )
    assert "url" not in fault


@pytest.mark.parametrize("raw", ["a/b", "a%2Fb", "a%2fb"])
def test_a_parameter_may_hold_slashes(raw: str) -> None:
    route = route_of(by_text, "services/{*service_id}")

    assert path_arguments(route, request(route_params={"service_id": raw})) == {"service_id": "a/b"}


@pytest.mark.parametrize(
    ("value", "expected"), [("a/api-key", "a"), ("a/b/api-key", "a/b"), ("a%2Fapi-key", "a")]
)
def test_a_suffix_is_cut_off(value: str, expected: str) -> None:
    route = route_of(by_text, "services/{*service_id}", suffix="/api-key")

    found = path_arguments(route, request(route_params={"service_id": value}))

    assert found == {"service_id": expected}


@pytest.mark.parametrize("value", ["a", "a/api-keys", "/api-key", ""])
def test_a_path_without_its_suffix_is_another(value: str) -> None:
    route = route_of(by_text, "services/{*service_id}", suffix="/api-key")

    with pytest.raises(NotFound):
        path_arguments(route, request(route_params={"service_id": value}))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {}),
        ("message_type=chat", {"message_type": [MessageType.CHAT]}),
        (
            "message_type=chat&message_type=log",
            {"message_type": [MessageType.CHAT, MessageType.LOG]},
        ),
        ("participant_role=user", {"participant_role": [ParticipantRole.USER]}),
        ("participant_id=a%20b&participant_id=", {"participant_id": ["a b", ""]}),
        ("participant_id=a,b", {"participant_id": ["a,b"]}),
        ("limit=1&limit=2", {"limit": 2}),
        (f"before={A_UUID}", {"before": A_UUID}),
        ("unknown=1", {}),
    ],
)
def test_the_query_is_read_from_the_url(query: str, expected: dict[str, Any]) -> None:
    assert query_argument(MessageFilter, request(query)) == MessageFilter(**expected)


@pytest.mark.parametrize(
    ("query", "kind", "location"),
    [
        ("limit=501", "less_than_equal", ["query", "limit"]),
        ("limit=-1", "greater_than_equal", ["query", "limit"]),
        ("limit=", "int_parsing", ["query", "limit"]),
        ("limit=1.5", "int_parsing", ["query", "limit"]),
        ("before=x", "uuid_parsing", ["query", "before"]),
        ("message_type=chat&message_type=x", "enum", ["query", "message_type", 1]),
    ],
)
def test_a_query_of_the_wrong_form_is_named(query: str, kind: str, location: list[Any]) -> None:
    [fault] = faults_of(query_argument, MessageFilter, request(query))

    assert (fault["type"], fault["loc"]) == (kind, location)
    assert fault["msg"]


def test_a_body_becomes_a_model_and_unknown_fields_are_ignored() -> None:
    body = '{"content": "ü", "unknown": 1, "metadata": {"a": [1, null]}}'.encode()

    found = body_argument(NewConversationMessage, request(body=body))

    assert (found.content, found.metadata) == ("ü", {"a": [1, None]})


def nested(levels: int) -> bytes:
    """A message with metadata of so many levels."""
    return b'{"content":"","metadata":' + b'{"a":' * levels + b"1" + b"}" * levels + b"}"


@pytest.mark.parametrize(
    ("body", "kind", "location"),
    [
        (b"{}", "missing", ["body", "content"]),
        (b"[]", "model_type", ["body"]),
        (b"null", "model_type", ["body"]),
        (b'"text"', "model_type", ["body"]),
        (b'{"content": 1}', "string_type", ["body", "content"]),
        (b'{"content": null}', "string_type", ["body", "content"]),
        (b'{"content": "", "message_type": "x"}', "enum", ["body", "message_type"]),
        (b'{"content": "", "filenames": [1]}', "string_type", ["body", "filenames", 0]),
        (b'{"content": "", "metadata": []}', "dict_type", ["body", "metadata"]),
        (nested(MAX_JSON_DEPTH + 1), "value_error", ["body", "metadata"]),
    ],
)
def test_a_body_of_the_wrong_form_is_named(body: bytes, kind: str, location: list[Any]) -> None:
    [fault] = body_faults(body)

    assert (fault["type"], fault["loc"]) == (kind, location)


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"{'content': 1}",
        b'{"content": NaN}',
        b'{"content": Infinity}',
        b'{"content": "\xff"}',
        b'{"content": "\\ud800"}',
        b'{"content": ' + b"1" * 5000 + b"}",
        b"[" * 10_000,
        b" ",
    ],
    ids=lambda body: repr(body[:24]),
)
def test_a_body_that_is_no_json_says_so(body: bytes) -> None:
    [fault] = body_faults(body)

    assert (fault["type"], fault["loc"][0]) == ("json_invalid", "body")
    assert fault["ctx"]["error"]


def test_a_missing_body_is_missing() -> None:
    assert body_faults(b"") == [
        {"type": "missing", "loc": ["body"], "msg": "Field required", "input": None}
    ]


@pytest.mark.parametrize(
    ("headers", "body", "error"),
    [
        ({"Transfer-Encoding": "chunked"}, b"", LengthRequired),
        ({"Transfer-Encoding": "gzip, chunked"}, b"", LengthRequired),
        ({"Transfer-Encoding": "chunked", "Content-Length": "0"}, b"", UnprocessableInput),
        ({"Content-Length": "0"}, b"", UnprocessableInput),
        ({}, b"[" * (MAX_BODY_BYTES + 1), TooLarge),
    ],
)
def test_a_body_that_cannot_be_read_says_why(
    headers: dict[str, str], body: bytes, error: type[AppError]
) -> None:
    with pytest.raises(error):
        body_argument(NewConversationMessage, request(body=body, headers=headers))


def test_a_body_as_deep_as_allowed_is_taken() -> None:
    assert body_argument(NewConversationMessage, request(body=nested(MAX_JSON_DEPTH - 1)))


def test_names_of_headers_are_in_lower_case() -> None:
    headers = headers_of(request(headers={"X-API-Key": "A", "AUTHORIZATION": "B"}))

    assert headers["x-api-key"] == "A"
    assert headers["authorization"] == "B"

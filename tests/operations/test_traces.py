"""One trace from a request to what it led to, and what spans may say."""

import secrets
import uuid
from collections.abc import Callable
from typing import Any

import httpx

from local.stack.stack import Stack
from tests.api.assistant_builders import meet
from tests.api.builders import post_message
from tests.operations.conftest import Telemetry
from tests.support.assistant_service import Call, RecordingService
from tests.support.eventually import eventually

SECRET = "what nobody else may read"


def named(name: str) -> Callable[[dict[str, Any]], bool]:
    return lambda span: span["name"] == name


def one(spans: list[dict[str, Any]], name: str) -> dict[str, Any]:
    [found] = [span for span in spans if span["name"] == name]
    return found


def ancestors(spans: list[dict[str, Any]], span: dict[str, Any]) -> list[str]:
    by_id = {found["context"]["span_id"]: found for found in spans}
    names: list[str] = []
    while (parent := by_id.get(span["parent_id"])) is not None:
        names.append(parent["name"])
        span = parent
    return names


async def post_in_a_trace(
    ada: httpx.AsyncClient, service: RecordingService
) -> tuple[str, str, Call]:
    """Post a message under a trace of one's own; trace id, correlation id, what the service got."""
    meeting = await meet(ada, service)
    trace_id, correlation_id = secrets.token_hex(16), str(uuid.uuid4())
    headers = {
        "traceparent": f"00-{trace_id}-{secrets.token_hex(8)}-01",
        "X-Request-ID": correlation_id,
    }
    path = f"/conversations/{meeting.cid}/messages"
    answer = await ada.post(path, json={"content": SECRET}, headers=headers)
    assert answer.status_code == 200, answer.text
    await meeting.hears(SECRET)
    [call] = [call for call in service.calls if SECRET.encode() in call.body]
    return trace_id, correlation_id, call


async def test_one_trace_from_the_request_over_the_database_and_the_queue_to_the_assistant(
    ada: httpx.AsyncClient, service: RecordingService, exported: Telemetry
) -> None:
    trace_id, correlation_id, call = await post_in_a_trace(ada, service)

    async def complete() -> bool:
        return any(map(named("deliver_event"), exported.spans(trace_id)))

    await eventually(complete)
    spans = exported.spans(trace_id)
    request = one(spans, "messages_create")
    posted = one(spans, "assistant POST")
    assert ancestors(spans, posted)[0] == "deliver_event"
    assert ancestors(spans, posted)[-1] == "messages_create"
    assert call.headers["traceparent"].split("-")[1] == trace_id
    assert call.headers["traceparent"].split("-")[2] == posted["context"]["span_id"][2:]
    assert request["attributes"]["workbench.correlation_id"] == correlation_id
    assert posted["attributes"]["workbench.correlation_id"] == correlation_id
    assert call.headers["x-request-id"] == correlation_id
    assert request["attributes"]["http.response.status_code"] == 200
    assert request["attributes"]["workbench.request_charge"] > 0
    below = [span for span in spans if "messages_create" in ancestors(spans, span)]
    assert any("Cosmos" in span["name"] or "Container" in span["name"] for span in below), [
        span["name"] for span in below
    ]


async def test_no_span_holds_content_a_token_or_a_key(
    ada: httpx.AsyncClient, service: RecordingService, exported: Telemetry, traced: Stack
) -> None:
    await post_in_a_trace(ada, service)
    token = ada.headers["Authorization"].removeprefix("Bearer ")

    text = (exported.folder / "spans").read_text(encoding="utf-8")

    assert "messages_create" in text
    for secret in (SECRET, token, token.rpartition(".")[2], traced.addresses.cosmos_key):
        assert secret not in text


async def test_refused_requests_keep_their_status_and_no_exception(
    ada: httpx.AsyncClient, exported: Telemetry
) -> None:
    trace_id = secrets.token_hex(16)
    headers = {"traceparent": f"00-{trace_id}-{secrets.token_hex(8)}-01"}
    unknown = f"/conversations/{uuid.uuid4()}"

    assert (await ada.get(unknown, headers=headers)).status_code == 404

    span = one(exported.spans(trace_id), "conversations_get")
    assert span["attributes"]["http.response.status_code"] == 404
    assert span["status"]["status_code"] == "UNSET"
    assert span["events"] == []


async def test_a_request_without_a_trace_begins_one(
    ada: httpx.AsyncClient, service: RecordingService
) -> None:
    meeting = await meet(ada, service)
    await post_message(ada, meeting.cid, "hello")
    await meeting.hears("hello")

    version, trace_id, _, _ = service.calls[-1].headers["traceparent"].split("-")
    assert version == "00"
    assert int(trace_id, 16) > 0

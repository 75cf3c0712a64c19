"""What spans are below, and what they keep of failures."""

from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanContext, StatusCode, Tracer

from shared import invocation, telemetry
from shared.services.nudges import Nudge

SENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
SENT_TRACE = 0x0AF7651916CD43DD8448EB211C80319C
CONVERSATION = "0af76519-16cd-43dd-8448-eb211c80319c"


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    """Where the spans of a test end up."""
    return InMemorySpanExporter()


@pytest.fixture
def host(exporter: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tracer]:
    """A tracer as the worker has one, whose SDK the application's spans go to as well."""
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(telemetry, "_tracer", provider.get_tracer("workbench"))
    yield provider.get_tracer("host")
    provider.shutdown()


def span_named(exporter: InMemorySpanExporter, name: str) -> ReadableSpan:
    [span] = [span for span in exporter.get_finished_spans() if span.name == name]
    return span


def context_of(span: ReadableSpan) -> SpanContext:
    assert span.context is not None
    return span.context


def test_a_request_is_below_the_host_s_span_of_the_caller_s_trace(
    host: Tracer, exporter: InMemorySpanExporter
) -> None:
    with host.start_as_current_span("host") as outer:
        sent = telemetry.trace_headers()["traceparent"]
        with telemetry.invoked("route", trace_parent=sent):
            pass

    span = span_named(exporter, "route")
    assert span.parent == outer.get_span_context()
    assert span.links == ()


def test_a_queue_message_is_in_the_sender_s_trace_with_a_link_to_the_host_s(
    host: Tracer, exporter: InMemorySpanExporter
) -> None:
    with (
        host.start_as_current_span("host") as outer,
        telemetry.invoked("function", trace_parent=SENT),
    ):
        pass

    span = span_named(exporter, "function")
    assert context_of(span).trace_id == SENT_TRACE
    assert [link.context for link in span.links] == [outer.get_span_context()]


@pytest.mark.parametrize("sent", [None, "", "nonsense", "00-" + "0" * 32 + "-" + "0" * 16 + "-01"])
def test_what_is_no_trace_context_is_ignored(
    host: Tracer, exporter: InMemorySpanExporter, sent: str | None
) -> None:
    with telemetry.invoked("function", trace_parent=sent):
        pass

    assert span_named(exporter, "function").parent is None


def test_queue_messages_carry_the_trace_on(host: Tracer) -> None:
    with telemetry.invoked("function", trace_parent=SENT) as running:
        sent = Nudge.model_validate({"conversation_id": CONVERSATION})

    assert sent.trace_parent == running.trace_parent
    assert sent.trace_parent.split("-")[1] == SENT.split("-")[1]
    assert Nudge.model_validate_json(sent.model_dump_json()) == sent


def test_without_an_sdk_a_trace_is_carried_on_and_none_is_begun() -> None:
    with telemetry.invoked("function", trace_parent=SENT):
        assert telemetry.trace_headers() == {"traceparent": SENT}
    with telemetry.invoked("function"):
        assert telemetry.trace_headers() == {}


def test_a_failure_is_kept_by_its_type_only(host: Tracer, exporter: InMemorySpanExporter) -> None:
    with pytest.raises(ValueError, match="content"), telemetry.invoked("function"):
        raise ValueError("content of a message")

    span = span_named(exporter, "function")
    assert span.status.status_code is StatusCode.ERROR
    assert span.status.description == "ValueError"
    assert span.events == ()
    assert "content" not in span.to_json()


def test_what_the_database_charged_is_kept(host: Tracer, exporter: InMemorySpanExporter) -> None:
    with telemetry.invoked("function"):
        invocation.current().request_charge += 2.5

    attributes = span_named(exporter, "function").attributes or {}
    assert attributes["workbench.request_charge"] == 2.5

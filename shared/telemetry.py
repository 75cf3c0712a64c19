"""Log lines and spans, each with the correlation id of the invocation.

A log line is an event name with its fields. Spans go to whatever OpenTelemetry SDK the process
was given (docs/operations.md); without one they cost next to nothing, and a trace that a caller
began is carried on all the same. Message content, tokens and keys never go into a field or an
attribute, which is why exceptions are recorded by their type only.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Link, Span, SpanContext, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from shared import invocation, metrics
from shared.invocation import Invocation

_CHATTY = ("azure", "httpx", "httpx2", "httpcore", "httpcore2", "msal", "openai")

CORRELATION_ID = "workbench.correlation_id"
REQUEST_CHARGE = "workbench.request_charge"
HTTP_STATUS = "http.response.status_code"
TRACE_PARENT = "traceparent"

SERVER_ERROR = 500

_tracer = trace.get_tracer(metrics.SCOPE)
_propagator = TraceContextTextMapPropagator()


def quieten_libraries() -> None:
    """Keep the SDKs from logging every request that they make."""
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)


def get_logger(name: str) -> logging.Logger:
    """A logger below `workbench`, so that host.json can set its level in one place."""
    return logging.getLogger(f"workbench.{name}")


def log(logger: logging.Logger, level: int, event: str, **fields: object) -> None:
    """Write one line: `event key=value …`; the fields also travel as `workbench.<key>`."""
    if not logger.isEnabledFor(level):
        return
    fields = {"correlation_id": invocation.current().correlation_id, **fields}
    texts = {name: _on_one_line(value) for name, value in fields.items()}
    line = " ".join(f"{name}={text}" for name, text in texts.items())
    extra = {f"{metrics.SCOPE}.{name}": text for name, text in texts.items()}
    logger.log(level, "%s %s", event, line, extra=extra)


def _on_one_line(value: object) -> str:
    """A value as text without line breaks or other control characters: nobody forges a line."""
    text = str(value)
    return text if text.isprintable() else repr(text)


@contextmanager
def invoked(
    function: str, correlation_id: str | None = None, trace_parent: str | None = None
) -> Iterator[Invocation]:
    """Begin an invocation with its span, and measure what it costs.

    `trace_parent` is what the caller or the queue message sent along.
    """
    running = invocation.begin(correlation_id)
    parent, links = _parent(trace_parent or "")
    with _recording(function, SpanKind.INTERNAL, parent, links) as span:
        running.trace_parent = trace_headers().get(TRACE_PARENT, "")
        try:
            yield running
        finally:
            span.set_attribute(REQUEST_CHARGE, running.request_charge)
            metrics.request_charge.record(running.request_charge, {"function": function})


@contextmanager
def continued(name: str, correlation_id: str, trace_parent: str) -> Iterator[None]:
    """A span of what somebody else's request led to, in that request's trace."""
    parent, links = _parent(trace_parent)
    with _recording(name, SpanKind.INTERNAL, parent, links) as span:
        span.set_attribute(CORRELATION_ID, correlation_id)
        yield


@contextmanager
def calling(name: str, **attributes: str) -> Iterator[Span]:
    """A span around a request to another service."""
    with _recording(name, SpanKind.CLIENT, None, ()) as span:
        span.set_attributes(attributes)
        yield span


def note_status(status: int) -> None:
    """Keep the status of an answer with the current span; 5xx mark it as failed."""
    span = trace.get_current_span()
    span.set_attribute(HTTP_STATUS, status)
    if status >= SERVER_ERROR:
        span.set_status(Status(StatusCode.ERROR))


def trace_headers() -> dict[str, str]:
    """The headers that carry the current trace on; empty without one."""
    headers: dict[str, str] = {}
    _propagator.inject(headers)
    return headers


@contextmanager
def _recording(
    name: str, kind: SpanKind, parent: Context | None, links: tuple[Link, ...]
) -> Iterator[Span]:
    """The current span for a block, which fails with the block."""
    with _tracer.start_as_current_span(
        name,
        context=parent,
        kind=kind,
        links=links,
        attributes={CORRELATION_ID: invocation.current().correlation_id},
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        try:
            yield span
        except Exception as error:
            span.set_status(Status(StatusCode.ERROR, type(error).__name__))
            raise


def _parent(trace_parent: str) -> tuple[Context | None, tuple[Link, ...]]:
    """What a span of an invocation is below, and what it is linked to.

    The current span is the parent, as long as it belongs to the trace that was sent along: the
    host's own, for a request. For a queue message the host begins a trace of its own, and a worker
    meets events of many requests: those are left for the sender's trace, with a link, so that a
    request and what it led to are one trace.
    """
    sent = _propagator.extract({TRACE_PARENT: trace_parent}, context=Context())
    sender = _context_of(sent)
    here = _context_of(None)
    if not sender.is_valid or sender.trace_id == here.trace_id:
        return None, ()
    return sent, (Link(here),) if here.is_valid else ()


def _context_of(context: Context | None) -> SpanContext:
    return trace.get_current_span(context).get_span_context()

"""Gives a process of the stack an OpenTelemetry SDK that writes to files, as a worker would.

Python imports a module of this name at the start of every process that has its folder in
PYTHONPATH. Each line of `spans` and `metrics`, in the folder that TELEMETRY_FOLDER names, is JSON.
"""

import os
from pathlib import Path

from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import ConsoleMetricExporter, PeriodicExportingMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor


def _span_line(span: ReadableSpan) -> str:
    return span.to_json(indent=None) + "\n"


def _metrics_line(data: object) -> str:
    return data.to_json(indent=None) + "\n"  # type: ignore[attr-defined]


def _configure(folder: Path) -> None:
    spans = (folder / "spans").open("a", encoding="utf-8")
    measurements = (folder / "metrics").open("a", encoding="utf-8")
    tracers = TracerProvider()
    exporter = ConsoleSpanExporter(out=spans, formatter=_span_line)
    tracers.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(tracers)
    reader = PeriodicExportingMetricReader(
        ConsoleMetricExporter(out=measurements, formatter=_metrics_line),
        export_interval_millis=200,
    )
    metrics.set_meter_provider(MeterProvider([reader]))


if folder := os.environ.get("TELEMETRY_FOLDER"):
    _configure(Path(folder))

"""Metrics for Prometheus, and a request id on every line of the log.

Server processes share their figures only where PROMETHEUS_MULTIPROC_DIR is set before this module is imported.
"""

import os
import time
from typing import Any

import structlog
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
    values,
)
from prometheus_client import multiprocess as shared

from unwall.kernel.ids import new_id

if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
    # prometheus_client looks when it is imported, which pgqueuer does before `unwall serve` knows its processes
    values.ValueClass = values.get_value_class()  # type: ignore[no-untyped-call]

REQUESTS = Histogram(
    "unwall_request_seconds",
    "Time to answer a request",
    ["method", "route", "status"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
BATCHES = Histogram(
    "unwall_batch_items", "Items per group commit", ["batcher"], buckets=(1, 3, 10, 30, 100, 300, 1000, 3000)
)
EVENTS = Counter("unwall_journal_events_total", "Events stored in the journal")

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"})
"""Callers may invent others; each would be a time series of its own."""

log = structlog.get_logger()


def metrics_text(directory: str | None) -> tuple[bytes, str]:
    """The metrics in Prometheus's text format, and its content type; those of all server processes if they share a
    `directory`.
    """
    if not directory:
        return generate_latest(REGISTRY), CONTENT_TYPE_LATEST
    registry = CollectorRegistry()
    shared.MultiProcessCollector(registry, directory)  # type: ignore[no-untyped-call]
    return generate_latest(registry), CONTENT_TYPE_LATEST


class RequestTelemetry:
    """ASGI middleware: a request id on every log line and in the response, and the time that the response took."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begin, request_id, status = time.perf_counter(), str(new_id()), 500
        structlog.contextvars.bind_contextvars(request_id=request_id)

        async def answer(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message.setdefault("headers", []).append((b"x-request-id", request_id.encode()))
            await send(message)

        try:
            await self.app(scope, receive, answer)
        finally:
            took = time.perf_counter() - begin
            method = scope["method"] if scope["method"] in METHODS else "other"
            REQUESTS.labels(method, _route(scope), str(status)).observe(took)
            log.debug("request", method=scope["method"], path=scope["path"], status=status, ms=round(took * 1000, 1))
            structlog.contextvars.unbind_contextvars("request_id")


def _route(scope: Any) -> str:
    """The route's pattern instead of the URL, so that the number of time series is bounded."""
    return str(scope.get("path_template") or "unknown")

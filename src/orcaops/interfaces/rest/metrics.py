"""Metrics: the figures of a server in the text format of Prometheus, in a registry of their own."""

import time
from collections.abc import Callable, Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from orcaops.learning.scoring import Totals
from orcaops.services.gauges import Gauges

MEDIA_TYPE = CONTENT_TYPE_PLAIN_0_0_4
_BUCKETS_S = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)


class Metrics:
    """What is counted here, and what is looked up when somebody asks."""

    def __init__(self, gauges: Gauges, feeds: Callable[[], int]) -> None:
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(_Looked(gauges, feeds))
        self.requests = Counter(
            "orcaops_http_requests",
            "Requests by operation and status.",
            ["operation", "status"],
            registry=self._registry,
        )
        self.seconds = Histogram(
            "orcaops_http_request_seconds",
            "Seconds until the first byte of an answer.",
            registry=self._registry,
            buckets=_BUCKETS_S,
        )

    def text(self) -> bytes:
        """All figures now. Raises ``unavailable`` if the store does not answer."""
        return generate_latest(self._registry)


class _Looked(Collector):
    def __init__(self, gauges: Gauges, feeds: Callable[[], int]) -> None:
        self._gauges = gauges
        self._feeds = feeds

    def collect(self) -> Iterator[Metric]:
        reading = self._gauges.read()
        runs = GaugeMetricFamily("orcaops_runs", "Run records by status.", labels=["status"])
        for status, count in reading.runs.items():
            runs.add_metric([status], count)
        yield runs
        for name, help_text, value in (
            ("orcaops_runs_queued", "Runs that wait to be started.", reading.queued),
            ("orcaops_runs_active", "Runs that this process has at work.", reading.active),
            (
                "orcaops_absorb_lag_seconds",
                "How long the oldest run that is not learned from has been final.",
                reading.absorb_lag_s,
            ),
            ("orcaops_feeds", "Clients that follow a log or take an export.", self._feeds()),
        ):
            yield GaugeMetricFamily(name, help_text, value=value)
        paused = GaugeMetricFamily(
            "orcaops_automation_paused", "1 where an incident pauses automation.", labels=["workspace"]
        )
        for workspace in reading.paused:
            paused.add_metric([workspace], 1)
        yield paused
        undelivered = GaugeMetricFamily(
            "orcaops_notices_undelivered", "Messages to people that were given up.", labels=["channel"]
        )
        for channel, count in reading.undelivered.items():
            undelivered.add_metric([channel], count)
        yield undelivered
        yield from _predictions(reading.predictions)


def _predictions(totals: Mapping[str, Totals]) -> Iterator[Metric]:
    """How good predictions are, by quantity; never by job, of which there is no end."""
    scored = CounterMetricFamily(
        "orcaops_predictions_scored", "Predictions that were held against what came.", labels=["quantity"]
    )
    for quantity, told in totals.items():
        scored.add_metric([quantity], told.scored)
    yield scored
    for name, help_text, field in (
        ("orcaops_prediction_within_20_share", "Share within 20 % of the truth.", "within_20"),
        ("orcaops_prediction_coverage_share", "Share whose truth lay in the interval.", "inside"),
        ("orcaops_prediction_abs_log_error", "Mean of |ln(estimate / truth)|.", "abs_log_error"),
        ("orcaops_prediction_brier", "Mean squared distance of a risk from what came.", "brier"),
        ("orcaops_prediction_rival_error", "The same error of the best naive rule.", "rival_error"),
    ):
        gauge = GaugeMetricFamily(name, help_text, labels=["quantity"])
        for quantity, told in totals.items():
            value = getattr(told, field)
            if value is not None:
                gauge.add_metric([quantity], value)
        yield gauge


class CountingMiddleware:
    """Counts requests by operation, not by address: addresses are endless."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on, and count the answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._metrics.seconds.observe(time.perf_counter() - began)
                operation = getattr(scope.get("route"), "operation_id", None) or "none"
                self._metrics.requests.labels(operation, message["status"]).inc()
            await send(message)

        await self._app(scope, receive, counted)

"""Push the metrics to an OpenTelemetry collector, over OTLP/HTTP. Needs the extra `otlp`.

Of OpenTelemetry's SDK only the exporter is used: `metrics` says why the numbers are counted here.
"""

import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import version
from time import time_ns
from typing import Any

import anyio
from anyio.to_thread import run_sync

from llm_server.backends.base import MissingExtra
from llm_server.metrics import Distribution, Family, Labels
from llm_server.settings import MetricsSettings

try:
    from opentelemetry.exporter.otlp.proto.http import metric_exporter
    from opentelemetry.sdk.metrics import export as sdk
    from opentelemetry.sdk.resources import OTELResourceDetector, Resource
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope
except ModuleNotFoundError as exc:
    raise MissingExtra("otlp") from exc

logger = logging.getLogger(__name__)

NAME = "simli-llm-server"
PATH = "/v1/metrics"
SINCE_START = sdk.AggregationTemporality.CUMULATIVE

# One push, with what the exporter itself tries again; and so how much later than without it the
# process can end.
PUSH_S = 5


class OtlpExport:
    """Pushes what `families` gives to the collector of the settings."""

    def __init__(self, settings: MetricsSettings, families: Callable[[], Sequence[Family]]) -> None:
        assert settings.otlp_endpoint
        self._families = families
        self._every_s = settings.otlp_every_s
        self._exporter = metric_exporter.OTLPMetricExporter(
            endpoint=settings.otlp_endpoint.removesuffix(PATH) + PATH,
            headers=settings.otlp_headers,
            timeout=PUSH_S,
        )
        self._complaints = _Complaints()
        self._started_ns = time_ns()
        self._failing = False

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Push again and again while the block runs, and once more at its end."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._keep_pushing)
            try:
                yield
            finally:
                tasks.cancel_scope.cancel()
                with anyio.move_on_after(PUSH_S, shield=True):
                    await self._push()
                self._exporter.shutdown()

    async def _keep_pushing(self) -> None:
        while True:
            await anyio.sleep(self._every_s)
            await self._push()

    async def _push(self) -> None:
        """Push once. A failure loses nothing: the next push tells all that there was."""
        self._complaints.first = ""
        pushed = await run_sync(self._export, self._families(), abandon_on_cancel=True)
        if not pushed and not self._failing:
            logger.error("metrics cannot be pushed: %s", self._complaints.first)
        if pushed and self._failing:
            logger.warning("metrics can be pushed again")
        self._failing = not pushed

    def _export(self, families: Sequence[Family]) -> bool:
        now_ns = time_ns()
        metrics = [_metric(family, self._started_ns, now_ns) for family in families]
        scope = sdk.ScopeMetrics(InstrumentationScope(NAME), metrics, schema_url="")
        data = sdk.MetricsData([sdk.ResourceMetrics(_resource(), [scope], schema_url="")])
        return self._exporter.export(data) is sdk.MetricExportResult.SUCCESS


class _Complaints(logging.Handler):
    """Keeps the first thing that the exporter says of a push: it would say it all with each."""

    def __init__(self) -> None:
        super().__init__()
        self.first = ""
        exporters = logging.getLogger(metric_exporter.__name__)
        exporters.handlers, exporters.propagate = [self], False

    def emit(self, record: logging.LogRecord) -> None:
        self.first = self.first or record.getMessage()


def _resource() -> Resource:
    """Who counted: each process has an id. What OTEL_RESOURCE_ATTRIBUTES says comes first."""
    ours = Resource.create({"service.name": NAME, "service.version": version(NAME)})
    return ours.merge(OTELResourceDetector().detect())


def _metric(family: Family, started_ns: int, now_ns: int) -> sdk.Metric:
    points: list[Any] = [
        _point(labels, value, started_ns, now_ns) for labels, value in family.points.items()
    ]
    match family.kind:
        case "gauge":
            data: sdk.DataT = sdk.Gauge(points)
        case "counter":
            data = sdk.Sum(points, SINCE_START, is_monotonic=True)
        case "histogram":
            data = sdk.Histogram(points, SINCE_START)
    return sdk.Metric(family.name, family.help, family.unit, data)


def _point(
    labels: Labels, value: int | Distribution, started_ns: int, now_ns: int
) -> sdk.NumberDataPoint | sdk.HistogramDataPoint:
    if isinstance(value, int):
        return sdk.NumberDataPoint(dict(labels), started_ns, now_ns, value)
    return sdk.HistogramDataPoint(
        attributes=dict(labels),
        start_time_unix_nano=started_ns,
        time_unix_nano=now_ns,
        count=sum(value.counts),
        sum=value.total,
        bucket_counts=value.counts,
        explicit_bounds=value.bounds,
        # Not counted. Both are optional on the wire, if not in the SDK's types.
        min=None,  # type: ignore[arg-type]
        max=None,  # type: ignore[arg-type]
    )

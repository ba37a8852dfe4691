"""Metrics as a collector on a real socket gets them."""

import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager

import anyio
import pytest
from fastapi import FastAPI
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality, Metric

from llm_server import Settings, create_app, otlp
from llm_server.measures import VOICE_S
from llm_server.metrics import Metrics
from llm_server.otlp import OtlpExport
from llm_server.settings import MetricsSettings
from llm_server.settings_problems import InvalidSettings
from llm_server.testing.received import ReceivedRequest
from llm_server.testing.server import listen
from llm_server.testing.wire import WireAnswer, json_answer
from tests.llm_server.fakes import ListSink, ScriptedBackend
from tests.llm_server.servers import serve
from tests.llm_server.wire import API_KEY, MODEL, caller, completion

LABELS = {
    "gen_ai.request.model": MODEL,
    "gen_ai.response.model": MODEL,
    "simli_llm.outcome": "completed",
    "simli_llm.caller": "service",
}


class Collector:
    """Takes every push. Gives these answers first."""

    def __init__(self) -> None:
        self.url = ""
        self.answers: list[WireAnswer] = []
        self.pushed: list[ReceivedRequest] = []
        self.arrived = anyio.Event()

    def respond(self, request: ReceivedRequest) -> WireAnswer:
        self.pushed.append(request)
        self.arrived.set()
        return self.answers.pop(0) if self.answers else json_answer(200, {})

    async def pushes(self, number: int) -> None:
        """Wait for so many."""
        with anyio.fail_after(5):
            while len(self.pushed) < number:
                self.arrived = anyio.Event()
                await self.arrived.wait()

    @property
    def last(self) -> ExportMetricsServiceRequest:
        last = ExportMetricsServiceRequest()
        last.ParseFromString(self.pushed[-1].content)
        return last

    def metric(self, name: str) -> Metric:
        """The only one of this name in the last push."""
        [resource] = self.last.resource_metrics
        [scope] = resource.scope_metrics
        metrics: list[Metric] = [metric for metric in scope.metrics if metric.name == name]
        assert len(metrics) == 1
        return metrics[0]


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    collector = Collector()
    async with listen(collector.respond) as port:
        collector.url = f"http://127.0.0.1:{port}"
        yield collector


@pytest.fixture
def app(
    settings: Settings, sink: ListSink, backend: ScriptedBackend, collector: Collector
) -> FastAPI:
    metrics = MetricsSettings(
        otlp_endpoint=collector.url, otlp_headers={"x-collector-key": "secret"}
    )
    pushed = settings.model_copy(update={"metrics": metrics})
    return create_app(pushed, sink, backends={MODEL: backend})


@pytest.fixture
async def after_a_turn(app: FastAPI, collector: Collector) -> Collector:
    """The collector, when a server has answered once and ended."""
    async with serve(app) as url, caller(url, API_KEY) as client:
        await completion(client)
    return collector


def pushing(collector: Collector, every_s: float = 0.01) -> AbstractAsyncContextManager[None]:
    settings = MetricsSettings(otlp_endpoint=collector.url, otlp_every_s=every_s)
    return OtlpExport(settings, Metrics().families).running()


def words(attributes: Iterable[KeyValue]) -> dict[str, str]:
    return {pair.key: pair.value.string_value for pair in attributes}


async def test_the_last_push_has_all_turns(after_a_turn: Collector) -> None:
    turns = after_a_turn.metric("simli_llm.turns")

    assert turns.unit == "{turn}"
    assert turns.sum.is_monotonic
    assert (
        turns.sum.aggregation_temporality
        == AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
    )
    [point] = turns.sum.data_points
    assert (words(point.attributes), point.as_int) == (LABELS, 1)
    assert 0 < point.start_time_unix_nano < point.time_unix_nano


async def test_a_time_is_a_histogram_in_seconds(after_a_turn: Collector) -> None:
    times = after_a_turn.metric("gen_ai.server.time_to_first_token")

    assert times.unit == "s"
    [point] = times.histogram.data_points
    assert words(point.attributes) == LABELS
    assert tuple(point.explicit_bounds) == VOICE_S
    assert sum(point.bucket_counts) == point.count == 1
    assert point.sum > 0
    assert not point.HasField("min")


async def test_what_is_now_is_a_gauge(after_a_turn: Collector) -> None:
    [point] = after_a_turn.metric("simli_llm.open_streams").gauge.data_points

    assert point.as_int == 0


async def test_what_is_in_one_of_several_states_is_a_gauge_for_each(
    after_a_turn: Collector,
) -> None:
    points = after_a_turn.metric("simli_llm.breaker_state").gauge.data_points

    states = [words(p.attributes)["simli_llm.breaker.state"] for p in points if p.as_int]
    assert states == ["closed"] * 2
    assert len(points) == 3 * 2


async def test_what_never_was_has_no_points(after_a_turn: Collector) -> None:
    assert not after_a_turn.metric("simli_llm.upstream_errors").sum.data_points


async def test_it_goes_where_collectors_listen(after_a_turn: Collector) -> None:
    [request] = after_a_turn.pushed

    assert (request.method, request.path) == ("POST", "/v1/metrics")
    assert request.headers["content-type"] == "application/x-protobuf"
    assert request.headers["x-collector-key"] == "secret"


async def test_the_path_may_be_given_too(collector: Collector) -> None:
    collector.url += "/v1/metrics"

    async with pushing(collector):
        await collector.pushes(1)

    assert collector.pushed[0].path == "/v1/metrics"


async def test_a_push_tells_who_counted(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with pushing(collector):
        await collector.pushes(1)
    ours = words(collector.last.resource_metrics[0].resource.attributes)
    monkeypatch.setenv("OTEL_SERVICE_NAME", "maya")
    async with pushing(collector):
        pass
    named = words(collector.last.resource_metrics[0].resource.attributes)

    assert ours["service.name"] == "simli-llm-server"
    assert ours["service.instance.id"]
    assert named["service.name"] == "maya"


async def test_pushes_go_on(collector: Collector) -> None:
    async with pushing(collector):
        await collector.pushes(3)


async def test_a_collector_that_fails_is_logged_once_and_so_is_its_recovery(
    collector: Collector, caplog: pytest.LogCaptureFixture
) -> None:
    collector.answers = [json_answer(400, {})] * 3

    async with pushing(collector):
        await collector.pushes(5)

    failed, again = (record.getMessage() for record in caplog.records)
    assert failed.startswith("metrics cannot be pushed: ")
    assert "400" in failed
    assert again == "metrics can be pushed again"


async def test_a_collector_that_hangs_does_not_keep_the_server_from_ending(
    app: FastAPI, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(otlp, "PUSH_S", 0.1)
    collector.answers = [WireAnswer([], "silence")]

    with anyio.fail_after(5):
        async with serve(app):
            pass

    assert collector.pushed


def test_without_the_extra_the_server_says_what_it_needs(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "llm_server.otlp")
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http", None)
    metrics = MetricsSettings(otlp_endpoint="http://127.0.0.1:4318")

    with pytest.raises(InvalidSettings, match=r"metrics.otlp_endpoint: .*\[otlp\]"):
        create_app(settings.model_copy(update={"metrics": metrics}))

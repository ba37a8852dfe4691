"""Numbers of the turns, as they are counted. `prometheus` and `otlp` write them.

They are counted here, because OpenTelemetry's SDK takes 10 µs for every number, against 3 µs for
all those of a turn.

No label is an id, a key, or anything that was said.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from llm_server.measures import (
    BREAKER,
    BREAKER_STATE,
    CALLER,
    COUNTS,
    MEASURES,
    OPEN_STREAMS,
    OUTCOME,
    REQUEST_MODEL,
    RESPONSE_MODEL,
    TOKEN_TYPE,
    TURNS,
    UPSTREAM_ERRORS,
    Count,
)
from llm_server.routing.breaker import BreakerState
from llm_server.turns import Turn, TurnSink

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Distribution:
    """How often a number came, by size: up to each bound, and above the last."""

    bounds: tuple[float, ...]
    counts: tuple[int, ...]
    total: float


@dataclass(frozen=True, slots=True)
class Family:
    """What all numbers of one name were at one moment, by their labels."""

    name: str
    help: str
    unit: str
    """As OpenTelemetry writes it: `s`, `{token}`."""
    kind: Literal["counter", "gauge", "histogram"]
    points: Mapping[Labels, int | Distribution]


class Histogram:
    """How often a number came, by size."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def add(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    @property
    def now(self) -> Distribution:
        return Distribution(self.bounds, tuple(self.counts), self.total)


class Series:
    """The turns that have all labels in common."""

    def __init__(self) -> None:
        self.turns = 0
        self.histograms = [Histogram(measure.bounds) for measure in MEASURES]

    def add(self, turn: Turn) -> None:
        self.turns += 1
        for measure, histogram in zip(MEASURES, self.histograms, strict=True):
            if (value := measure.of(turn)) is not None:
                histogram.add(value)


class Metrics:
    """The numbers of one app. Recording is for its event loop alone: there is no lock."""

    def __init__(
        self,
        open_streams: Callable[[], int] = lambda: 0,
        breakers: Callable[[], Mapping[str, BreakerState]] = dict,
    ) -> None:
        """What is now, and not counted, is asked for when the numbers are."""
        self._open_streams = open_streams
        self._breakers = breakers
        self._series: dict[tuple[str, ...], Series] = {}
        self._counters: dict[str, Counter[tuple[str, ...]]] = {
            count.name: Counter() for count in COUNTS
        }

    def record(self, turn: Turn) -> None:
        """Count a turn that is over."""
        caller = "session" if turn.session_id else "service"
        key = (turn.model, turn.answered_by or "", turn.outcome.value, caller)
        if (series := self._series.get(key)) is None:
            series = self._series[key] = Series()
        series.add(turn)
        for count in COUNTS:
            for labels in count.of(turn):
                self._counters[count.name][labels] += 1

    def upstream_error(self, model: str, kind: str) -> None:
        """Count a failure. Turns that failed are counted by `record`."""
        self._counters[UPSTREAM_ERRORS][model, kind] += 1

    def families(self) -> list[Family]:
        """All numbers as they are now: what is counted from here on does not change them."""
        names = (REQUEST_MODEL, RESPONSE_MODEL, OUTCOME, CALLER)
        series = {_labels(names, key): series for key, series in self._series.items()}
        turns = {labels: one.turns for labels, one in series.items()}
        return [
            Family(TURNS, "Turns, by how they ended.", "{turn}", "counter", turns),
            *self._gauges(),
            *(_counted(count, self._counters[count.name]) for count in COUNTS),
            *_distributions(series),
        ]

    def _gauges(self) -> Iterator[Family]:
        streams = self._open_streams()
        yield Family(OPEN_STREAMS, "Streams that are open now.", "{stream}", "gauge", {(): streams})
        states: dict[Labels, int] = {
            ((REQUEST_MODEL, model), (BREAKER, state.value)): int(state is now)
            for model, now in self._breakers().items()
            for state in BreakerState
        }
        yield Family(BREAKER_STATE, "1 for the state a breaker is in.", "1", "gauge", states)


def _counted(count: Count, counter: Counter[tuple[str, ...]]) -> Family:
    points = {_labels(count.labels, values): number for values, number in counter.items()}
    return Family(count.name, count.help, count.unit, "counter", points)


def _distributions(series: Mapping[Labels, Series]) -> Iterator[Family]:
    numbered = enumerate(MEASURES)
    for name, group in groupby(numbered, key=lambda one: one[1].name):
        points: dict[Labels, int | Distribution] = {}
        for number, measure in group:
            extra = ((TOKEN_TYPE, measure.token_type),) if measure.token_type else ()
            for labels, one in series.items():
                points[labels + extra] = one.histograms[number].now
        yield Family(name, measure.help, measure.unit, "histogram", points)


def _labels(names: tuple[str, ...], values: tuple[str, ...]) -> Labels:
    return tuple(zip(names, values, strict=True))


class MetricsTurnSink:
    """Counts each turn, then hands it on."""

    def __init__(self, metrics: Metrics, sink: TurnSink) -> None:
        self._metrics = metrics
        self._sink = sink

    def record(self, turn: Turn) -> None:
        self._metrics.record(turn)
        self._sink.record(turn)

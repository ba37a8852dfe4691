"""Numbers of the turns, for GET /metrics.

They are counted and written here. OpenTelemetry's SDK takes 10 µs for every number, against 3 µs
for all those of a turn, and Prometheus' client 40 ms to write those of 50 models, during which no
stream would move.

No label is an id, a key, or anything that was said.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import accumulate

from llm_server.measures import (
    CALLER,
    ERROR_TYPE,
    MEASURES,
    OPEN_STREAMS,
    OUTCOME,
    REQUEST_MODEL,
    RESPONSE_MODEL,
    TOKEN_TYPE,
    TURNS,
    UPSTREAM_ERRORS,
)
from llm_server.turns import Turn, TurnSink

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


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

    def lines(self, name: str, labels: str) -> Iterator[str]:
        for bound, count in zip(self.bounds, accumulate(self.counts), strict=False):
            yield f'{name}_bucket{{{labels},le="{bound}"}} {count}\n'
        count = sum(self.counts)
        yield f'{name}_bucket{{{labels},le="+Inf"}} {count}\n'
        yield f"{name}_count{{{labels}}} {count}\n{name}_sum{{{labels}}} {self.total}\n"


class Series:
    """The turns that have all labels in common."""

    def __init__(self, labels: str) -> None:
        self.labels = labels
        self.turns = 0
        self.histograms = [Histogram(measure.bounds) for measure in MEASURES]

    def add(self, turn: Turn) -> None:
        self.turns += 1
        for measure, histogram in zip(MEASURES, self.histograms, strict=True):
            if (value := measure.of(turn)) is not None:
                histogram.add(value)


class Metrics:
    """The numbers of one app. Recording is for its event loop alone: there is no lock."""

    def __init__(self, open_streams: Callable[[], int] = lambda: 0) -> None:
        self._open_streams = open_streams
        self._series: dict[tuple[str, ...], Series] = {}
        self._errors: Counter[tuple[str, str]] = Counter()

    def record(self, turn: Turn) -> None:
        """Count a turn that is over."""
        caller = "session" if turn.session_id else "service"
        key = (turn.model, turn.answered_by or "", turn.outcome.value, caller)
        if (series := self._series.get(key)) is None:
            names = (REQUEST_MODEL, RESPONSE_MODEL, OUTCOME, CALLER)
            series = self._series[key] = Series(_labels(*zip(names, key, strict=True)))
        series.add(turn)
        if turn.error:
            self.upstream_error(turn.model, turn.error)

    def upstream_error(self, model: str, kind: str) -> None:
        """Count a failure. Turns that failed are counted by `record`."""
        self._errors[model, kind] += 1

    def text(self) -> bytes:
        """All of it, as Prometheus reads it."""
        return "".join(self._lines()).encode()

    def _lines(self) -> Iterator[str]:
        yield _head(TURNS, "counter", "Turns, by how they ended.")
        for series in self._series.values():
            yield f"{_name(TURNS)}_total{{{series.labels}}} {series.turns}\n"
        yield _head(OPEN_STREAMS, "gauge", "Streams that are open now.")
        yield f"{_name(OPEN_STREAMS)} {self._open_streams()}\n"
        yield _head(UPSTREAM_ERRORS, "counter", "What failed.")
        for (model, kind), count in self._errors.items():
            labels = _labels((REQUEST_MODEL, model), (ERROR_TYPE, kind))
            yield f"{_name(UPSTREAM_ERRORS)}_total{{{labels}}} {count}\n"
        yield from self._histograms()

    def _histograms(self) -> Iterator[str]:
        begun = ""
        for number, measure in enumerate(MEASURES):
            if measure.name != begun:
                yield _head(begun := measure.name, "histogram", measure.help, measure.unit)
            name = _name(measure.name) + measure.unit
            token_type = measure.token_type and "," + _labels((TOKEN_TYPE, measure.token_type))
            for series in self._series.values():
                yield from series.histograms[number].lines(name, series.labels + token_type)


def _name(name: str) -> str:
    """Prometheus knows no dots."""
    return name.replace(".", "_")


def _head(name: str, kind: str, meaning: str, unit: str = "") -> str:
    name = _name(name) + unit + ("_total" if kind == "counter" else "")
    return f"# HELP {name} {meaning}\n# TYPE {name} {kind}\n"


def _labels(*pairs: tuple[str, str]) -> str:
    return ",".join(f'{_name(name)}="{_escaped(value)}"' for name, value in pairs)


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


class MetricsTurnSink:
    """Counts each turn, then hands it on."""

    def __init__(self, metrics: Metrics, sink: TurnSink) -> None:
        self._metrics = metrics
        self._sink = sink

    def record(self, turn: Turn) -> None:
        self._metrics.record(turn)
        self._sink.record(turn)

"""What one request will get, decided when it arrives: events, their waits, and what breaks."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from random import Random

from llm_server.backends.mock.faults import Faults
from llm_server.backends.mock.latency import draw
from llm_server.backends.mock.options import Fault, MockOptions
from llm_server.backends.mock.script import events_of, reply_to
from llm_server.events import BackendEvent, Delta, Usage
from llm_server.protocol import ChatRequest, text_of

_UNUSED = Random()

REFUSED = frozenset({"context-length", "content-filter", "no-prefill"})
AT_ONCE = REFUSED | {"401", "429", "429-retry-after", "500", "503", "reset", "no-answer"}
IN_THE_MIDDLE = frozenset({"cut", "stall", "malformed", "oversized"})


@dataclass(frozen=True, slots=True)
class Step:
    """An event, and the seconds before it."""

    wait_s: float
    event: BackendEvent


@dataclass(frozen=True, slots=True)
class Plan:
    """One answer. `fault` is None when nothing goes wrong."""

    steps: list[Step]
    fault: Fault | None

    @property
    def breaks_at_once(self) -> bool:
        return self.fault is not None and self.fault.name in AT_ONCE

    @property
    def breaks_before(self) -> int | None:
        """The number of the step before which the fault strikes; None when it never does."""
        if self.breaks_at_once:
            return 0
        if self.fault is None or self.fault.name not in IN_THE_MIDDLE:
            return None
        deltas = sum(isinstance(step.event, Delta) for step in self.steps)
        return min(self.fault.after, deltas)


class Planner:
    """Makes plans. All it keeps is how many faults are left, and how many requests there were."""

    def __init__(self, options: MockOptions) -> None:
        self._options = options
        self._faults = Faults(options.fault)
        self._numbers = count()
        self._seed = Random(options.seed).random()

    def plan(self, request: ChatRequest) -> Plan:
        fault = self._faults.next(request)
        events: list[BackendEvent] = [*events_of(reply_to(self._options, request), request)]
        tokens = sum(isinstance(event, Delta) for event in events)
        events = _broken([*events, _usage(request, tokens)], fault)
        waits = self._waits(self._random(), fault)
        return Plan([Step(_wait(event, waits), event) for event in events], fault)

    def _random(self) -> Random:
        """One for each request: what others draw meanwhile changes nothing."""
        number = next(self._numbers)
        latencies = self._options.first_token_s, self._options.token_s
        if all(len(latency) == 1 for latency in latencies):
            return _UNUSED  # A seed takes 10 µs, and nothing would be drawn.
        return Random(f"{self._seed} {number}")

    def _waits(self, random: Random, fault: Fault | None) -> Iterator[float]:
        slow = fault is not None and fault.name == "slow-first-token"
        yield fault.seconds if fault and slow else draw(self._options.first_token_s, random)
        while True:
            yield draw(self._options.token_s, random)


def _wait(event: BackendEvent, waits: Iterator[float]) -> float:
    return next(waits) if isinstance(event, Delta) else 0


def _broken(events: list[BackendEvent], fault: Fault | None) -> list[BackendEvent]:
    """Leave out what the fault leaves out."""
    match fault.name if fault else None:
        case "no-finish":
            return [event for event in events if isinstance(event, Delta)]
        case "empty":
            return [event for event in events if not isinstance(event, Delta)]
        case _:
            return events


def _usage(request: ChatRequest, completion_tokens: int) -> Usage:
    """Words, counted as tokens: enough to see where the number ends up."""
    prompt_tokens = sum(len(text_of(message).split()) for message in request.messages)
    return Usage(
        {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": completion_tokens,
            "total_tokens": prompt_tokens + completion_tokens,
        }
    )

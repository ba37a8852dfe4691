"""What a mock can be told: its script, its speed and its faults."""

from re import Pattern
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from llm_server.sections import Section

FaultName = Literal[
    "401",
    "429",
    "429-retry-after",
    "500",
    "503",
    "context-length",
    "content-filter",
    "no-prefill",
    "reset",
    "no-answer",
    "slow-first-token",
    "cut",
    "stall",
    "malformed",
    "no-done",
    "no-finish",
    "empty",
    "oversized",
]


def _as_mapping(key: str, accepted: Any) -> BeforeValidator:
    """Let `{key: value}` be written as the value alone. `accepted` is what a schema says."""

    def widen(value: Any) -> Any:
        return {key: value} if isinstance(value, str | int) else value

    return BeforeValidator(widen, json_schema_input_type=accepted)


def _as_percentiles(value: Any) -> Any:
    """Let a number be what it takes every time."""
    if not isinstance(value, str | int | float):
        return value
    try:
        seconds = float(value)
    except ValueError as exc:
        raise ValueError("expected seconds, or percentiles such as {p50: 0.2}") from exc
    if seconds < 0:
        raise ValueError("Input should be greater than or equal to 0")
    return {"p50": seconds}


def _rising(points: dict[str, float]) -> dict[str, float]:
    seconds = [points[name] for name in sorted(points, key=percent)]
    if seconds != sorted(seconds):
        raise ValueError("expected percentiles that do not fall")
    return points


def percent(name: str) -> int:
    """50 of `p50`."""
    return int(name.removeprefix("p"))


Seconds = Annotated[float, Field(ge=0)]
Percentile = Annotated[str, Field(pattern=r"^p(\d\d?|100)$")]
Percentiles = dict[Percentile, Seconds]
Latency = Annotated[
    Percentiles,
    Field(min_length=1),
    AfterValidator(_rising),
    BeforeValidator(_as_percentiles, json_schema_input_type=float | Percentiles),
]


class Documented(Section):
    """A section whose keys are described by the strings below them."""


class ToolCall(Documented):
    """A function that the mock asks its caller to call."""

    name: str
    arguments: dict[str, Any] = Field(default_factory=dict)


class Reply(Documented):
    """One answer: text, tool calls, or both. A string is a reply of that text."""

    text: str = ""
    tool_calls: list[ToolCall] = Field(default_factory=list)
    then: "Said | None" = None
    """The answer to the results of the tool calls; by default, the last result is said."""
    finish_reason: str | None = None
    """By default `tool_calls` or `stop`."""


Said = Annotated[Reply, _as_mapping("text", str | Reply)]


class Rule(Documented):
    """A reply to whoever says something that matches."""

    when: Pattern[str]
    """A regular expression, searched in what the user said last."""
    reply: Said


class Fault(Documented):
    """Something that goes wrong. A string is the fault of that name.

    `no-prefill` refuses only conversations that end with the assistant's words.
    """

    name: Annotated[FaultName, BeforeValidator(str)]
    after: Annotated[int, Field(ge=0)] = 3
    """Deltas before `cut`, `stall`, `malformed` and `oversized`."""
    seconds: Seconds = 10
    """What `slow-first-token` waits for."""
    retry_after_s: Seconds = 1
    """What `429-retry-after` asks for."""
    size: Annotated[int, Field(gt=0)] = 16 * 1024 * 1024
    """Bytes of the chunk of `oversized`: twice what the server takes from an upstream."""
    times: Annotated[int, Field(gt=0)] | None = None
    """Only the first requests of the process fail; by default all do."""
    for_s: Seconds | None = None
    """Requests fail for this long, from the first on."""
    once: bool = False
    """The same as `times: 1`."""

    @property
    def limit(self) -> int | None:
        return 1 if self.once else self.times

    @property
    def headers(self) -> dict[str, str]:
        """What a refusal has beside its error."""
        if self.name != "429-retry-after":
            return {}
        return {"retry-after": f"{self.retry_after_s:g}"}


class MockOptions(Documented):
    """What the mock says, how fast, and what goes wrong."""

    reply: Said = Reply(text="This is the mock backend. Configure a model to hear a real answer.")
    """What is said when nothing below says otherwise."""
    replies: list[Said] = Field(default_factory=list)
    """One answer for each turn of a conversation, then from the start again; wins over `reply`."""
    rules: list[Rule] = Field(default_factory=list)
    """The first that matches what the user said last wins over `replies`."""
    first_token_s: Latency = Field(default={"p50": 0})
    """Seconds before the first token, or percentiles such as `{p50: 0.2, p90: 0.5, p99: 1.2}`."""
    token_s: Latency = Field(default={"p50": 0})
    """Seconds before each further token, or percentiles."""
    seed: int | None = None
    """The same seed draws the same latencies."""
    fault: Annotated[Fault | None, _as_mapping("name", str | Fault | None)] = None
    """What goes wrong; a request can ask for another in `metadata: {mock_fault: …}`, or in the
    header `x-mock-fault`."""


Reply.model_rebuild()

"""What is measured of a turn, and what it is called.

Names follow OpenTelemetry's conventions for generative AI:
https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-metrics/.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from llm_server.events import ToolRan
from llm_server.turns import Turn

TIME_TO_FIRST_TOKEN = "gen_ai.server.time_to_first_token"
TIME_PER_OUTPUT_TOKEN = "gen_ai.server.time_per_output_token"
REQUEST_DURATION = "gen_ai.server.request.duration"
TOKEN_USAGE = "gen_ai.client.token.usage"
FIRST_SENTENCE = "simli_llm.first_sentence"
TURNS = "simli_llm.turns"
OPEN_STREAMS = "simli_llm.open_streams"
UPSTREAM_ERRORS = "simli_llm.upstream_errors"
ATTEMPTS = "simli_llm.attempts"
RESCUES = "simli_llm.rescues"
ASIDES = "simli_llm.asides"
TOOL_CALLS = "simli_llm.tool_calls"
BREAKER_STATE = "simli_llm.breaker_state"
"""Of each model one series for each state: 1 for the one that it is in, else 0, as OpenTelemetry
does it in `hw.status`. Summed, they tell how many are in a state; numbers for states could not."""

REQUEST_MODEL = "gen_ai.request.model"
RESPONSE_MODEL = "gen_ai.response.model"
OUTCOME = "simli_llm.outcome"
CALLER = "simli_llm.caller"
TOKEN_TYPE = "gen_ai.token.type"
ERROR_TYPE = "error.type"
ASIDE_KIND = "simli_llm.aside.kind"
TOOL_NAME = "gen_ai.tool.name"
BREAKER = "simli_llm.breaker.state"

# Seconds, closest where a conversation begins to drag.
VOICE_S = (0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)
TOKEN_S = (0.0025, 0.005, 0.01, 0.015, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1.0)
WHOLE_S = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 7.5, 10.0, 20.0, 30.0, 60.0, 120.0, 600.0)
TOKENS = (1.0, 4.0, 16.0, 64.0, 256.0, 1024.0, 4096.0, 16384.0, 65536.0, 262144.0)


@dataclass(frozen=True, slots=True)
class Measure:
    """A number that turns have."""

    name: str
    help: str
    bounds: tuple[float, ...]
    of: Callable[[Turn], float | None]
    token_type: str = ""

    @property
    def unit(self) -> str:
        return "{token}" if self.token_type else "s"


def _per_token_s(turn: Turn) -> float | None:
    tokens = turn.completion_tokens or 0
    if turn.ttft_s is None or tokens < 2:
        return None
    return (turn.duration_s - turn.ttft_s) / (tokens - 1)


MEASURES = (
    Measure(
        TIME_TO_FIRST_TOKEN, "Until the first text or tool call.", VOICE_S, lambda turn: turn.ttft_s
    ),
    Measure(
        FIRST_SENTENCE,
        "Until a whole sentence was sent.",
        VOICE_S,
        lambda turn: turn.first_sentence_s,
    ),
    Measure(TIME_PER_OUTPUT_TOKEN, "Between tokens after the first.", TOKEN_S, _per_token_s),
    Measure(REQUEST_DURATION, "Until the last byte.", WHOLE_S, lambda turn: turn.duration_s),
    Measure(TOKEN_USAGE, "Tokens, as upstreams count.", TOKENS, lambda t: t.prompt_tokens, "input"),
    Measure(
        TOKEN_USAGE, "Tokens, as upstreams count.", TOKENS, lambda t: t.completion_tokens, "output"
    ),
)


@dataclass(frozen=True, slots=True)
class Count:
    """Things that turns have any number of, counted by their labels."""

    name: str
    help: str
    unit: str
    labels: tuple[str, ...]
    of: Callable[[Turn], Iterable[tuple[str, ...]]]


def _tool_name(tool: ToolRan) -> str:
    """A tool that there is not has a name of the model's making, of which there is no end."""
    return "unknown" if tool.outcome == "unknown" else tool.name


def _broken_off(turn: Turn) -> list[tuple[str]]:
    """Who began an answer that another went on with."""
    if len(turn.attempts) < 2:
        return []
    answered = [n for n, attempt in enumerate(turn.attempts) if attempt.outcome == "answered"]
    return [
        (attempt.model,)
        for attempt in turn.attempts[: max(answered, default=0)]
        if attempt.first_content_s and attempt.outcome not in ("answered", "overtaken")
    ]


COUNTS = (
    Count(
        UPSTREAM_ERRORS,
        "What failed.",
        "{error}",
        (REQUEST_MODEL, ERROR_TYPE),
        lambda turn: [(turn.model, turn.error)] if turn.error else [],
    ),
    Count(
        ATTEMPTS,
        "Backends that were asked, by how they fared.",
        "{attempt}",
        (REQUEST_MODEL, OUTCOME),
        lambda turn: [(attempt.model, attempt.outcome) for attempt in turn.attempts],
    ),
    Count(
        RESCUES,
        "Answers that broke off, and were gone on with by another.",
        "{rescue}",
        (REQUEST_MODEL,),
        _broken_off,
    ),
    Count(
        ASIDES,
        "What was said on the server's own account: fillers, apologies.",
        "{aside}",
        (REQUEST_MODEL, ASIDE_KIND),
        lambda turn: [(turn.model, aside.kind) for aside in turn.asides],
    ),
    Count(
        TOOL_CALLS,
        "Tools that ran, by how they ended.",
        "{call}",
        (TOOL_NAME, OUTCOME),
        lambda turn: [(_tool_name(tool), tool.outcome) for tool in turn.tools],
    ),
)

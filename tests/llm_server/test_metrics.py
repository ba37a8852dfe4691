from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from prometheus_client.parser import text_string_to_metric_families

from llm_server import Outcome, Turn
from llm_server.events import Attempted, ToolRan
from llm_server.metrics import Metrics, MetricsTurnSink
from llm_server.prometheus import text
from llm_server.routing.breaker import BreakerState
from llm_server.turns import Said
from tests.llm_server.fakes import ListSink

ANNA = {
    "gen_ai_request_model": "anna",
    "gen_ai_response_model": "anna",
    "simli_llm_outcome": "completed",
    "simli_llm_caller": "service",
}


def turn(**values: Any) -> Turn:
    given: dict[str, Any] = {
        "id": UUID(int=1),
        "started_at": datetime.now(UTC),
        "model": "anna",
        "answered_by": "anna",
        "outcome": Outcome.COMPLETED,
        "duration_s": 1.0,
    }
    return Turn(**(given | values))


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    for family in text_string_to_metric_families(text(metrics.families()).decode()):
        for sample in family.samples:
            if sample.name == name and sample.labels == labels:
                return sample.value
    return None


def test_turns_are_counted_by_how_they_ended(metrics: Metrics) -> None:
    metrics.record(turn())
    metrics.record(turn())
    metrics.record(turn(outcome=Outcome.CANCELLED))

    assert value(metrics, "simli_llm_turns_total", **ANNA) == 2
    cancelled = ANNA | {"simli_llm_outcome": "cancelled"}
    assert value(metrics, "simli_llm_turns_total", **cancelled) == 1


@pytest.mark.parametrize(
    ("name", "member"),
    [
        ("gen_ai_server_time_to_first_token_seconds", "ttft_s"),
        ("simli_llm_first_sentence_seconds", "first_sentence_s"),
        ("gen_ai_server_request_duration_seconds", "duration_s"),
    ],
)
def test_times_are_counted_in_buckets(metrics: Metrics, name: str, member: str) -> None:
    metrics.record(turn(**{member: 0.5}))

    assert value(metrics, f"{name}_bucket", **ANNA, le="0.5") == 1
    assert value(metrics, f"{name}_bucket", **ANNA, le="0.1") == 0
    assert value(metrics, f"{name}_sum", **ANNA) == 0.5
    assert value(metrics, f"{name}_count", **ANNA) == 1


def test_the_time_of_a_token_is_what_passes_between_two(metrics: Metrics) -> None:
    metrics.record(turn(ttft_s=0.5, duration_s=1.5, completion_tokens=11))

    assert value(metrics, "gen_ai_server_time_per_output_token_seconds_sum", **ANNA) == 0.1


@pytest.mark.parametrize("values", [{"ttft_s": 0.5}, {"ttft_s": 0.5, "completion_tokens": 1}])
def test_one_token_has_no_time_between(metrics: Metrics, values: dict[str, Any]) -> None:
    metrics.record(turn(**values))

    assert value(metrics, "gen_ai_server_time_per_output_token_seconds_count", **ANNA) == 0


@pytest.mark.parametrize(("token_type", "tokens"), [("input", 7), ("output", 3)])
def test_tokens_are_counted(metrics: Metrics, token_type: str, tokens: int) -> None:
    metrics.record(turn(prompt_tokens=7, completion_tokens=3))

    labels = ANNA | {"gen_ai_token_type": token_type}
    assert value(metrics, "gen_ai_client_token_usage_sum", **labels) == tokens


def test_a_failed_turn_tells_what_failed(metrics: Metrics) -> None:
    metrics.record(turn(outcome=Outcome.FAILED, answered_by=None, error="upstream_timed_out"))

    labels = {"gen_ai_request_model": "anna", "error_type": "upstream_timed_out"}
    assert value(metrics, "simli_llm_upstream_errors_total", **labels) == 1


def test_a_failure_that_a_fallback_made_good_is_counted(metrics: Metrics) -> None:
    metrics.upstream_error("anna", "rate_limit_exceeded")

    labels = {"gen_ai_request_model": "anna", "error_type": "rate_limit_exceeded"}
    assert value(metrics, "simli_llm_upstream_errors_total", **labels) == 1


def test_attempts_are_counted_by_how_they_fared(metrics: Metrics) -> None:
    lost, won = Attempted("anna", "overtaken", 0.0), Attempted("bert", "answered", 1.2, 0.1)

    metrics.record(turn(attempts=(lost, won)))
    metrics.record(turn(attempts=(won,)))

    name = "simli_llm_attempts_total"
    overtaken = {"gen_ai_request_model": "anna", "simli_llm_outcome": "overtaken"}
    answered = {"gen_ai_request_model": "bert", "simli_llm_outcome": "answered"}
    assert value(metrics, name, **overtaken) == 1
    assert value(metrics, name, **answered) == 2


ANNA_BROKE_OFF = Attempted("anna", "upstream_failed", 0.0, 0.1)


@pytest.mark.parametrize(
    ("attempts", "rescues"),
    [
        ([ANNA_BROKE_OFF, Attempted("bert", "answered", 1.0, 0.1)], 1),
        ([ANNA_BROKE_OFF, Attempted("bert", "upstream_failed", 1.0)], None),
        ([ANNA_BROKE_OFF], None),
        (
            [Attempted("anna", "upstream_failed", 0.0), Attempted("bert", "answered", 1.0, 0.1)],
            None,
        ),
        ([Attempted("anna", "overtaken", 0.0, 0.1), Attempted("bert", "answered", 0.0, 0.1)], None),
        ([Attempted("anna", "answered", 0.0, 0.1), ANNA_BROKE_OFF], None),
    ],
    ids=[
        "gone on with",
        "not gone on with",
        "failed",
        "answered instead",
        "overtaken",
        "broke off after a round of tools",
    ],
)
def test_an_answer_that_another_went_on_with_was_rescued(
    metrics: Metrics, attempts: list[Attempted], rescues: int | None
) -> None:
    metrics.record(turn(attempts=tuple(attempts)))

    assert value(metrics, "simli_llm_rescues_total", gen_ai_request_model="anna") == rescues


def test_what_the_server_said_itself_is_counted_by_kind(metrics: Metrics) -> None:
    filler = Said(kind="filler", text="One moment.. ", at=0)
    apology = Said(kind="apology", text="… Sorry.", at=7)

    metrics.record(turn(asides=(filler, apology)))
    metrics.record(turn(asides=(filler,)))

    labels = {"gen_ai_request_model": "anna", "simli_llm_aside_kind": "filler"}
    assert value(metrics, "simli_llm_asides_total", **labels) == 2


def test_tools_are_counted_by_how_they_ended(metrics: Metrics) -> None:
    metrics.record(turn(tools=(ToolRan("find", 0.1, "ok"), ToolRan("find", 9.0, "timed_out"))))

    labels = {"gen_ai_tool_name": "find", "simli_llm_outcome": "timed_out"}
    assert value(metrics, "simli_llm_tool_calls_total", **labels) == 1


def test_a_tool_that_a_model_made_up_has_no_name(metrics: Metrics) -> None:
    metrics.record(turn(tools=(ToolRan("my PIN is 4711", 0.0, "unknown"),)))

    labels = {"gen_ai_tool_name": "unknown", "simli_llm_outcome": "unknown"}
    assert value(metrics, "simli_llm_tool_calls_total", **labels) == 1
    assert "4711" not in text(metrics.families()).decode()


@pytest.mark.parametrize("now", BreakerState)
def test_a_breaker_is_in_one_of_its_states(now: BreakerState) -> None:
    metrics = Metrics(breakers=lambda: {"anna": now})

    states = {
        state: value(
            metrics,
            "simli_llm_breaker_state",
            gen_ai_request_model="anna",
            simli_llm_breaker_state=state,
        )
        for state in BreakerState
    }

    assert states == {state: float(state is now) for state in BreakerState}


def test_open_streams_are_asked_for() -> None:
    assert value(Metrics(open_streams=lambda: 7), "simli_llm_open_streams") == 7


def test_apps_count_for_themselves(metrics: Metrics) -> None:
    metrics.record(turn())

    assert value(Metrics(), "simli_llm_turns_total", **ANNA) is None


def test_a_strange_name_of_a_model_breaks_nothing(metrics: Metrics) -> None:
    strange = 'a "b" \\ c\nd é'
    metrics.record(turn(model=strange))

    labels = ANNA | {"gen_ai_request_model": strange}
    assert value(metrics, "simli_llm_turns_total", **labels) == 1


def test_nothing_that_was_said_and_no_id_is_in_it(metrics: Metrics) -> None:
    session, agent = UUID(int=0xABC), UUID(int=0xDEF)
    metrics.record(turn(session_id=session, agent_id=agent, user_text="s3cret", answer_text="no"))

    written = text(metrics.families()).decode()

    assert 'simli_llm_caller="session"' in written
    assert not any(part in written for part in ("s3cret", str(session), str(agent), session.hex))


def test_a_turn_is_counted_and_handed_on(metrics: Metrics) -> None:
    sink = ListSink()

    MetricsTurnSink(metrics, sink).record(turn())

    assert len(sink.turns) == 1
    assert value(metrics, "simli_llm_turns_total", **ANNA) == 1

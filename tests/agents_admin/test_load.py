from datetime import UTC, datetime
from typing import Any

from rich.console import Console

from agents_admin.load.audience import Audience
from agents_admin.load.conversations import Plan, talk_to_llm
from agents_admin.load.report import Report, as_table, make_report
from agents_admin.simulator import (
    Behaviour,
    ConversationEnded,
    EndReason,
    HeardSentence,
    HeardTurn,
    Line,
    StartSession,
    TurnEnded,
)
from llm_server.testing import MockLLM
from tests.agents_admin.simulator.stage import behave, visitor


def heard(at_s: float | None, **changes: Any) -> HeardTurn:
    sentence = () if at_s is None else (HeardSentence("Yes.", at_s, ()),)
    whole: dict[str, Any] = {
        "said": "Hello?",
        "said_at": datetime.now(UTC),
        "heard": "Yes." if sentence else "",
        "sentences": sentence,
        "cut_off": "",
        "ttft_s": at_s,
        "first_sentence_s": at_s,
        "duration_s": 1.0,
        "pieces": 1,
        "interrupted": False,
        "error": None,
    }
    return HeardTurn(**{**whole, **changes})


def report_of(*turns: HeardTurn, refusals: tuple[str, ...] = ()) -> Report:
    audience = Audience()
    for index, turn in enumerate(turns):
        audience(TurnEnded("s", index, turn))
    audience(ConversationEnded("s", EndReason.VISITOR_LEFT))
    return make_report(audience, refusals)


def test_percentiles_are_times_that_were_measured() -> None:
    report = report_of(*(heard(number / 100) for number in range(1, 21)))

    assert (report.first_sentence_p50_s, report.first_sentence_p95_s) == (0.1, 0.19)
    assert report.passed


def test_what_went_wrong_is_counted_by_kind() -> None:
    failed = heard(None, error="NotFoundError 404")

    report = report_of(failed, failed, heard(None), heard(0.1, interrupted=True), refusals=("no",))

    assert (report.turns, report.silent_turns, report.barge_ins) == (4, 3, 1)
    assert report.errors == {"NotFoundError 404": 2, "no": 1}
    assert not report.passed


def test_a_conversation_that_broke_off_is_an_error() -> None:
    audience = Audience()
    audience(TurnEnded("s", 0, heard(0.1)))
    audience(ConversationEnded("s", EndReason.NO_CUSTOM_LLM))

    assert make_report(audience).errors == {"ended: no_custom_llm": 1}


def test_nothing_heard_is_no_success() -> None:
    report = report_of()

    assert not report.passed
    assert report.first_sentence_p50_s is None


def test_the_table_shows_times_and_errors() -> None:
    console = Console(width=80)

    with console.capture() as captured:
        console.print(as_table(report_of(heard(0.1234), heard(None, error="APIError"))))

    lines = [" ".join(line.split()) for line in captured.get().splitlines()]
    assert {"first sentence, median 123 ms", "errors 1", "APIError 1"} <= set(lines)


def start_request(mock_llm: MockLLM) -> StartSession:
    config = {"model": "m", "baseURL": mock_llm.base_url, "llmAPIKey": mock_llm.api_key}
    return StartSession.model_validate({"customLLMConfig": config})


async def test_many_conversations_take_place_at_once(mock_llm: MockLLM) -> None:
    mock_llm.reply("We open at **nine**. And we close at five.")
    script = visitor("When?", Line(say="All of it.", interrupt_after=10))

    report = await talk_to_llm(Plan(script, Behaviour(), 5), start_request(mock_llm))

    assert (report.sessions, report.turns, report.barge_ins) == (5, 10, 5)
    assert (report.silent_turns, report.errors, report.mangled_sentences) == (0, {}, 5)
    assert report.first_sentence_p50_s is not None
    assert report.passed
    assert len(mock_llm.requests) == 10


async def test_starts_beyond_the_limit_are_errors(mock_llm: MockLLM) -> None:
    plan = Plan(visitor("When?"), behave(limits={"sessions": 1}), 3)

    report = await talk_to_llm(plan, start_request(mock_llm))

    assert report.errors == {"start: Concurrent session limit reached": 2}
    assert report.sessions == 1

"""Where nobody can step in, an avatar says so, in the language of its session."""

import pytest

from llm_server.voice.phrases import phrases_for
from llm_server.voice.policy import VoiceSettings
from tests.llm_server.faults.cases import ANSWER, CASES, WORDS
from tests.llm_server.faults.stage import PATIENT, Stage, avatars, plain_callers
from tests.llm_server.wire import Json, payloads

GERMAN = phrases_for("de")

IMPATIENT = VoiceSettings(filler_after_s=None, give_up_s=0.3)

# Who is asked again may be well by then.
PASSING = ["429 with retry-after", "one 500", "reset", "no done"]

WITHOUT_AN_ANSWER = {
    "429 without retry-after": "rate_limit_exceeded",
    "lasting 503": "upstream_failed",
    "no response": "upstream_timed_out",
    "slow first token": "upstream_timed_out",
    "context length": "context_length_exceeded",
}

BREAKING_OFF = {
    "cut": "upstream_failed",
    "stall": "upstream_timed_out",
    "malformed chunk": "upstream_failed",
}


@pytest.mark.parametrize("name", PASSING)
async def test_a_fault_that_passes_is_not_heard(stage: Stage, name: str) -> None:
    stage.primary.fault(**CASES[name].fault)

    async with stage.serving(fallbacks=()):
        stream = await stage.stream()

    assert (stream.text, stream.done) == (ANSWER, True)
    assert (await stage.sink.turn()).outcome == "completed"


@avatars
@pytest.mark.parametrize(("name", "error"), WITHOUT_AN_ANSWER.items())
async def test_instead_of_an_answer_an_avatar_apologises(
    stage: Stage, name: str, error: str
) -> None:
    stage.primary.fault(**CASES[name].fault)
    voice = IMPATIENT if error == "upstream_timed_out" else PATIENT

    async with stage.serving(fallbacks=(), voice=voice):
        stream = await stage.stream()

    turn = await stage.sink.turn()
    assert (stream.text, stream.done) == (GERMAN.apology, True)
    assert (turn.outcome, turn.error) == ("failed", error)
    assert turn.answer_text == ""


@avatars
@pytest.mark.parametrize(("name", "error"), BREAKING_OFF.items())
async def test_an_avatar_that_loses_its_thread_says_so(stage: Stage, name: str, error: str) -> None:
    fault: Json = CASES[name].fault
    stage.primary.fault(**fault)

    async with stage.serving(CASES[name].limits, fallbacks=()):
        stream = await stage.stream()

    turn = await stage.sink.turn()
    said = " ".join(WORDS[: fault["after"]])
    assert (stream.text, stream.done) == (f"{said}… {GERMAN.broken_off}", True)
    assert (turn.outcome, turn.error) == ("failed", error)
    assert turn.answer_text == said


@avatars
@pytest.mark.parametrize("name", BREAKING_OFF)
async def test_who_broke_off_once_goes_on_itself(stage: Stage, name: str) -> None:
    stage.primary.fault(**CASES[name].fault, once=True)

    async with stage.serving(CASES[name].limits, fallbacks=()):
        stream = await stage.stream()

    assert (stream.text, stream.done) == (ANSWER, True)
    assert stage.asked == (2, 0)


@plain_callers
@pytest.mark.parametrize("name", BREAKING_OFF)
async def test_a_plain_caller_can_tell_what_is_cut_off_from_a_whole_answer(
    stage: Stage, name: str
) -> None:
    stage.primary.fault(**CASES[name].fault)

    async with stage.serving(CASES[name].limits, fallbacks=()):
        response = await stage.post(stream=True)

    *_, last = payloads(response)
    assert last["error"]["code"] == BREAKING_OFF[name]
    assert stage.asked == (1, 0)

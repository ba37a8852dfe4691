"""What is wrong within a stream, or between two of them."""

import pytest

from agents_admin.doctor.findings import Verdict
from llm_server.voice.phrases import PhraseBook
from tests.agents_admin.doctor.custom_llm import (
    DONE,
    ROLE,
    STOP,
    USAGE,
    CustomLlm,
    chunk,
    event,
    words,
)
from tests.agents_admin.doctor.examining import examine

FAILED, OK, SKIPPED, WARNING = Verdict.FAILED, Verdict.OK, Verdict.SKIPPED, Verdict.WARNING


@pytest.mark.parametrize(
    ("wrong", "cure"),
    [
        (event({"choices": None}), "`choices: []`"),
        (event({"id": "1"}), "`choices: []`"),
        (event({"error": {"message": "out of memory"}}), "answer with words"),
        (b"data: {broken\n\n", "JSON on one line"),
    ],
)
async def test_chunks_that_break_simli(wrong: bytes, cure: str) -> None:
    report = await examine(CustomLlm([ROLE, *words(), wrong, STOP, DONE]))

    assert cure in report.cure("Chunks", FAILED)


@pytest.mark.parametrize(
    ("pieces", "cure"),
    [
        ([ROLE, chunk({"content": "Hello."}, index=1), STOP, DONE], "index 0"),
        ([*words(), STOP, DONE], '"role": "assistant"'),
    ],
)
async def test_chunks_that_are_odd(pieces: list[bytes], cure: str) -> None:
    report = await examine(CustomLlm(pieces))

    assert cure in report.cure("Chunks", WARNING)


@pytest.mark.parametrize(
    ("pieces", "cure"),
    [([ROLE, *words(), STOP], "[DONE]"), ([ROLE, *words(), DONE], '"finish_reason": "stop"')],
)
async def test_an_ending_that_could_be_the_middle(pieces: list[bytes], cure: str) -> None:
    report = await examine(CustomLlm(pieces))

    assert report.troubles == {"Ending"}
    assert cure in report.cure("Ending", WARNING)


@pytest.mark.filterwarnings("ignore")
async def test_an_answer_that_breaks_off() -> None:
    report = await examine(CustomLlm([ROLE, *words()], breaks_off=True))

    assert "time-out" in report.cure("Ending", FAILED)


async def test_usage_that_nobody_asked_for() -> None:
    report = await examine(CustomLlm([ROLE, *words(), STOP, USAGE, DONE]))

    assert report.troubles == {"Usage"}
    assert "include_usage" in report.cure("Usage", WARNING)


async def test_a_server_that_streams_only_if_told() -> None:
    report = await examine(CustomLlm(always_stream=False))

    assert report.troubles == {"No `stream`"}
    assert "unless `stream` is false" in report.cure("No `stream`", WARNING)


async def test_a_model_that_wants_the_user_to_begin() -> None:
    report = await examine(CustomLlm(takes_greetings=False))

    assert report.troubles == {"First message"}
    assert "first message" in report.cure("First message", FAILED)
    assert "roles must alternate" in report.by_name["First message"].what


@pytest.mark.parametrize(
    ("deltas", "cure"),
    [
        ([{"content": ""}], "choices[0].delta.content"),
        ([{"tool_calls": [{"index": 0}]}], "models.<name>.tools"),
        ([{"reasoning_content": "Hm."}], "thinking off"),
        ([{"content": PhraseBook().phrases_for("en").apology}], "log says why"),
    ],
)
async def test_an_answer_without_words_of_the_model(
    deltas: list[dict[str, object]], cure: str
) -> None:
    report = await examine(CustomLlm([ROLE, *map(chunk, deltas), STOP, DONE]))

    assert cure in report.cure("Words", FAILED)
    assert report.verdict("First token") == SKIPPED


@pytest.mark.parametrize("said", ["This is **very** nice.", "- Rooms", "See https://x.example 😀"])
async def test_an_answer_that_is_written_to_be_read(said: str) -> None:
    report = await examine(CustomLlm([ROLE, chunk({"content": said}), STOP, DONE]))

    assert report.troubles == {"Speakable"}
    assert "markdown" in report.cure("Speakable", WARNING)

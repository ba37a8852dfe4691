"""Sixteen faults of an upstream: with a spare, whoever calls gets the whole answer, once.

Thirteen are in the table, and two have tests of their own. The last is a spare whose model and
usage are not those that are reported: that is looked at in every case.
"""

import anyio
import pytest

from llm_server.voice.phrases import phrases_for
from tests.llm_server.faults.cases import ANSWER, CASES, SPARE, WORDS, Case
from tests.llm_server.faults.stage import Stage, attempts_of, avatars, plain_callers
from tests.llm_server.wire import MODEL, Json, error_of

BREAKING_OFF = ["cut", "stall", "malformed chunk"]

each_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())


def prepare(stage: Stage, case: Case) -> None:
    stage.primary.fault(**case.fault)
    if case.spare_fault:
        stage.spare.fault(**case.spare_fault)


@each_case
async def test_the_answer_is_whole_and_known_to_be_of_who_gave_it(stage: Stage, case: Case) -> None:
    prepare(stage, case)

    async with stage.serving(case.limits):
        stream = await stage.stream()

    turn = await stage.sink.turn()
    assert (stream.text, stream.done) == (ANSWER, True)
    assert stage.asked == case.asked
    assert stream.models == case.models
    assert stream.usage["completion_tokens"] == turn.completion_tokens == len(WORDS)
    assert (turn.outcome, turn.error, turn.finish_reason) == ("completed", None, "stop")
    assert (turn.answered_by, turn.answer_text) == (case.models[-1], ANSWER)
    assert attempts_of(turn) == case.attempts


@each_case
async def test_who_does_not_stream_gets_the_same(stage: Stage, case: Case) -> None:
    prepare(stage, case)

    async with stage.serving(case.limits):
        body = (await stage.post(stream=False)).json()

    [choice] = body["choices"]
    assert (choice["message"]["content"], choice["finish_reason"]) == (ANSWER, "stop")
    assert body["model"] == case.models[-1]
    assert body["usage"]["completion_tokens"] == len(WORDS)
    assert stage.asked == case.asked


@pytest.mark.parametrize("name", ["no response", "slow first token", "stall"])
async def test_who_keeps_others_waiting_is_hung_up_on(stage: Stage, name: str) -> None:
    prepare(stage, CASES[name])

    async with stage.serving(CASES[name].limits):
        await stage.stream()

        [request] = stage.primary.requests
        assert await anyio.to_thread.run_sync(request.wait_for_hang_up)


@pytest.mark.parametrize("name", BREAKING_OFF)
async def test_who_takes_a_prefill_goes_on_from_it(stage: Stage, name: str) -> None:
    prepare(stage, CASES[name])

    async with stage.serving(CASES[name].limits, spare={"prefill": True}):
        stream = await stage.stream()

    [request] = stage.spare.requests
    said = request.body["messages"][-1]["content"]
    assert (stream.text, stream.done) == (ANSWER, True)
    assert stream.usage["completion_tokens"] == len(WORDS) - len(said.split()) > 0


@pytest.mark.parametrize("name", BREAKING_OFF)
async def test_who_goes_on_when_told_to_is_heard_from_there(stage: Stage, name: str) -> None:
    case = CASES[name]
    prepare(stage, case)
    stage.spare.rule("Go on exactly where", " ".join(WORDS[case.fault["after"] :]))

    async with stage.serving(case.limits):
        stream = await stage.stream()

    assert (stream.text, stream.done) == (ANSWER, True)


FILTERED: Json = {"name": "content-filter"}


@plain_callers
async def test_what_is_filtered_is_an_error_for_a_plain_caller(stage: Stage) -> None:
    stage.primary.fault(**FILTERED)

    async with stage.serving():
        response = await stage.post(stream=True)

    turn = await stage.sink.turn()
    assert (response.status_code, error_of(response)["code"]) == (400, "content_filter")
    assert stage.asked == (1, 0)
    assert (turn.outcome, turn.error) == ("failed", "content_filter")
    assert attempts_of(turn) == [(MODEL, "content_filter")]


@avatars
async def test_what_is_filtered_is_apologised_for_to_an_avatar(stage: Stage) -> None:
    stage.primary.fault(**FILTERED)

    async with stage.serving():
        stream = await stage.stream()

    turn = await stage.sink.turn()
    assert (stream.text, stream.done) == (phrases_for("de").apology, True)
    assert stage.asked == (1, 0)
    assert (turn.outcome, turn.error, turn.answer_text) == ("failed", "content_filter", "")


async def test_a_primary_that_was_down_for_a_while_answers_again(stage: Stage) -> None:
    stage.primary.fault("503", for_s=0.2)
    breaker = {"failures": 1, "open_s": 0.05}
    answered_by: list[str] = []

    async with stage.serving({"retries": 0, "breaker": breaker}):
        with anyio.fail_after(10):
            while len(answered_by) < 20 or answered_by[-1] != MODEL:
                stream = await stage.stream()
                assert stream.text == ANSWER
                answered_by += stream.models

    spared = answered_by.count(SPARE)
    assert spared > 0
    assert answered_by == [SPARE] * spared + [MODEL] * (len(answered_by) - spared)


async def test_while_a_primary_is_down_most_callers_do_not_wait_for_it(stage: Stage) -> None:
    stage.primary.fault("503")
    breaker = {"failures": 2, "open_s": 60}

    async with stage.serving({"breaker": breaker}):
        for _ in range(20):
            assert (await stage.stream()).text == ANSWER

    assert stage.asked == (2, 20)

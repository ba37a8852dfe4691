"""A primary breaks off, and the spare cannot go on with its answer."""

import pytest

from llm_server.backends.mock.options import FaultName
from llm_server.voice.phrases import phrases_for
from tests.llm_server.faults.cases import ANSWER, WORDS
from tests.llm_server.faults.stage import Stage, avatars, plain_callers
from tests.llm_server.wire import Json, payloads

CUT: Json = {"name": "cut", "after": 40}

SPARE_FAULTS: list[Json] = [
    {"name": "no-prefill"},
    {"name": "content-filter"},
    {"name": "context-length"},
    {"name": "503"},
    {"name": "no-answer"},
    {"name": "empty"},
    {"name": "cut", "after": 50},
    {"name": "malformed", "after": 0},
    {"name": "no-finish"},
]

each_fault = pytest.mark.parametrize("fault", SPARE_FAULTS, ids=lambda fault: fault["name"])

each_name = pytest.mark.parametrize("name", ["no-prefill", "content-filter", "empty"])

# Set although its upstream takes none.
PREFILL: Json = {"prefill": True}


@each_fault
async def test_who_broke_off_is_asked_again_when_nobody_else_can_go_on(
    stage: Stage, fault: Json
) -> None:
    stage.primary.fault(**CUT, once=True)
    stage.spare.fault(**fault)

    limits = {"first_content_s": 0.5} if fault["name"] == "no-answer" else None

    async with stage.serving(limits, spare=PREFILL):
        stream = await stage.stream()

    assert (stream.text, stream.done) == (ANSWER, True)
    assert (await stage.sink.turn()).outcome == "completed"


@plain_callers
@each_name
async def test_a_plain_caller_is_told_what_broke_its_answer_off(
    stage: Stage, name: FaultName
) -> None:
    stage.primary.fault(**CUT)
    stage.spare.fault(name)

    async with stage.serving(spare=PREFILL):
        response = await stage.post(stream=True)

    *_, last = payloads(response)
    assert last["error"]["message"] == "The connection to the model broke."
    assert (await stage.sink.turn()).outcome == "failed"


@avatars
@each_name
async def test_an_avatar_ends_with_words_of_its_own(stage: Stage, name: FaultName) -> None:
    stage.primary.fault(**CUT)
    stage.spare.fault(name)

    async with stage.serving(spare=PREFILL):
        stream = await stage.stream()

    broken_off = phrases_for("de").broken_off
    assert (stream.text, stream.done) == (f"{' '.join(WORDS[:40])}… {broken_off}", True)
    assert (await stage.sink.turn()).error == "upstream_failed"

import pytest

from agents_admin.simulator import ConversationEnded, Line, Script
from tests.agents_admin.simulator.stage import (
    HOLD,
    START,
    Onlooker,
    ScriptedLlm,
    behave,
    hook,
    simulate,
    visitor,
)

FAST = behave(limits={"second_s": 0.001})


async def reason_of_the_end(
    llm: ScriptedLlm, onlooker: Onlooker, script: Script, **config: object
) -> tuple[str, str | None]:
    body = {"customLLMConfig": hook(llm), **config}
    async with simulate(script, onlooker, behaviour=FAST) as simli:
        started = (await simli.post(START, json=body)).json()
        await onlooker.wait_for_the_end()
        [record] = (await simli.get("/history/sessions")).json()["sessions"]
    assert record["id"] == started["sessionId"]
    last = onlooker.events[-1]
    assert isinstance(last, ConversationEnded)
    return last.reason, last.reason.closing_reason


async def test_a_visitor_who_says_nothing_for_too_long_ends_the_session(
    llm: ScriptedLlm, onlooker: Onlooker
) -> None:
    script = visitor("Hello?", Line(say="Are you there?", pause_s=3600))

    reason = await reason_of_the_end(llm, onlooker, script, maxIdleTime=10)

    assert reason == ("max_idle_time", "IDLE")
    assert [turn.said for turn in onlooker.turns] == ["Hello?"]


async def test_a_visitor_who_stays_without_a_word_is_idle(
    llm: ScriptedLlm, onlooker: Onlooker
) -> None:
    script = visitor("Hello?").model_copy(update={"then": "stay"})

    reason = await reason_of_the_end(llm, onlooker, script, maxIdleTime=10)

    assert reason == ("max_idle_time", "IDLE")


async def test_an_endless_answer_ends_with_the_session(
    llm: ScriptedLlm, onlooker: Onlooker
) -> None:
    llm.answers = [["So", HOLD]]

    reason = await reason_of_the_end(llm, onlooker, visitor("Hello?"), maxSessionLength=300)

    assert reason == ("max_session_length", "MAX")


async def test_a_visitor_who_leaves_has_no_closing_reason(
    llm: ScriptedLlm, onlooker: Onlooker
) -> None:
    # In milliseconds: a busy machine may take some hundreds for one turn.
    reason = await reason_of_the_end(
        llm, onlooker, visitor("Hello?"), maxIdleTime=60_000, maxSessionLength=60_000
    )

    assert reason == ("visitor_left", None)


@pytest.mark.parametrize("pauses", [0, 0.01])
async def test_each_line_may_have_its_own_pause(
    llm: ScriptedLlm, onlooker: Onlooker, pauses: float
) -> None:
    script = Script(pause_s=3600, lines=(Line(say="Hello?", pause_s=pauses),))

    await reason_of_the_end(llm, onlooker, script, maxIdleTime=60_000, maxSessionLength=60_000)

    assert len(onlooker.turns) == 1

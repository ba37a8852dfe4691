"""What is disputed about how Simli calls, one switch after the other."""

import anyio
import pytest

from agents_admin.simulator import HeardTurn, Line
from tests.agents_admin.simulator.stage import (
    HOLD,
    START,
    Asked,
    Onlooker,
    ScriptedLlm,
    behave,
    hook,
    simulate,
    visitor,
)


async def converse(
    llm: ScriptedLlm,
    onlooker: Onlooker,
    *lines: str | Line,
    calls: dict[str, object] | None = None,
    starts: dict[str, object] | None = None,
    **config: object,
) -> list[Asked]:
    body = {"customLLMConfig": hook(llm), "systemPrompt": "Be brief.", **config}
    behaviour = behave(calls=calls or {}, starts=starts or {})
    async with simulate(visitor(*lines), onlooker, behaviour=behaviour) as simli:
        await simli.post(START, json=body)
        await onlooker.wait_for_the_end()
    return llm.asked


def said(asked: Asked) -> list[str]:
    return [message["content"] for message in asked.body["messages"]]


async def test_stream_may_be_left_out_and_is_expected_all_the_same(
    llm: ScriptedLlm, onlooker: Onlooker
) -> None:
    llm.answers = [["We open ", "at nine."]]

    [asked] = await converse(llm, onlooker, "When?", calls={"stream": False})

    assert asked.body.keys() == {"model", "messages"}
    assert [turn.heard for turn in onlooker.turns] == ["We open at nine."]


async def test_the_system_message_may_be_left_out(llm: ScriptedLlm, onlooker: Onlooker) -> None:
    [asked] = await converse(llm, onlooker, "When?", calls={"system_message": False})

    assert said(asked) == ["When?"]


async def test_the_first_message_may_be_missing_from_the_history(
    llm: ScriptedLlm, onlooker: Onlooker
) -> None:
    asked = await converse(
        llm, onlooker, "When?", "Sure?", calls={"first_message": False}, firstMessage="Good day."
    )

    assert said(asked[1]) == ["Be brief.", "When?", "Yes.", "Sure?"]


async def test_the_path_may_be_doubled(llm: ScriptedLlm, onlooker: Onlooker) -> None:
    [asked] = await converse(llm, onlooker, "When?", calls={"doubled_suffix": True})

    assert asked.path == "/v1/chat/completions/chat/completions"


async def test_retries_may_be_none(llm: ScriptedLlm, onlooker: Onlooker) -> None:
    llm.answers = [503]

    asked = await converse(llm, onlooker, "When?", calls={"retries": 0})

    assert len(asked) == 1
    assert [turn.error for turn in onlooker.turns] == ["InternalServerError 503"]


@pytest.mark.parametrize(("first_message", "calls"), [(None, 2), ("Good day.", 1)])
async def test_the_llm_may_be_called_before_anybody_spoke(
    llm: ScriptedLlm, onlooker: Onlooker, first_message: str | None, calls: int
) -> None:
    llm.answers = [["Welcome."]]

    asked = await converse(
        llm, onlooker, "When?", calls={"at_join": True}, firstMessage=first_message
    )

    assert len(asked) == calls
    if first_message is None:
        assert asked[0].body["messages"] == [{"role": "system", "content": "Be brief."}]
        assert (onlooker.turns[0].said, onlooker.turns[0].heard) == ("", "Welcome.")
        assert said(asked[1]) == ["Be brief.", "Welcome.", "When?"]


async def test_nobody_may_ever_call(llm: ScriptedLlm, onlooker: Onlooker) -> None:
    asked = await converse(llm, onlooker, "When?", "Hello?", calls={"never": True})

    assert asked == []
    assert [(turn.silent, turn.error) for turn in onlooker.turns] == [(True, "never called")] * 2


async def test_a_turn_may_be_sent_twice_at_once(llm: ScriptedLlm, onlooker: Onlooker) -> None:
    first, second = await converse(llm, onlooker, "When?", calls={"twice": True})

    assert first.body == second.body
    assert [turn.heard for turn in onlooker.turns] == ["Yes."]


async def test_who_interrupts_a_turn_that_was_sent_twice_hangs_up_on_both(
    llm: ScriptedLlm, onlooker: Onlooker
) -> None:
    llm.answers = [[HOLD], [HOLD]]

    # It would never end if one of the two were still waited for.
    asked = await converse(
        llm, onlooker, Line(say="All of it.", interrupt_after_ms=400), calls={"twice": True}
    )

    assert len(asked) == 2
    assert [turn.interrupted for turn in onlooker.turns] == [True]


async def test_the_llm_may_be_asked_while_the_visitor_speaks(
    llm: ScriptedLlm, onlooker: Onlooker
) -> None:
    llm.answers = [[HOLD], [HOLD], ["At nine."]]

    asked = await converse(
        llm, onlooker, "When do you open tomorrow then?", calls={"early": 2, "early_s": 0.4}
    )

    assert [said(request)[-1] for request in asked] == [
        "When do",
        "When do you open",
        "When do you open tomorrow then?",
    ]
    with anyio.fail_after(1):
        await llm.hung_up.wait()
    assert [turn.heard for turn in onlooker.turns] == ["At nine."]


async def test_what_was_asked_early_is_not_remembered(llm: ScriptedLlm, onlooker: Onlooker) -> None:
    asked = await converse(
        llm, onlooker, "When then?", "Sure?", calls={"early": 1, "early_s": 0.05}
    )

    assert said(asked[-1]) == ["Be brief.", "When then?", "Yes.", "Sure?"]


async def test_a_single_word_has_no_beginning(llm: ScriptedLlm, onlooker: Onlooker) -> None:
    asked = await converse(llm, onlooker, "When?", calls={"early": 3})

    assert len(asked) == 1


@pytest.mark.parametrize("silent", ["a-voice", "*"])
async def test_a_voice_may_be_silent(llm: ScriptedLlm, onlooker: Onlooker, silent: str) -> None:
    asked = await converse(
        llm, onlooker, "When?", "Hello?", starts={"silent_voices": [silent]}, voiceId="a-voice"
    )

    assert said(asked[1]) == ["Be brief.", "When?", "Hello?"]
    turn: HeardTurn = onlooker.turns[0]
    assert (turn.silent, turn.sentences, turn.error) == (True, (), "silent voice")


async def test_other_voices_are_heard(llm: ScriptedLlm, onlooker: Onlooker) -> None:
    await converse(llm, onlooker, "When?", starts={"silent_voices": ["another"]})

    assert [turn.heard for turn in onlooker.turns] == ["Yes."]


@pytest.mark.parametrize(
    ("ignored", "paths"),
    [
        ({"ignore_custom_llm_config": True}, ["/u/chat/completions"]),
        ({"ignore_llm_config": True}, ["/v1/chat/completions"]),
        ({"ignore_custom_llm_config": True, "ignore_llm_config": True}, []),
    ],
)
async def test_a_hook_may_be_ignored(
    llm: ScriptedLlm, onlooker: Onlooker, ignored: dict[str, object], paths: list[str]
) -> None:
    user = {"provider": "User", "model": "m", "apiKey": "k", "baseURL": f"{llm.url}/u"}

    asked = await converse(llm, onlooker, "When?", starts=ignored, llmConfig=user)

    assert [request.path for request in asked] == paths


async def test_the_visitor_may_interrupt_after_a_time(llm: ScriptedLlm, onlooker: Onlooker) -> None:
    llm.answers = [["Brush twice. F", HOLD], ["Bye."]]
    impatient = Line(say="All of it.", interrupt_after_ms=300)

    asked = await converse(llm, onlooker, impatient, "Stop.")

    with anyio.fail_after(1):
        await llm.hung_up.wait()
    [turn, _] = onlooker.turns
    assert (turn.interrupted, turn.heard, turn.error) == (True, "Brush twice. F", None)
    assert said(asked[1])[2] == "Brush twice. F"


async def test_who_interrupts_before_a_word_was_heard_was_not_left_in_silence(
    llm: ScriptedLlm, onlooker: Onlooker
) -> None:
    llm.answers = [[HOLD]]

    await converse(llm, onlooker, Line(say="All of it.", interrupt_after_ms=50))

    [turn] = onlooker.turns
    assert (turn.interrupted, turn.heard, turn.silent) == (True, "", False)
    assert turn.remark == "interrupted"

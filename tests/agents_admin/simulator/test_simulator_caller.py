import anyio
import pytest

from agents_admin.simulator import Line
from tests.agents_admin.simulator.stage import (
    HOLD,
    START,
    Onlooker,
    ScriptedLlm,
    hook,
    simulate,
    visitor,
)


async def converse(
    llm: ScriptedLlm, onlooker: Onlooker, *lines: str | Line, **config: object
) -> None:
    """Let a visitor say the lines to the LLM, from the start of a session to its end."""
    body = {"customLLMConfig": hook(llm), "systemPrompt": "Be brief.", **config}
    async with simulate(visitor(*lines), onlooker) as simli:
        await simli.post(START, json=body)
        await onlooker.wait_for_the_end()


async def test_the_request_is_the_one_pipecat_sends(llm: ScriptedLlm, onlooker: Onlooker) -> None:
    await converse(llm, onlooker, "Hello?")

    [asked] = llm.asked
    assert asked.path == "/v1/chat/completions"
    assert asked.headers["authorization"] == "Bearer llm-key"
    assert asked.headers["user-agent"].startswith("AsyncOpenAI/Python ")
    assert asked.headers["x-stainless-retry-count"] == "0"
    assert asked.body == {
        "model": "m",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Hello?"},
        ],
        "stream": True,
        "stream_options": {"include_usage": True},
    }


async def test_the_first_message_is_history_but_no_request(
    llm: ScriptedLlm, onlooker: Onlooker
) -> None:
    await converse(llm, onlooker, "Hello?", firstMessage="Linden Dental, good morning.")

    [asked] = llm.asked
    assert asked.body["messages"][1:] == [
        {"role": "assistant", "content": "Linden Dental, good morning."},
        {"role": "user", "content": "Hello?"},
    ]


async def test_every_request_carries_the_whole_history(
    llm: ScriptedLlm, onlooker: Onlooker
) -> None:
    llm.answers = [["We open ", "at nine. "], ["Yes."]]

    await converse(llm, onlooker, "When?", "Sure?", systemPrompt=None)

    assert llm.asked[1].body["messages"] == [
        {"role": "user", "content": "When?"},
        {"role": "assistant", "content": "We open at nine."},
        {"role": "user", "content": "Sure?"},
    ]


async def test_a_turn_is_measured(llm: ScriptedLlm, onlooker: Onlooker) -> None:
    llm.answers = [["We open", " at nine. ", "Come", " in"]]

    await converse(llm, onlooker, "When?")

    [turn] = onlooker.turns
    assert (turn.said, turn.heard) == ("When?", "We open at nine. Come in")
    assert [sentence.text for sentence in turn.sentences] == ["We open at nine.", "Come in"]
    assert (turn.pieces, turn.interrupted, turn.error) == (4, False, None)
    assert turn.ttft_s is not None
    assert turn.first_sentence_s is not None
    assert 0 < turn.ttft_s <= turn.first_sentence_s <= turn.duration_s
    assert turn.first_sentence_s == turn.sentences[0].at_s <= turn.sentences[1].at_s


async def test_interrupting_hangs_up_on_the_llm(llm: ScriptedLlm, onlooker: Onlooker) -> None:
    llm.answers = [["Brush twice. ", "Floss", HOLD]]

    await converse(llm, onlooker, Line(say="Tell me everything.", interrupt_after=16))

    with anyio.fail_after(1):
        await llm.hung_up.wait()
    [turn] = onlooker.turns
    assert turn.interrupted
    assert [sentence.text for sentence in turn.sentences] == ["Brush twice."]
    assert (turn.heard, turn.cut_off) == ("Brush twice. Flo", "Flo")


async def test_the_next_request_has_only_what_was_heard(
    llm: ScriptedLlm, onlooker: Onlooker
) -> None:
    llm.answers = [["Brush twice. Floss every day.", HOLD]]
    interrupting = Line(say="Tell me everything.", interrupt_after=13)

    await converse(llm, onlooker, interrupting, "Stop. When do you open?")

    assert llm.asked[1].body["messages"][1:] == [
        {"role": "user", "content": "Tell me everything."},
        {"role": "assistant", "content": "Brush twice."},
        {"role": "user", "content": "Stop. When do you open?"},
    ]


async def test_an_answer_shorter_than_the_interruption_is_heard_whole(
    llm: ScriptedLlm, onlooker: Onlooker
) -> None:
    await converse(llm, onlooker, Line(say="Tell me everything.", interrupt_after=100))

    [turn] = onlooker.turns
    assert (turn.heard, turn.interrupted) == ("Yes.", False)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (404, "NotFoundError 404"),
        (401, "AuthenticationError 401"),
        (['data: {"error": {"message": "secret"}}\n\n'], "APIError"),
        (["data: no json\n\n"], "JSONDecodeError"),
        (['data: {"choices": "?"}\n\n'], "AttributeError"),
    ],
)
async def test_an_error_is_a_silent_turn_and_the_conversation_goes_on(
    llm: ScriptedLlm, onlooker: Onlooker, answer: list[str] | int, kind: str
) -> None:
    llm.answers = [answer, ["At nine."]]

    await converse(llm, onlooker, "When?", "Hello?")

    silent, heard = onlooker.turns
    assert (silent.heard, silent.sentences, silent.error) == ("", (), kind)
    assert (silent.ttft_s, silent.first_sentence_s) == (None, None)
    assert heard.heard == "At nine."
    assert [message["role"] for message in llm.asked[1].body["messages"]] == [
        "system",
        "user",
        "user",
    ]


async def test_what_came_before_an_error_stays_heard(llm: ScriptedLlm, onlooker: Onlooker) -> None:
    llm.answers = [["At ni", 'data: {"error": {"message": "x"}}\n\n']]

    await converse(llm, onlooker, "When?")

    [turn] = onlooker.turns
    assert [sentence.text for sentence in turn.sentences] == ["At ni"]
    assert (turn.heard, turn.error) == ("At ni", "APIError")


async def test_a_busy_llm_is_asked_three_times(llm: ScriptedLlm, onlooker: Onlooker) -> None:
    llm.answers = [503, 429, ["Here."]]

    await converse(llm, onlooker, "Hello?")

    counts = [asked.headers["x-stainless-retry-count"] for asked in llm.asked]
    assert counts == ["0", "1", "2"]
    assert [turn.heard for turn in onlooker.turns] == ["Here."]


@pytest.mark.parametrize(
    "line",
    [
        'data: {"id": 0, "choices": [{"delta": {"content": "Hi."}}]}\n\n',
        'data: {"choices": [{"index": 4, "delta": {"content": "Hi.", "extra": 1}}]}\n\n',
    ],
)
async def test_simlis_own_minimal_chunks_are_understood(
    llm: ScriptedLlm, onlooker: Onlooker, line: str
) -> None:
    empty = ['data: {"choices": []}\n\n', 'data: {"choices": null}\n\n']
    silent = ['data: {"choices": [{"delta": null}]}\n\n', 'data: {"choices": [{"delta": {}}]}\n\n']
    llm.answers = [[*empty, *silent, line]]

    await converse(llm, onlooker, "Hello?")

    [turn] = onlooker.turns
    assert (turn.heard, turn.pieces, turn.error) == ("Hi.", 1, None)


async def test_an_answer_that_is_no_stream_is_silence(llm: ScriptedLlm, onlooker: Onlooker) -> None:
    llm.answers = [200]

    await converse(llm, onlooker, "Hello?")

    [turn] = onlooker.turns
    assert (turn.heard, turn.error) == ("", None)


async def test_a_hook_without_a_key_does_not_take_one_from_the_environment(
    llm: ScriptedLlm, onlooker: Onlooker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-mine")
    user = {"provider": "User", "model": "m", "baseURL": llm.url}

    await converse(llm, onlooker, "Hello?", customLLMConfig=None, llmConfig=user)

    assert llm.asked[0].headers["authorization"] == "Bearer none"

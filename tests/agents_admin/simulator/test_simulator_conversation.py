import logging

import anyio
import pytest

from agents_admin.simulator import (
    AnswerPiece,
    ConversationEnded,
    ConversationStarted,
    EndReason,
    Event,
    SentenceHeard,
    TurnEnded,
    TurnStarted,
    load_sample,
)
from tests.agents_admin.simulator.stage import (
    HOLD,
    START,
    Onlooker,
    ScriptedLlm,
    hook,
    simulate,
    visitor,
)

HELLO = visitor("Hello?")


@pytest.mark.parametrize(
    ("hooks", "called"),
    [
        ({"custom": "/c"}, "/c/chat/completions"),
        ({"custom": "/c", "User": "/u"}, "/c/chat/completions"),
        ({"User": "/u"}, "/u/chat/completions"),
    ],
)
async def test_the_hook_that_is_honoured(
    llm: ScriptedLlm, onlooker: Onlooker, hooks: dict[str, str], called: str
) -> None:
    body: dict[str, object] = {}
    if "custom" in hooks:
        body["customLLMConfig"] = hook(llm, hooks["custom"])
    if "User" in hooks:
        base_url = f"{llm.url}{hooks['User']}"
        user = {"provider": "User", "model": "m", "apiKey": "k", "baseURL": base_url}
        body["llmConfig"] = user

    async with simulate(HELLO, onlooker) as simli:
        await simli.post(START, json=body)
        await onlooker.wait_for_the_end()

    assert [asked.path for asked in llm.asked] == [called]


async def test_a_builtin_llm_is_never_called(llm: ScriptedLlm, onlooker: Onlooker) -> None:
    body = {"llmConfig": {"provider": "OpenAI"}, "firstMessage": "Hi."}

    async with simulate(HELLO, onlooker) as simli:
        started = (await simli.post(START, json=body)).json()
        await onlooker.wait_for_the_end()
        page = await simli.get(started["roomUrl"])

    assert llm.asked == []
    assert onlooker.events == [
        ConversationStarted(started["sessionId"], started["roomUrl"], "Hi."),
        ConversationEnded(started["sessionId"], EndReason.NO_CUSTOM_LLM),
    ]
    assert "nobody was called" in page.text


async def test_the_observer_is_told_everything_in_order(
    llm: ScriptedLlm, onlooker: Onlooker
) -> None:
    llm.answers = [["Yes. ", "Hi"]]

    async with simulate(HELLO, onlooker) as simli:
        await simli.post(START, json={"customLLMConfig": hook(llm)})
        await onlooker.wait_for_the_end()

    assert [type(event) for event in onlooker.events] == [
        ConversationStarted,
        TurnStarted,
        AnswerPiece,
        AnswerPiece,
        SentenceHeard,  # The second piece is the look-ahead of the first.
        SentenceHeard,
        TurnEnded,
        ConversationEnded,
    ]
    assert onlooker.events[-1] == ConversationEnded(
        onlooker.events[0].session_id, EndReason.VISITOR_LEFT
    )


async def test_shutting_down_cancels_conversations_and_hangs_up(
    llm: ScriptedLlm, onlooker: Onlooker
) -> None:
    llm.answers = [["One", HOLD]]

    async with simulate(HELLO, onlooker) as simli:
        started = (await simli.post(START, json={"customLLMConfig": hook(llm)})).json()
        with anyio.fail_after(5):
            await onlooker.hearing.wait()

    assert onlooker.events[-1] == ConversationEnded(started["sessionId"], EndReason.SHUTDOWN)
    with anyio.fail_after(1):
        await llm.hung_up.wait()


async def test_a_session_ends_at_its_maximal_length(llm: ScriptedLlm, onlooker: Onlooker) -> None:
    async with simulate(HELLO, onlooker) as simli:
        await simli.post(START, json={"customLLMConfig": hook(llm), "maxSessionLength": 0})
        await onlooker.wait_for_the_end()

    assert isinstance(onlooker.events[-1], ConversationEnded)
    assert onlooker.events[-1].reason == EndReason.MAX_SESSION_LENGTH


async def test_an_observer_that_raises_ends_only_its_conversation(
    llm: ScriptedLlm, onlooker: Onlooker
) -> None:
    class Fragile(Onlooker):
        def __call__(self, event: Event, /) -> None:
            onlooker(event)
            if isinstance(event, TurnStarted):
                raise RuntimeError("fragile")

    async with simulate(HELLO, Fragile()) as simli:
        started = (await simli.post(START, json={"customLLMConfig": hook(llm)})).json()
        await onlooker.wait_for_the_end()
        again = await simli.post(START, json={})

    assert ConversationEnded(started["sessionId"], EndReason.FAILED) in onlooker.events
    assert again.status_code == 200


async def test_nothing_that_was_said_and_no_key_is_logged(
    llm: ScriptedLlm, onlooker: Onlooker, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="agents_admin")
    llm.answers = [["My password is swordfish."], 404]
    script = visitor("My name is Ishmael.", "Hello?")

    async with simulate(script, onlooker) as simli:
        await simli.post(START, json={"customLLMConfig": hook(llm), "firstMessage": "Ahoy."})
        await onlooker.wait_for_the_end()

    logged = "\n".join(r.getMessage() for r in caplog.records if r.name.startswith("agents_"))
    assert "NotFoundError 404" in logged
    for private in ("Ishmael", "swordfish", "Ahoy", "llm-key", "simli-key"):
        assert private not in logged


async def test_the_sample_plays_through(llm: ScriptedLlm, onlooker: Onlooker) -> None:
    script = load_sample().model_copy(update={"pause_s": 0})
    llm.answers = [
        ["Brush your teeth. " * 20, HOLD] if line.interrupt_after else ["Yes."]
        for line in script.lines
    ]

    async with simulate(script, onlooker) as simli:
        await simli.post(START, json={"customLLMConfig": hook(llm)})
        await onlooker.wait_for_the_end()

    assert len(onlooker.turns) == len(script.lines)
    assert sum(turn.interrupted for turn in onlooker.turns) == 1

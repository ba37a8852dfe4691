from dataclasses import replace
from typing import Any

import anyio
import pytest

from llm_server.errors import ApiError, UpstreamFailed, UpstreamTimedOut
from llm_server.events import Answering, Delta, Event, Finish, text_delta
from llm_server.model_settings import ModelSettings
from llm_server.protocol import ChatRequest
from llm_server.routing.pace import EXACT, pace_of_caller, pace_of_listener
from llm_server.settings import Limits
from llm_server.voice.policy import VoiceSettings
from tests.llm_server.fakes import ScriptedBackend, Step, never, says
from tests.llm_server.routing.routers import (
    PATIENT,
    REQUEST,
    Takes,
    answer,
    answered_by,
    fared,
    router_of,
    taken,
    text,
)

RESCUED = replace(PATIENT, rescue=True, stall_s=0.02)
DOWN = UpstreamFailed("Down.")
SAID = "The practice opens at"
BREAKS_OFF: list[Step] = [text_delta("The practice "), text_delta("opens at"), DOWN]
CALL = Delta({"tool_calls": [{"index": 0, "function": {"name": "f", "arguments": "{}"}}]})


@pytest.mark.parametrize(
    ("end", "outcome"),
    [
        (DOWN, "upstream_failed"),
        (None, "upstream_timed_out"),
        (RuntimeError("boom"), "server_error"),
    ],
    ids=["breaks off", "stalls", "bug"],
)
@pytest.mark.parametrize(
    "again", [" eight.", "opens at eight.", "The practice opens at eight.", "eight."]
)
async def test_who_breaks_off_or_stalls_is_gone_on_for(
    end: Exception | None, outcome: str, again: str
) -> None:
    first = ScriptedBackend([text_delta("The practice "), text_delta("opens at"), end or never()])
    second = ScriptedBackend(says(*again.partition(" ")))

    events = await taken(router_of(first, second).answer(REQUEST, RESCUED))

    assert text(events) == "The practice opens at eight."
    assert [event for event in events if isinstance(event, Finish)] == [Finish()]
    assert answered_by(events) == ["first", "second"]
    assert fared(events) == [("first", "answered"), ("first", outcome), ("second", "answered")]


async def test_an_answer_that_ends_without_a_finish_is_gone_on_for() -> None:
    first, second = ScriptedBackend([text_delta("One.")]), ScriptedBackend(says("Two."))

    assert await answer(router_of(first, second), RESCUED) == "One. Two."


async def test_who_breaks_off_is_closed_before_another_goes_on() -> None:
    first = ScriptedBackend(BREAKS_OFF)
    closed: list[bool] = []

    def note(event: Event) -> None:
        if isinstance(event, Answering) and event.model == "second":
            closed.append(first.closed.is_set())

    second = ScriptedBackend(says(" eight."))
    await taken(router_of(first, second).answer(REQUEST, RESCUED), on=note)

    assert closed == [True]


async def test_a_model_is_asked_to_go_on_in_words() -> None:
    first, second = ScriptedBackend(BREAKS_OFF), ScriptedBackend(says(" eight."))

    await answer(router_of(first, second), RESCUED)

    *history, said, instruction = second.requests[0].messages
    assert history == REQUEST.messages
    assert said == {"role": "assistant", "content": SAID}
    assert instruction["role"] == "user"
    assert SAID in instruction["content"]


async def test_a_model_that_can_goes_on_with_what_was_said() -> None:
    first = ScriptedBackend([text_delta("It is very "), DOWN])
    second = ScriptedBackend(says(" very good."))

    heard = await answer(router_of(first, second, others={"prefill": True}), RESCUED)

    assert second.requests[0].messages[-1] == {"role": "assistant", "content": "It is very"}
    assert heard == "It is very very good."


async def test_what_was_asked_stays_as_it_was() -> None:
    first, second = ScriptedBackend(BREAKS_OFF), ScriptedBackend(says(" eight."))

    await answer(router_of(first, second), RESCUED)

    assert first.requests[0].messages == [{"role": "user", "content": "Hi!"}]


async def test_who_broke_off_is_asked_last() -> None:
    first = Takes(BREAKS_OFF, says(" eight."))
    second = ScriptedBackend([DOWN])

    assert await answer(router_of(first, second), RESCUED) == f"{SAID} eight."
    assert (len(first.requests), len(second.requests)) == (2, 1)


async def test_who_is_alone_goes_on_itself() -> None:
    first = Takes(BREAKS_OFF, says(" eight."))

    assert await answer(router_of(first), RESCUED) == f"{SAID} eight."


@pytest.mark.parametrize("others", [0, 1, 2])
async def test_there_are_two_rescues_at_most_and_one_without_a_fallback(others: int) -> None:
    broken = [Takes([text_delta("One"), DOWN]) for _ in range(1 + others)]

    with pytest.raises(UpstreamFailed):
        await taken(router_of(*broken).answer(REQUEST, RESCUED))

    assert sum(len(backend.requests) for backend in broken) == (3 if others else 2)


async def test_the_second_rescue_knows_all_that_was_said() -> None:
    first = Takes([text_delta("One"), DOWN], says("One two three"))
    second = ScriptedBackend([text_delta("One two"), DOWN])

    assert await answer(router_of(first, second), RESCUED) == "One two three"
    assert first.requests[1].messages[-2]["content"] == "One two"


@pytest.mark.parametrize(
    "script",
    [
        [text_delta("One."), CALL, DOWN],
        [CALL, DOWN],
        [text_delta("One."), Delta({"content": "Eins."}, 1), DOWN],
    ],
    ids=["tool call after words", "tool call", "two choices"],
)
async def test_nobody_goes_on_with_what_cannot_be_gone_on_with(script: list[Step]) -> None:
    first, second = ScriptedBackend(script), ScriptedBackend(says("Second."))

    with pytest.raises(UpstreamFailed):
        await answer(router_of(first, second), RESCUED)

    assert second.requests == []


async def test_what_fails_after_a_whole_answer_harms_nobody() -> None:
    first, second = ScriptedBackend([*says("One."), DOWN]), ScriptedBackend(says("Second."))

    assert await answer(router_of(first, second), RESCUED) == "One."
    assert second.requests == []


async def test_thoughts_that_break_off_are_begun_anew() -> None:
    thought = Delta({"reasoning_content": "Hm."})
    first, second = ScriptedBackend([thought, DOWN]), ScriptedBackend(says("Second."))

    events = await taken(router_of(first, second).answer(REQUEST, replace(RESCUED, spoken=False)))

    assert text(events) == "Second."
    assert second.requests[0].messages == REQUEST.messages


async def test_what_comes_with_words_that_were_said_is_not_lost() -> None:
    first = ScriptedBackend(BREAKS_OFF)
    repeats = Delta({"content": "The practice opens at", "mood": "calm"})
    second = ScriptedBackend([repeats, *says(" eight.")])

    events = await taken(router_of(first, second).answer(REQUEST, RESCUED))

    assert text(events) == f"{SAID} eight."
    assert [e.members["mood"] for e in events if isinstance(e, Delta) and "mood" in e.members]


async def test_a_continuation_that_only_repeats_ends_the_answer() -> None:
    first, second = ScriptedBackend(BREAKS_OFF), ScriptedBackend(says(SAID))

    events = await taken(router_of(first, second).answer(REQUEST, RESCUED))

    assert text(events) == SAID
    assert isinstance(events[-1], Finish)


async def test_nobody_can_go_on() -> None:
    first, second = Takes(BREAKS_OFF, [DOWN]), ScriptedBackend([UpstreamTimedOut("Slow.")])

    with pytest.raises(UpstreamFailed):
        await answer(router_of(first, second), RESCUED)


async def test_a_hang_up_in_a_rescue_closes_who_goes_on() -> None:
    first, second = ScriptedBackend(BREAKS_OFF), ScriptedBackend([never()])
    router = router_of(first, second)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(answer, router, RESCUED)
        await second.asked.wait()
        tasks.cancel_scope.cancel()

    with anyio.fail_after(2):
        await second.closed.wait()


def model(**settings: Any) -> ModelSettings:
    return ModelSettings(backend="mock", **settings)


def rescues(settings: ModelSettings, **members: Any) -> bool:
    return pace_of_caller(settings, Limits(), ChatRequest("a", [], members=members)).rescue


def test_a_plain_caller_is_rescued_by_fallbacks_if_there_are_any() -> None:
    assert not rescues(model())
    assert rescues(model(fallbacks=["b"]))
    assert rescues(model(rescue=True))
    assert not rescues(model(fallbacks=["b"], rescue=False))


@pytest.mark.parametrize("member", sorted(EXACT))
def test_an_answer_that_is_more_than_prose_is_not_gone_on_with(member: str) -> None:
    assert not rescues(model(fallbacks=["b"], rescue=True), **{member: {}})


def test_who_listens_is_always_rescued() -> None:
    assert pace_of_listener(model(rescue=False), Limits(), VoiceSettings()).rescue


async def test_without_a_rescue_the_error_is_raised() -> None:
    first, second = ScriptedBackend(BREAKS_OFF), ScriptedBackend(says("Second."))

    with pytest.raises(ApiError):
        await answer(router_of(first, second), PATIENT)

    assert second.requests == []

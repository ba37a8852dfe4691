import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

import anyio
import pytest

from llm_server.errors import (
    ApiError,
    ContentFiltered,
    ContextTooLong,
    EmptyAnswer,
    InvalidRequest,
    RequestTooLarge,
    UpstreamFailed,
    UpstreamTimedOut,
)
from llm_server.events import BackendEvent, Delta, Finish, Late, text_delta
from llm_server.protocol import ChatRequest
from tests.llm_server.fakes import ScriptedBackend, Step, never, says
from tests.llm_server.routing.routers import (
    HASTY,
    PATIENT,
    Clinging,
    Takes,
    answer,
    answered_by,
    fared,
    router_of,
    taken,
    text,
)
from tests.llm_server.routing.routers import REQUEST as HELLO

DOWN = UpstreamFailed("Down.")

NOTHING_TO_HEAR: list[Step] = [
    Delta({"role": "assistant", "content": ""}),
    text_delta(" \n"),
    text_delta("**"),
    Delta({"reasoning_content": "Hm."}),
    text_delta("<think>Let me see.</think>"),
]


@pytest.mark.parametrize("step", NOTHING_TO_HEAR)
async def test_what_cannot_be_heard_does_not_win(step: Step) -> None:
    first = ScriptedBackend([step, never()])

    assert await answer(router_of(first, ScriptedBackend(says("Second."))), HASTY) == "Second."


@pytest.mark.parametrize("step", NOTHING_TO_HEAR)
async def test_what_cannot_be_heard_is_passed_on_with_the_first_words(step: Step) -> None:
    events = await taken(router_of(ScriptedBackend([step, *says("Hi.")])).answer(HELLO, PATIENT))

    assert step in events
    assert text(events).endswith("Hi.")


async def test_for_a_plain_caller_anything_wins() -> None:
    first = ScriptedBackend([Delta({"role": "assistant"}), anyio.Event(), *says("First.")])
    second = ScriptedBackend(says("Second."))
    pace = replace(HASTY, spoken=False)

    with anyio.move_on_after(0.1):
        await answer(router_of(first, second), pace)

    assert second.requests == []


@pytest.mark.parametrize("words", ["h", "<3", "[1", "```\nls\n```", "你", "7"])
async def test_words_that_might_have_been_marks_are_content_at_the_end(words: str) -> None:
    assert await answer(router_of(ScriptedBackend(says(words)))) == words


async def test_a_tool_call_wins() -> None:
    call = Delta({"tool_calls": [{"index": 0, "function": {"name": "f", "arguments": "{}"}}]})
    router = router_of(ScriptedBackend([call, Finish("tool_calls")]), ScriptedBackend())

    assert call in await taken(router.answer(HELLO, HASTY))


async def test_who_is_asked_later_may_win_and_the_first_is_closed() -> None:
    first = ScriptedBackend([never()])
    events = await taken(router_of(first, ScriptedBackend(says("Second."))).answer(HELLO, HASTY))

    assert (text(events), answered_by(events)) == ("Second.", ["second"])
    assert fared(events) == [("second", "answered"), ("first", "overtaken")]
    with anyio.fail_after(2):
        await first.closed.wait()


async def test_who_missed_the_deadline_may_still_win() -> None:
    second = ScriptedBackend([never()])
    first = ScriptedBackend([second.asked, *says("Late, and yet first.")])

    assert await answer(router_of(first, second), HASTY) == "Late, and yet first."
    with anyio.fail_after(2):
        await second.closed.wait()


async def test_each_missed_deadline_asks_one_more() -> None:
    third = ScriptedBackend(says("Third."))
    router = router_of(ScriptedBackend([never()]), ScriptedBackend([never()]), third)

    assert await answer(router, HASTY) == "Third."


async def test_a_failure_asks_the_next_without_waiting_for_the_deadline() -> None:
    events = await taken(
        router_of(ScriptedBackend([DOWN]), ScriptedBackend(says("Second."))).answer(HELLO, PATIENT)
    )

    assert text(events) == "Second."
    assert fared(events) == [("first", "upstream_failed"), ("second", "answered")]


async def test_a_loser_that_does_not_let_go_holds_nobody_up() -> None:
    first = Clinging([never()])
    router = router_of(first, ScriptedBackend(says("Second.")))

    assert await answer(router, HASTY) == "Second."

    with anyio.fail_after(2):
        await first.leaving.wait()
    first.may_leave.set()
    await router.aclose()


async def test_one_that_fails_and_does_not_let_go_holds_nobody_up() -> None:
    first = Clinging([DOWN])
    router = router_of(first, ScriptedBackend(says("Second.")), others={"stall_s": 1})

    with anyio.move_on_after(1):
        assert await answer(router, HASTY) == "Second."
        first.may_leave.set()
    assert first.may_leave.is_set()
    await router.aclose()


@pytest.mark.parametrize("error", [InvalidRequest("No."), ContentFiltered("No.")])
async def test_what_nobody_would_answer_is_neither_asked_again_nor_handed_on(
    error: ApiError,
) -> None:
    first, second = ScriptedBackend([error]), ScriptedBackend(says("Second."))

    with pytest.raises(type(error)):
        await answer(router_of(first, second, retries=3))

    assert (len(first.requests), len(second.requests)) == (1, 0)


async def test_an_answer_that_was_filtered_before_its_first_word_is_not_handed_on() -> None:
    second = ScriptedBackend(says("Second."))

    with pytest.raises(ContentFiltered):
        await answer(router_of(ScriptedBackend([Finish("content_filter")]), second))

    assert second.requests == []


@pytest.mark.parametrize("error", [ContextTooLong("Too long."), RequestTooLarge("Too large.")])
@pytest.mark.parametrize("window", [200, None])
async def test_what_is_too_long_goes_to_who_may_take_it(
    error: ApiError, window: int | None
) -> None:
    router = router_of(
        ScriptedBackend([error]),
        ScriptedBackend(says("Second.")),
        others={"context_window": window},
        context_window=100,
    )

    assert await answer(router) == "Second."


async def test_what_is_too_long_does_not_go_to_who_takes_no_more() -> None:
    second = ScriptedBackend(says("Second."))
    router = router_of(
        ScriptedBackend([ContextTooLong("Too long.")]),
        second,
        others={"context_window": 100},
        context_window=100,
    )

    with pytest.raises(ContextTooLong):
        await answer(router)

    assert second.requests == []


async def test_who_is_asked_already_is_waited_for_when_nobody_else_takes_so_much() -> None:
    second = ScriptedBackend([anyio.Event(), *says("Second.")])
    third = ScriptedBackend(says("Third."))
    first = ScriptedBackend([second.asked, ContextTooLong("Too long.")])
    router = router_of(first, second, third, others={"context_window": 100}, context_window=100)

    async with anyio.create_task_group() as tasks:
        answers: list[str] = []

        async def ask() -> None:
            answers.append(await answer(router, HASTY))

        tasks.start_soon(ask)
        await first.closed.wait()
        await anyio.sleep(2 * (HASTY.first_content_s or 0))  # Longer than the deadline.
        step = second.script[0]
        assert isinstance(step, anyio.Event)
        step.set()

    assert (answers, third.requests) == (["Second."], [])


async def test_the_last_error_is_raised_when_all_fail() -> None:
    router = router_of(ScriptedBackend([DOWN]), ScriptedBackend([UpstreamTimedOut("Slow.")]))

    with pytest.raises(UpstreamTimedOut, match="Slow"):
        await answer(router)


async def test_who_still_runs_is_waited_for_when_the_others_have_failed() -> None:
    second = ScriptedBackend([DOWN])
    first = ScriptedBackend([second.closed, *says("First.")])

    assert await answer(router_of(first, second), HASTY) == "First."


async def test_a_race_is_given_up_and_all_are_closed() -> None:
    first, second = ScriptedBackend([never()]), ScriptedBackend([never()])

    with pytest.raises(UpstreamTimedOut, match="too long to begin"):
        await answer(router_of(first, second), replace(HASTY, give_up_s=0.06))

    with anyio.fail_after(2):
        await first.closed.wait()
        await second.closed.wait()


@pytest.mark.parametrize("script", [[Finish()], [text_delta(" **"), Finish()]])
async def test_an_answer_without_words_is_handed_on(script: list[Step]) -> None:
    router = router_of(ScriptedBackend(script), ScriptedBackend(says("Second.")))

    assert await answer(router) == "Second."


async def test_nobody_has_words() -> None:
    with pytest.raises(EmptyAnswer):
        await answer(router_of(ScriptedBackend([Finish()]), ScriptedBackend([Finish()])))


class Cancelling(ScriptedBackend):
    """Cancels a task of its own, and does not notice."""

    async def stream(self, request: ChatRequest) -> AsyncGenerator[BackendEvent]:
        async with aclosing(super().stream(request)) as events:
            async for event in events:
                yield event
        task = asyncio.create_task(anyio.sleep_forever())
        asyncio.get_running_loop().call_soon(task.cancel)
        await task


async def test_a_backend_that_cancels_itself_has_failed() -> None:
    assert await answer(router_of(Cancelling(), ScriptedBackend(says("Second.")))) == "Second."


async def test_a_backend_that_cancels_itself_in_the_middle_has_failed() -> None:
    with pytest.raises(ApiError, match="The server had an error"):
        await answer(router_of(Cancelling([text_delta("One.")])))


async def test_of_two_that_are_done_in_the_same_moment_who_has_words_wins() -> None:
    now = anyio.Event()
    first = ScriptedBackend([now, InvalidRequest("No.")])
    second = ScriptedBackend([now, *says("Second.")])
    router = router_of(first, second)

    async with anyio.create_task_group() as tasks:
        answers: list[str] = []

        async def ask() -> None:
            answers.append(await answer(router, HASTY))

        tasks.start_soon(ask)
        await second.asked.wait()
        now.set()

    assert answers == ["Second."]


async def test_a_hang_up_in_the_race_closes_all_at_once() -> None:
    first, second = ScriptedBackend([never()]), ScriptedBackend([never()])
    router = router_of(first, second)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(answer, router, HASTY)
        await second.asked.wait()
        tasks.cancel_scope.cancel()

    for _ in range(4):  # The closing is a task of its own, and so is the attempt.
        await anyio.lowlevel.checkpoint()
    assert first.closed.is_set()
    assert second.closed.is_set()


async def test_an_answer_that_is_closed_early_closes_its_backend() -> None:
    first = ScriptedBackend([text_delta("One."), never()])

    async with aclosing(router_of(first).answer(HELLO, PATIENT)) as events:
        await anext(events)

    with anyio.fail_after(5):
        await first.closed.wait()


async def test_a_race_that_is_closed_while_it_tells_of_a_failure_asks_nobody_else() -> None:
    first, second = ScriptedBackend([DOWN]), ScriptedBackend(says("Second."))
    router = router_of(first, second)

    async with aclosing(router.answer(HELLO, PATIENT)) as events:
        await anext(events)

    assert second.requests == []
    # What is known is not forgotten: two more failures, and it is left alone.
    for _ in range(2):
        await answer(router)
    await answer(router)
    assert len(first.requests) == 3


async def test_being_late_is_told_once_and_changes_nothing() -> None:
    late = anyio.Event()
    first, second = ScriptedBackend([late, *says("First.")]), ScriptedBackend(says("Second."))
    pace = replace(PATIENT, late_s=0.01)

    events = await taken(
        router_of(first, second).answer(HELLO, pace),
        on=lambda event: late.set() if isinstance(event, Late) else None,
    )

    assert [event for event in events if isinstance(event, Late)] == [Late()]
    assert (text(events), second.requests) == ("First.", [])


async def test_who_answers_in_time_is_not_late() -> None:
    pace = replace(PATIENT, late_s=0.01)
    events = await taken(router_of(ScriptedBackend(says("First."))).answer(HELLO, pace))

    assert Late() not in events


async def test_the_end_of_the_server_does_not_wait_for_who_never_lets_go(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = Clinging([never()])
    router = router_of(first, ScriptedBackend(says("Second.")))
    await answer(router, HASTY)
    monkeypatch.setattr("llm_server.routing.router.CLOSING_S", 0.01)

    with anyio.fail_after(2):
        await router.aclose()

    assert first.released
    first.may_leave.set()


async def test_a_second_try_of_one_that_failed_in_its_thoughts_is_heard() -> None:
    first = Takes([text_delta("<think>Let"), DOWN], says("Hello."))

    assert await answer(router_of(first, retries=1)) == "Hello."

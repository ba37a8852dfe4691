import anyio
import pytest

from llm_server.errors import (
    ApiError,
    ContentFiltered,
    InvalidRequest,
    RateLimited,
    UpstreamFailed,
    UpstreamRefused,
    UpstreamTimedOut,
)
from llm_server.events import text_delta
from llm_server.routing.budget import Budget
from tests.llm_server.fakes import ScriptedBackend, says
from tests.llm_server.routing.routers import (
    HASTY,
    PATIENT,
    REQUEST,
    Takes,
    answer,
    router_of,
    taken,
    text,
)

DOWN = UpstreamFailed("Down.")


def busy(retry_after: str | None) -> RateLimited:
    headers = {} if retry_after is None else {"retry-after": retry_after}
    return RateLimited("Busy.", headers=headers)


@pytest.mark.parametrize("error", [DOWN, busy("0"), busy("0.01")])
async def test_what_may_pass_is_asked_once_more(error: ApiError) -> None:
    first, second = Takes([error], says("Hello.")), ScriptedBackend(says("Second."))

    assert await answer(router_of(first, second, retries=1)) == "Hello."
    assert second.requests == []


async def test_it_is_not_asked_more_often_than_that() -> None:
    first, second = Takes([DOWN]), ScriptedBackend(says("Second."))

    assert await answer(router_of(first, second, retries=1)) == "Second."
    assert len(first.requests) == 2


@pytest.mark.parametrize(
    "error",
    [
        InvalidRequest("No."),
        ContentFiltered("No."),
        UpstreamRefused("Which key?"),
        UpstreamTimedOut("Slow."),
        busy(None),
        busy("3.5"),
        busy("inf"),
        busy("nan"),
        busy("Wed, 21 Oct 2026 07:28:00 GMT"),
        RuntimeError("boom"),
    ],
)
async def test_what_will_not_pass_is_not_asked_again(error: Exception) -> None:
    first = Takes([error], says("Hello."))

    with pytest.raises(ApiError):
        await answer(router_of(first, retries=3))

    assert len(first.requests) == 1


async def test_after_the_first_words_nothing_is_asked_again() -> None:
    first = Takes([text_delta("One."), DOWN], says("Hello."))

    with pytest.raises(UpstreamFailed):
        await answer(router_of(first, retries=3))

    assert len(first.requests) == 1


async def test_a_second_try_that_would_come_too_late_is_left_to_the_next() -> None:
    first, second = Takes([busy("1")], says("Hello.")), ScriptedBackend(says("Second."))

    assert await answer(router_of(first, second, retries=1), HASTY) == "Second."
    assert len(first.requests) == 1


async def test_what_the_first_try_held_back_is_forgotten() -> None:
    first = Takes([text_delta(" \n"), DOWN], says("Hello."))

    events = await taken(router_of(first, retries=1).answer(REQUEST, PATIENT))

    assert text(events) == "Hello."


async def test_when_everything_fails_few_are_asked_twice() -> None:
    first = Takes([DOWN])
    router = router_of(first, retries=1, breaker={"failures": 10_000})

    for _ in range(100):
        with pytest.raises(UpstreamFailed):
            await answer(router)

    # Ten at once, and one of five of the others.
    assert 125 <= len(first.requests) <= 130


async def test_who_is_tried_after_it_was_down_is_tried_once() -> None:
    first = Takes([DOWN])
    router = router_of(first, retries=1, breaker={"failures": 1, "open_s": 0.01})
    with pytest.raises(UpstreamFailed):
        await answer(router)
    asked = len(first.requests)
    await anyio.sleep(0.02)

    with pytest.raises(UpstreamFailed):
        await answer(router)

    assert len(first.requests) == asked + 1


def test_a_budget_is_a_share_of_the_turns() -> None:
    budget = Budget(0.25, most=1)
    assert [budget.spend(), budget.spend()] == [True, False]

    spent = []
    for _ in range(12):
        budget.earn()
        spent.append(budget.spend())

    assert spent == [False, False, False, True] * 3


def test_a_budget_does_not_grow_in_quiet_times() -> None:
    budget = Budget(0.5, most=2)
    for _ in range(100):
        budget.earn()

    assert [budget.spend() for _ in range(3)] == [True, True, False]

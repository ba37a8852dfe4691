from contextlib import aclosing
from dataclasses import replace

import anyio
import pytest

from llm_server.errors import InvalidRequest, RateLimited, UpstreamFailed, UpstreamTimedOut
from llm_server.events import text_delta
from llm_server.model_settings import BreakerSettings, ModelSettings
from llm_server.routing.breaker import Breaker, BreakerState
from llm_server.routing.router import Router
from llm_server.routing.routes import Route
from tests.llm_server.fakes import ScriptedBackend, Step, never, says
from tests.llm_server.routing.routers import HASTY, PATIENT, REQUEST, Takes, answer, router_of

DOWN = UpstreamFailed("Down.")
SETTINGS = BreakerSettings(failures=3, open_s=5)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker(SETTINGS, clock)


@pytest.fixture
def opened(breaker: Breaker) -> Breaker:
    for _ in range(SETTINGS.failures):
        breaker.failed()
    return breaker


def test_it_opens_after_failures_in_a_row(breaker: Breaker) -> None:
    breaker.failed()
    breaker.failed()
    assert breaker.allows()

    breaker.failed()

    assert (breaker.state, breaker.allows()) == (BreakerState.OPEN, False)


def test_a_success_between_them_makes_it_forget(breaker: Breaker) -> None:
    for _ in range(10):
        breaker.failed()
        breaker.failed()
        breaker.passed(answered=True)

    assert breaker.state is BreakerState.CLOSED


def test_who_left_before_anything_was_known_changes_nothing(
    breaker: Breaker, opened: Breaker, clock: Clock
) -> None:
    opened.passed(answered=False)
    assert opened.state is BreakerState.OPEN

    clock.now += 5
    opened.asked()
    opened.passed(answered=False)

    assert (opened.state, opened.allows()) == (BreakerState.HALF_OPEN, True)


def test_after_its_time_one_may_try_and_decides(opened: Breaker, clock: Clock) -> None:
    clock.now += 4.9
    assert not opened.allows()
    clock.now += 0.1
    assert opened.allows()

    opened.asked()
    assert not opened.allows()
    opened.failed()
    assert not opened.allows()

    clock.now += 5
    opened.asked()
    opened.passed(answered=True)
    assert opened.is_closed


def test_an_upstream_that_wants_more_time_gets_it(breaker: Breaker, clock: Clock) -> None:
    breaker.failed()
    breaker.failed()
    breaker.failed(retry_after_s=30)

    clock.now += 29
    assert not breaker.allows()
    clock.now += 1
    assert breaker.allows()


def test_an_upstream_that_wants_less_time_gets_ours(breaker: Breaker, clock: Clock) -> None:
    for _ in range(3):
        breaker.failed(retry_after_s=1)

    clock.now += 4.9
    assert breaker.state is BreakerState.OPEN


async def failing(router: Router, times: int = 3) -> None:
    for _ in range(times):
        await answer(router)


async def test_who_is_down_is_not_asked() -> None:
    first, second = ScriptedBackend([DOWN]), ScriptedBackend(says("Second."))
    router = router_of(first, second)
    await failing(router)

    assert await answer(router) == "Second."

    assert (len(first.requests), len(second.requests)) == (3, 4)


async def test_who_is_down_is_asked_rather_than_nobody() -> None:
    first = Takes([DOWN], [DOWN], [DOWN], says("I am back."))
    second = Takes(says("Second."), says("Second."), says("Second."), [DOWN])
    router = router_of(first, second)
    await failing(router)

    assert await answer(router) == "I am back."


async def test_a_primary_that_is_well_again_is_returned_to(clock: Clock) -> None:
    first, second = Takes([DOWN], [DOWN], [DOWN], says("First.")), ScriptedBackend(says("Second."))
    settings = ModelSettings(backend="mock", retries=0)
    primary = settings.model_copy(update={"fallbacks": ["second"]})
    routes = {
        "first": replace(Route.to("first", first, primary), breaker=Breaker(SETTINGS, clock)),
        "second": Route.to("second", second, settings),
    }
    router = Router(routes, lambda model, kind: None)
    await failing(router)
    assert [await answer(router) for _ in range(2)] == ["Second."] * 2

    clock.now += 5

    assert [await answer(router) for _ in range(2)] == ["First."] * 2
    assert len(second.requests) == 5


@pytest.mark.parametrize(
    "script",
    [[text_delta("One."), DOWN], [text_delta("One.")], [text_delta("One."), None]],
    ids=["breaks off", "ends without a finish", "stalls"],
)
async def test_who_breaks_off_in_the_middle_is_held_to_have_failed(
    script: list[Step | None],
) -> None:
    first, second = (
        ScriptedBackend([step or never() for step in script]),
        ScriptedBackend(says("Second.")),
    )
    router = router_of(first, second)
    for _ in range(3):
        with pytest.raises((UpstreamFailed, UpstreamTimedOut)):
            await answer(router, replace(PATIENT, stall_s=0.02))

    assert await answer(router) == "Second."


async def test_who_is_silent_until_another_has_answered_is_held_to_have_failed() -> None:
    first, second = ScriptedBackend([never()]), ScriptedBackend(says("Second."))
    router = router_of(first, second)
    for _ in range(3):
        await answer(router, HASTY)
        await anyio.lowlevel.checkpoint()

    assert await answer(router, PATIENT) == "Second."
    assert len(first.requests) == 3


async def test_what_an_upstream_refuses_is_not_held_against_it() -> None:
    first, second = ScriptedBackend([InvalidRequest("No.")]), ScriptedBackend(says("Second."))
    router = router_of(first, second)
    for _ in range(4):
        with pytest.raises(InvalidRequest):
            await answer(router)

    assert second.requests == []


async def test_a_hang_up_before_the_first_words_is_not_held_against_it() -> None:
    first, second = ScriptedBackend([never()]), ScriptedBackend(says("Second."))
    router = router_of(first, second)
    for _ in range(4):
        async with anyio.create_task_group() as tasks:
            first.asked = anyio.Event()
            tasks.start_soon(answer, router)
            await first.asked.wait()
            tasks.cancel_scope.cancel()
    first.script = says("First.")

    assert await answer(router) == "First."


async def test_a_hang_up_after_the_first_words_shows_that_it_is_well() -> None:
    first = Takes([DOWN], [DOWN], says("First."), [DOWN], [DOWN], says("First."))
    router = router_of(first, ScriptedBackend(says("Second.")))
    await failing(router, 2)
    async with aclosing(router.answer(REQUEST, PATIENT)) as events:
        await anext(events)
    await failing(router, 2)

    assert await answer(router) == "First."


async def test_an_upstream_that_asks_to_be_left_alone_is() -> None:
    busy = RateLimited("Busy.", headers={"retry-after": "60"})
    first, second = Takes([busy], says("First.")), ScriptedBackend(says("Second."))
    router = router_of(first, second, breaker={"failures": 1, "open_s": 0.001})
    await failing(router, 1)
    await anyio.sleep(0.002)

    assert await answer(router) == "Second."

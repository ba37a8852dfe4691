import anyio

from llm_server.model_settings import ModelSettings
from llm_server.routing.first_contents import NEEDED, REMEMBERED, FirstContents
from llm_server.routing.routes import Route
from tests.llm_server.fakes import ScriptedBackend, never, says
from tests.llm_server.routing.routers import PATIENT, REQUEST, answer, fared, router_of, taken, text


def test_what_is_usual_is_not_known_at_first() -> None:
    times = FirstContents()
    for n in range(NEEDED - 1):
        times.add(n)

    assert times.p90() is None
    times.add(NEEDED)
    assert times.p90() == 18


def test_only_the_latest_count() -> None:
    times = FirstContents()
    for seconds in [100.0] * REMEMBERED + [1.0] * REMEMBERED:
        times.add(seconds)

    assert times.p90() == 1.0


async def test_who_is_slower_than_so_many_seconds_is_hedged() -> None:
    first, second = ScriptedBackend([never()]), ScriptedBackend(says("Second."))

    events = await taken(router_of(first, second, hedge={"after": 0.01}).answer(REQUEST, PATIENT))

    assert text(events) == "Second."
    assert ("first", "overtaken") in fared(events)
    with anyio.fail_after(2):
        await first.closed.wait()


async def test_a_hedge_that_loses_is_closed() -> None:
    second = ScriptedBackend([never()])
    first = ScriptedBackend([second.asked, *says("First.")])

    assert await answer(router_of(first, second, hedge={"after": 0.01})) == "First."
    with anyio.fail_after(2):
        await second.closed.wait()


async def test_who_is_as_quick_as_usual_is_not_hedged() -> None:
    first, second = ScriptedBackend(says("First.")), ScriptedBackend(says("Second."))
    router = router_of(first, second, hedge={"after": "p90"})

    for _ in range(NEEDED):
        assert await answer(router) == "First."

    # Now it is known what is usual: next to nothing.
    first.script = [second.asked, *says("First.")]
    assert await answer(router) in ("First.", "Second.")
    assert len(second.requests) == 1


def test_without_samples_nothing_is_hedged() -> None:
    settings = ModelSettings(backend="mock", hedge={"after": "p90"})

    assert Route.to("first", ScriptedBackend(), settings).hedge_after_s is None


async def test_only_a_share_of_the_turns_is_hedged() -> None:
    late = anyio.Event()
    first, second = ScriptedBackend([late, *says("First.")]), ScriptedBackend([never()])
    router = router_of(first, second, hedge={"after": 0.001, "budget": 0.1})
    for _ in range(40):
        late = anyio.Event()
        first.script = [late, *says("First.")]
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(answer, router)
            await anyio.sleep(0.004)
            late.set()

    # Ten at once, and one of ten of the others.
    assert 10 <= len(second.requests) <= 14


async def test_who_lost_to_a_hedge_is_not_held_to_have_failed() -> None:
    first, second = ScriptedBackend([never()]), ScriptedBackend(says("Second."))
    router = router_of(first, second, hedge={"after": 0.001, "budget": 1.0})
    for _ in range(5):
        assert await answer(router) == "Second."

    assert len(first.requests) == 5


async def test_nobody_is_hedged_by_who_is_not_there() -> None:
    first = ScriptedBackend([anyio.Event(), *says("First.")])
    router = router_of(first, hedge={"after": 0.001})

    with anyio.move_on_after(0.02) as waiting:
        await answer(router)

    assert waiting.cancelled_caught
    assert len(first.requests) == 1

import asyncio
import time
from contextlib import aclosing

import anyio
import pytest

from llm_server.backends.base import Event, Events, Finish, text_delta
from llm_server.errors import RateLimited, UpstreamFailed, UpstreamTimedOut
from llm_server.keys import Caller
from llm_server.limits import StreamLimiter
from llm_server.settings import Limits
from llm_server.watchdog import within

QUICK = Limits(first_event_s=0.02, stall_s=0.02, stream_s=5)
HELLO = text_delta("Hello.")


class Upstream:
    """Plays its steps: waits for so many seconds, raises, or yields."""

    def __init__(self, *steps: Event | Exception | float) -> None:
        self.steps = steps
        self.waits = anyio.Event()
        self.begun = self.closed = False

    async def stream(self) -> Events:
        self.begun = True
        try:
            for step in self.steps:
                if isinstance(step, Exception):
                    raise step
                if isinstance(step, float):
                    self.waits.set()
                    await anyio.sleep(step)
                else:
                    yield [step]
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.lowlevel.checkpoint()  # As a connection that is closed does.
            self.closed = True


async def taken(events: Events) -> list[Event]:
    with anyio.fail_after(2):
        async with aclosing(events):
            return [event async for batch in events for event in batch]


def no_cancellation_is_left() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() == 0


async def test_events_in_time_pass() -> None:
    upstream = Upstream(HELLO, 0.001, HELLO, Finish())

    assert await taken(within(upstream.stream(), QUICK)) == [HELLO, HELLO, Finish()]
    assert upstream.closed


async def test_an_upstream_that_does_not_begin_is_given_up() -> None:
    upstream = Upstream(10.0, HELLO)

    with pytest.raises(UpstreamTimedOut, match="too long to begin"):
        await taken(within(upstream.stream(), QUICK))

    assert upstream.closed
    assert no_cancellation_is_left()


async def test_an_upstream_that_stops_in_the_middle_is_given_up() -> None:
    upstream = Upstream(HELLO, 10.0, Finish())

    with pytest.raises(UpstreamTimedOut, match="stopped in the middle"):
        await taken(within(upstream.stream(), QUICK))

    assert upstream.closed
    assert no_cancellation_is_left()


async def test_an_upstream_that_never_ends_is_given_up() -> None:
    upstream = Upstream(*(step for _ in range(1000) for step in (HELLO, 0.005)))

    with pytest.raises(UpstreamTimedOut, match=r"longer than 0\.05 s"):
        await taken(within(upstream.stream(), Limits(stall_s=1, stream_s=0.05)))

    assert upstream.closed


async def test_a_slow_beginning_may_be_longer_than_a_stall() -> None:
    upstream = Upstream(0.06, HELLO, 10.0)

    with pytest.raises(UpstreamTimedOut, match="stopped in the middle"):
        await taken(within(upstream.stream(), Limits(first_event_s=1, stall_s=0.02)))


async def test_a_caller_who_reads_slowly_is_not_a_silent_upstream() -> None:
    read: list[Event] = []

    async with aclosing(within(Upstream(HELLO, HELLO, HELLO).stream(), QUICK)) as events:
        async for batch in events:
            read += batch
            await anyio.sleep(0.05)

    assert len(read) == 3


async def test_the_whole_stream_ends_also_while_the_caller_reads() -> None:
    upstream = Upstream(HELLO, HELLO)

    async with aclosing(within(upstream.stream(), Limits(stream_s=0.01))) as events:
        await anext(events)
        await anyio.sleep(0.05)
        with pytest.raises(UpstreamTimedOut, match=r"longer than 0\.01 s"):
            await anext(events)

    assert upstream.closed
    assert no_cancellation_is_left()


async def test_an_error_of_the_upstream_stays_what_it_is() -> None:
    with pytest.raises(UpstreamFailed):
        await taken(within(Upstream(HELLO, UpstreamFailed("")).stream(), QUICK))


async def test_a_caller_who_hangs_up_is_no_time_out() -> None:
    upstream = Upstream(HELLO, 10.0)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(taken, within(upstream.stream(), Limits()))
        await upstream.waits.wait()
        tasks.cancel_scope.cancel()

    assert tasks.cancel_scope.cancelled_caught
    assert upstream.closed


@pytest.fixture
async def one_turn() -> None:
    """Whatever is due in the next 45 ms is due in one and the same turn of the loop."""
    asyncio.get_running_loop().call_later(0.005, time.sleep, 0.04)


@pytest.mark.parametrize("cancel_s", [0.01, 0.03])
async def test_a_task_that_is_cancelled_at_the_moment_of_the_time_out_ends_cancelled(
    one_turn: None, cancel_s: float
) -> None:
    upstream = Upstream(10.0)

    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(taken(within(upstream.stream(), QUICK)))
        asyncio.get_running_loop().call_later(cancel_s, task.cancel)

    assert task.cancelled()
    assert upstream.closed


async def test_a_hang_up_at_the_moment_of_the_time_out_wins(one_turn: None) -> None:
    upstream = Upstream(10.0)

    with anyio.CancelScope() as scope:
        asyncio.get_running_loop().call_later(0.01, scope.cancel)
        await taken(within(upstream.stream(), QUICK))

    assert scope.cancelled_caught
    assert upstream.closed
    assert no_cancellation_is_left()


async def test_a_hang_up_right_after_the_time_out_is_not_lost(one_turn: None) -> None:
    with anyio.CancelScope() as scope:
        asyncio.get_running_loop().call_later(0.03, scope.cancel)
        with pytest.raises(UpstreamTimedOut):
            await taken(within(Upstream(10.0).stream(), QUICK))
        await anyio.sleep(2)

    assert scope.cancelled_caught
    assert no_cancellation_is_left()


async def test_closing_early_closes_the_upstream() -> None:
    upstream = Upstream(HELLO, 10.0)

    async with aclosing(within(upstream.stream(), QUICK)) as events:
        await anext(events)

    assert upstream.closed


async def test_a_slot_is_held_until_the_end() -> None:
    limiter = StreamLimiter(Limits())

    async with aclosing(within(Upstream(HELLO).stream(), QUICK, limiter.slot(Caller()))) as events:
        await anext(events)
        assert limiter.open == 1

    assert limiter.open == 0


async def test_without_a_slot_nothing_is_asked() -> None:
    limiter = StreamLimiter(Limits(streams_per_key=1))
    upstream = Upstream(HELLO)

    with limiter.slot(Caller()), pytest.raises(RateLimited):
        await taken(within(upstream.stream(), QUICK, limiter.slot(Caller())))

    assert not upstream.begun

import asyncio
import time
from contextlib import aclosing
from dataclasses import replace
from time import monotonic

import anyio
import pytest

from llm_server.errors import UpstreamFailed, UpstreamTimedOut
from llm_server.events import Delta, Event, Events, Finish, text_delta
from llm_server.routing.pace import Pace
from llm_server.routing.watchdog import Watchdog
from tests.llm_server.routing.routers import taken

QUICK = Pace(spoken=False, first_content_s=None, give_up_s=5, stall_s=0.02, stream_s=5)
SPOKEN = replace(QUICK, spoken=True)
HELLO = text_delta("Hello.")
THOUGHT = Delta({"reasoning_content": "Hm."})


class Upstream:
    """Plays its steps: waits for so many seconds, raises, or yields."""

    def __init__(self, *steps: Event | Exception | float) -> None:
        self.steps = steps
        self.waits = anyio.Event()
        self.closed = False

    async def stream(self) -> Events:
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


async def within(events: Events, pace: Pace) -> Events:
    """The events, watched as the router watches them."""
    async with aclosing(events):
        with Watchdog(pace, monotonic()) as watchdog:
            while (batch := await watchdog.wait_for(anext(events, None))) is not None:
                yield batch


def no_cancellation_is_left() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() == 0


async def test_events_in_time_pass() -> None:
    upstream = Upstream(HELLO, 0.001, HELLO, Finish())

    assert await taken(within(upstream.stream(), replace(QUICK, stall_s=2))) == [
        HELLO,
        HELLO,
        Finish(),
    ]
    assert upstream.closed


async def test_an_upstream_that_stops_in_the_middle_is_given_up() -> None:
    upstream = Upstream(HELLO, 10.0, Finish())

    with pytest.raises(UpstreamTimedOut, match="stopped in the middle"):
        await taken(within(upstream.stream(), QUICK))

    assert upstream.closed
    assert no_cancellation_is_left()


async def test_an_upstream_that_never_ends_is_given_up() -> None:
    upstream = Upstream(*(step for _ in range(1000) for step in (HELLO, 0.005)))

    with pytest.raises(UpstreamTimedOut, match=r"longer than 0\.05 s"):
        await taken(within(upstream.stream(), replace(QUICK, stall_s=1, stream_s=0.05)))

    assert upstream.closed


async def test_a_caller_who_reads_slowly_is_not_a_silent_upstream() -> None:
    read: list[Event] = []

    async with aclosing(within(Upstream(HELLO, HELLO, HELLO).stream(), QUICK)) as events:
        async for batch in events:
            read += batch
            await anyio.sleep(0.05)

    assert len(read) == 3


async def test_the_whole_stream_ends_also_while_the_caller_reads() -> None:
    upstream = Upstream(HELLO, HELLO)

    async with aclosing(
        within(upstream.stream(), replace(QUICK, stall_s=5, stream_s=0.01))
    ) as events:
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
        tasks.start_soon(taken, within(upstream.stream(), replace(QUICK, stall_s=5)))
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


async def test_thoughts_end_the_silence_for_a_plain_caller() -> None:
    upstream = Upstream(HELLO, *(step for _ in range(30) for step in (0.01, THOUGHT)), Finish())

    assert len(await taken(within(upstream.stream(), replace(QUICK, stall_s=0.2)))) == 32


async def test_thoughts_do_not_end_the_silence_for_who_listens() -> None:
    upstream = Upstream(HELLO, *(step for _ in range(200) for step in (0.005, THOUGHT)), Finish())

    with pytest.raises(UpstreamTimedOut, match="stopped in the middle"):
        await taken(within(upstream.stream(), SPOKEN))

    assert upstream.closed
    assert no_cancellation_is_left()


async def test_words_end_the_silence_for_who_listens() -> None:
    upstream = Upstream(*(step for _ in range(30) for step in (0.01, HELLO)), Finish())

    assert len(await taken(within(upstream.stream(), replace(SPOKEN, stall_s=0.2)))) == 31


async def test_who_awaits_what_comes_next_in_another_task_is_not_cancelled_instead_of_it() -> None:
    upstream = Upstream(HELLO, Finish(), 10.0)
    events = within(upstream.stream(), QUICK)

    await anext(events)
    await anext(events)
    late = asyncio.ensure_future(anext(events, None))
    await asyncio.wait([late], timeout=2)

    assert isinstance(late.exception(), UpstreamTimedOut)

    assert upstream.closed
    assert no_cancellation_is_left()

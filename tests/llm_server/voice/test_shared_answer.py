from collections.abc import Sequence
from contextlib import aclosing

import anyio
import pytest

from llm_server.errors import UpstreamFailed
from llm_server.events import Event, Events, Finish, text_delta
from llm_server.voice.shared_answer import MOST_AHEAD, SharedAnswer
from tests.llm_server.fakes import never

ONE, TWO = text_delta("One."), text_delta("Two.")
Source = Sequence[Event | Exception | anyio.Event]


class Upstream:
    def __init__(self, *steps: Event | Exception | anyio.Event) -> None:
        self.steps: Source = steps
        self.given = 0
        self.begun, self.closed, self.may_leave = anyio.Event(), anyio.Event(), anyio.Event()
        self.may_leave.set()

    async def events(self) -> Events:
        self.begun.set()
        try:
            for step in self.steps:
                if isinstance(step, Exception):
                    raise step
                if isinstance(step, anyio.Event):
                    await step.wait()
                else:
                    self.given += 1
                    yield [step]
        finally:
            self.closed.set()
            with anyio.CancelScope(shield=True):
                await self.may_leave.wait()


async def heard(answer: SharedAnswer) -> list[Event]:
    with anyio.fail_after(5):
        async with aclosing(answer.listen()) as events:
            return [event async for batch in events for event in batch]


async def test_all_who_listen_hear_all_of_it() -> None:
    more = anyio.Event()
    answer = SharedAnswer(Upstream(ONE, more, TWO, Finish()).events())
    async with aclosing(answer.listen()) as first:
        assert await anext(first) == [ONE]

        async with aclosing(answer.listen()) as second:
            assert await anext(second) == [ONE]
            more.set()
            assert [event async for batch in second for event in batch] == [TWO, Finish()]

        assert [event async for batch in first for event in batch] == [TWO, Finish()]


async def test_the_last_who_leaves_stops_the_upstream() -> None:
    upstream = Upstream(ONE, never())
    answer = SharedAnswer(upstream.events())
    first, second = answer.listen(), answer.listen()
    await anext(first)
    await anext(second)

    await first.aclose()
    await anyio.wait_all_tasks_blocked()
    assert not upstream.closed.is_set()

    await second.aclose()
    await anyio.lowlevel.checkpoint()
    assert upstream.closed.is_set()


async def test_who_leaves_does_not_wait_for_an_upstream_that_does_not_let_go() -> None:
    upstream = Upstream(ONE, never())
    upstream.may_leave = anyio.Event()
    answer = SharedAnswer(upstream.events())

    with anyio.fail_after(2):
        async with aclosing(answer.listen()) as events:
            await anext(events)
        await upstream.closed.wait()

    assert not answer.is_unfinished  # Nobody can join what is being stopped.
    upstream.may_leave.set()


async def test_who_is_superseded_gets_a_regular_end_at_once() -> None:
    upstream = Upstream(ONE, never())
    upstream.may_leave = anyio.Event()
    answer = SharedAnswer(upstream.events())

    with anyio.fail_after(2):
        async with aclosing(answer.listen()) as events:
            assert await anext(events) == [ONE]
            answer.supersede()
            assert [batch async for batch in events] == [[Finish()]]

    assert (answer.superseded, answer.is_unfinished) == (True, False)
    upstream.may_leave.set()


async def test_who_comes_when_all_have_left_gets_a_regular_end() -> None:
    answer = SharedAnswer(Upstream(ONE, never()).events())
    async with aclosing(answer.listen()) as events:
        await anext(events)

    assert await heard(answer) == [Finish()]


async def test_an_upstream_is_not_asked_before_somebody_listens() -> None:
    upstream = Upstream(ONE, Finish())
    answer = SharedAnswer(upstream.events())
    await anyio.wait_all_tasks_blocked()
    assert not upstream.begun.is_set()

    assert await heard(answer) == [ONE, Finish()]


async def test_all_hear_of_a_failure() -> None:
    more = anyio.Event()
    answer = SharedAnswer(Upstream(ONE, more, UpstreamFailed("Down.")).events())
    first, second = answer.listen(), answer.listen()
    await anext(first)
    await anext(second)
    more.set()

    for events in (first, second):
        with pytest.raises(UpstreamFailed):
            await anext(events)


async def test_an_answer_that_waits_for_its_usage_is_finished() -> None:
    end = anyio.Event()
    answer = SharedAnswer(Upstream(ONE, end, Finish(), never()).events())
    async with aclosing(answer.listen()) as events:
        await anext(events)
        assert answer.is_unfinished
        end.set()
        await anext(events)

        assert not answer.is_unfinished


async def test_the_upstream_does_not_run_ahead_of_who_listens() -> None:
    upstream = Upstream(*[ONE] * (3 * MOST_AHEAD))
    async with aclosing(SharedAnswer(upstream.events()).listen()) as events:
        await anext(events)
        await anyio.wait_all_tasks_blocked()
        ahead = upstream.given
        for _ in range(10):
            await anext(events)
        await anyio.wait_all_tasks_blocked()

    assert ahead == MOST_AHEAD + 1
    assert upstream.given == MOST_AHEAD + 11


async def test_the_upstream_goes_on_for_who_is_left() -> None:
    upstream = Upstream(*[ONE] * (2 * MOST_AHEAD), Finish())
    answer = SharedAnswer(upstream.events())
    quick, slow = answer.listen(), answer.listen()
    await anext(slow)
    for _ in range(MOST_AHEAD):
        await anext(quick)
    await quick.aclose()

    rest = [batch async for batch in slow]

    assert len(rest) == 2 * MOST_AHEAD


async def test_nothing_is_kept_when_all_have_heard_it() -> None:
    answer = SharedAnswer(Upstream(ONE, Finish()).events())
    await heard(answer)

    assert not answer._batches

"""One answer for all who ask for it: a platform may send the same turn twice."""

import asyncio
from contextlib import aclosing

from llm_server.events import Batch, Events, Finish

# How far the answer may be ahead of its fastest listener, in batches. All of it is kept for
# whoever joins, and must not grow while nobody reads.
MOST_AHEAD = 256


class SharedAnswer:
    """Takes events in a task of its own, and gives them to any number of listeners.

    Each hears them from the beginning. The task, and with it the upstream, is stopped when the
    last one leaves.
    """

    def __init__(self, events: Events) -> None:
        self.superseded = False
        """Whether it was stopped for a newer turn, and is none itself."""
        self.listeners = 0
        self._events = events
        self._batches: list[Batch] = []
        self._furthest = 0
        self._finished = self._stopped = False
        self._waiting: list[asyncio.Future[None]] = []
        self._task: asyncio.Task[None] | None = None

    @property
    def is_unfinished(self) -> bool:
        return not (self._finished or self._stopped or self._is_over)

    def supersede(self) -> None:
        """Stop it: the visitor has gone on. Who still listens gets a regular end."""
        self.superseded = True
        self._stop()

    async def listen(self) -> Events:
        """All events from the first. Raises what their source raised."""
        self.listeners += 1
        place = 0
        try:
            self._start()
            while True:
                while place < len(self._batches):
                    yield self._batches[place]
                    place += 1
                    self._advance(place)
                if self._stopped or self._is_over:
                    break
                await self._change()
            if self._stopped:
                yield [Finish()]
            elif self._task:
                self._task.result()
        finally:
            self.listeners -= 1
            if not self.listeners:
                self._stop()
                self._batches.clear()

    @property
    def _is_over(self) -> bool:
        return self._task is not None and self._task.done()

    @property
    def _is_full(self) -> bool:
        return len(self._batches) - self._furthest > MOST_AHEAD

    def _start(self) -> None:
        """Only for somebody who listens: who has gone before that cannot stop it."""
        if self._task is None and not self._stopped:
            self._task = asyncio.create_task(self._take(self._events))
            self._task.add_done_callback(self._wake)

    def _stop(self) -> None:
        """Nobody waits for the upstream to let go: that may take it a while."""
        self._stopped = True
        if self._task:
            self._task.cancel()
        self._wake()

    async def _take(self, events: Events) -> None:
        async with aclosing(events):
            async for batch in events:
                self._batches.append(batch)
                self._finished |= any(isinstance(event, Finish) for event in batch)
                self._wake()
                while self._is_full:
                    await self._change()

    def _advance(self, place: int) -> None:
        was_full = self._is_full
        self._furthest = max(self._furthest, place)
        if was_full:
            self._wake()

    async def _change(self) -> None:
        """Wait until there is more to hear, or more room for it."""
        change: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(change)
        await change

    def _wake(self, _: object = None) -> None:
        waiting, self._waiting = self._waiting, []
        for change in waiting:
            if not change.done():
                change.set_result(None)

"""Run each of a backend's generators in one task, from its beginning to its end.

Whoever writes a backend may hold what belongs to a task while yielding: a task group, a time-out, a
context variable. Routing reads the first content in one task and the rest in another.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing

from llm_server.backends.base import Backend
from llm_server.events import BackendEvent
from llm_server.protocol import ChatRequest
from llm_server.tracebacks import place_of

logger = logging.getLogger(__name__)

# How many events a generator may be ahead of who reads them: they are kept meanwhile.
MOST_AHEAD = 16


class OneTask:
    """Asks a backend that yields one event after another."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._tasks: set[asyncio.Task[None]] = set()

    async def ask(self, request: ChatRequest) -> AsyncGenerator[list[BackendEvent]]:
        """The events, in lists of those that have come meanwhile.

        Who closes it does not wait for the generator to end: it may cling to something.
        """
        events = _Events()
        task = asyncio.create_task(events.take(self._backend.stream(request)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(events.end)
        ended = False
        try:
            while batch := await events.next():
                yield batch
            ended = True
            task.result()
        finally:
            if not ended:
                task.cancel()
                task.add_done_callback(_report)


class _Events:
    """What the generator has yielded, and nobody has read."""

    def __init__(self) -> None:
        self._events: list[BackendEvent] = []
        self._ended = False
        self._changed = asyncio.Event()
        self._read = asyncio.Event()

    async def take(self, events: AsyncGenerator[BackendEvent]) -> None:
        async with aclosing(events):
            async for event in events:
                self._events.append(event)
                self._changed.set()
                while len(self._events) >= MOST_AHEAD:
                    self._read.clear()
                    await self._read.wait()

    def end(self, _: asyncio.Task[None]) -> None:
        self._ended = True
        self._changed.set()

    async def next(self) -> list[BackendEvent]:
        """At least one; none at the end."""
        while not (self._events or self._ended):
            self._changed.clear()
            await self._changed.wait()
        events, self._events = self._events, []
        self._read.set()
        return events


def _report(task: asyncio.Task[None]) -> None:
    """Nobody else is there to be told any more."""
    if not task.cancelled() and (error := task.exception()):
        logger.error("a backend raised %s when let go", place_of(error))

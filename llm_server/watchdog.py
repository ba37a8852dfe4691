"""Give up on an upstream that keeps a caller waiting."""

import asyncio
from contextlib import AbstractContextManager, aclosing, nullcontext
from time import monotonic
from types import TracebackType

from llm_server.backends.base import Events
from llm_server.errors import UpstreamTimedOut
from llm_server.settings import Limits

FREE = nullcontext()


async def within(
    events: Events, limits: Limits, slot: AbstractContextManager[None] = FREE
) -> Events:
    """Pass events on as long as they come in time; else raise UpstreamTimedOut.

    The `slot` is held meanwhile; what entering it raises comes instead of the first event.

    Only waiting for the upstream counts as its silence, not what the caller takes to read. All
    events must be taken in one task: it is cancelled to end the wait, as asyncio.timeout does.
    """
    with slot:
        async with aclosing(events):
            with Watchdog(limits) as watchdog:
                async for batch in events:
                    watchdog.waiting_since = None
                    yield batch
                    if watchdog.overdue:
                        raise UpstreamTimedOut(watchdog.overdue)
                    watchdog.waiting_since = monotonic()


class Watchdog:
    """One timer for a whole stream.

    To set it again for each event would cost 3 µs an event. Instead, it looks when it is due
    whether events have come since, and if so sets itself for when they would be late.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.waiting_since: float | None = None
        """Set this when a wait for an event begins, and to None when one is there."""
        self.overdue = ""
        """Why the stream must end, once it must."""

    def __enter__(self) -> "Watchdog":
        task = asyncio.current_task()
        assert task
        self._task = task
        self._cancelling = task.cancelling()
        self._cancelled = False
        self._began = self.waiting_since = monotonic()
        # The earliest moment at which anything can be late.
        limits = self._limits
        first_look_s = min(limits.first_event_s, limits.stall_s, limits.stream_s)
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_later(first_look_s, self._look)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        # If somebody else cancels the task too, that is what it must end with.
        only_us = self._cancelled and self._task.uncancel() <= self._cancelling
        if only_us and kind is asyncio.CancelledError:
            raise UpstreamTimedOut(self.overdue) from exc

    def _look(self) -> None:
        now, limits = monotonic(), self._limits
        since = self.waiting_since
        end = self._began + limits.stream_s
        if since is None:  # The caller is reading. The next wait begins now at the earliest.
            late, reason = now + limits.stall_s, ""
        elif since == self._began:
            late, reason = since + limits.first_event_s, "The model took too long to begin."
        else:
            late, reason = since + limits.stall_s, "The model stopped in the middle of its answer."
        if end <= late:
            late, reason = end, f"The answer took longer than {limits.stream_s:g} s."
        if now < late:
            self._timer = self._loop.call_later(late - now, self._look)
        else:
            self._end(reason)

    def _end(self, reason: str) -> None:
        self.overdue = reason
        if self.waiting_since is not None:
            self._cancelled = True
            self._task.cancel()

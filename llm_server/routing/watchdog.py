"""Give up on an upstream that stops in the middle of its answer."""

import asyncio
from collections.abc import Awaitable
from time import monotonic
from types import TracebackType

from llm_server.errors import UpstreamTimedOut
from llm_server.events import Batch
from llm_server.routing.content import speaks
from llm_server.routing.pace import Pace


class Watchdog:
    """One timer for what comes after the first content.

    The task that awaits is cancelled to end a wait, as asyncio.timeout does. It may be another
    one each time.

    To set it again for each event would cost 3 µs an event. Instead, it looks when it is due
    whether events have come since, and if so sets itself for when they would be late.
    """

    def __init__(self, pace: Pace, began: float) -> None:
        self._stall_s = pace.stall_s
        self._stream_s = pace.stream_s
        self._ends_at = began + pace.stream_s
        self._speaks = speaks if pace.spoken else None
        self._content_at: float | None = None
        self._waiting_since: float | None = None
        self._task: asyncio.Task[object] | None = None
        self._cancelling = 0
        self._overdue = ""

    def __enter__(self) -> "Watchdog":
        self._cancelled = False
        self._loop = asyncio.get_running_loop()
        # The earliest moment at which anything can be late.
        first_look_s = min(self._stall_s, self._ends_at - monotonic())
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
        only_us = self._cancelled and self._task and self._task.uncancel() <= self._cancelling
        if only_us and kind is asyncio.CancelledError:
            raise UpstreamTimedOut(self._overdue) from exc

    async def wait_for(self, coming: Awaitable[Batch | None]) -> Batch | None:
        """Await what comes next. Only this counts as silence, not what the caller takes to read.

        Raises UpstreamTimedOut.
        """
        if self._overdue:
            raise UpstreamTimedOut(self._overdue)
        if task := asyncio.current_task():
            self._task, self._cancelling = task, task.cancelling()
        since = self._waiting_since = self._content_at or monotonic()
        batch = await coming
        self._waiting_since = None
        # A listener hears nothing of thoughts: they do not end the silence.
        heard = self._speaks is None or batch is None or self._speaks(batch)
        self._content_at = None if heard else since
        return batch

    def _look(self) -> None:
        now = monotonic()
        # While the caller reads, the next wait begins now at the earliest.
        late = (self._waiting_since or now) + self._stall_s
        reason = "The model stopped in the middle of its answer."
        if self._ends_at <= late:
            late, reason = self._ends_at, f"The answer took longer than {self._stream_s:g} s."
        if now < late:
            self._timer = self._loop.call_later(late - now, self._look)
        else:
            self._end(reason)

    def _end(self, reason: str) -> None:
        self._overdue = reason
        if self._waiting_since is not None and self._task:
            self._cancelled = True
            self._task.cancel()

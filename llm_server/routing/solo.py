"""One backend that nobody steps in for: a race of one, at half the price."""

import asyncio
from collections.abc import AsyncGenerator
from time import monotonic

from llm_server.errors import ApiError, UpstreamTimedOut
from llm_server.events import Event
from llm_server.routing.attempt import Attempt
from llm_server.routing.budget import Budget
from llm_server.routing.pace import Pace


class Solo:
    """To be used as a Race. It needs no task of its own, which costs 20 µs."""

    def __init__(self, attempt: Attempt, pace: Pace, retries: Budget) -> None:
        self.winner: Attempt | None = None
        self.reports: list[Event] = []
        self._attempt = attempt
        self.began = attempt.began
        self._limit_s = min(pace.give_up_s, pace.stream_s)
        self._retries = retries

    async def run(self) -> AsyncGenerator[Event]:
        """Raises ApiError."""
        try:
            await self._begin()
        except ApiError as exc:
            self._attempt.failed(exc)
            yield self._attempt.report(exc.kind, self.began)
            raise
        finally:
            if self.winner is None:
                await self._attempt.close()
        self.reports.append(self._attempt.report("answered", self.began))

    async def _begin(self) -> None:
        try:
            async with asyncio.timeout(self._limit_s):
                await self._attempt.begin(self._retries, monotonic() + self._limit_s)
        except TimeoutError as exc:
            raise UpstreamTimedOut("The model took too long to begin.") from exc
        self.winner = self._attempt

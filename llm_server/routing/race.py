"""Several backends for one answer: who is asked when, and who wins."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from itertools import chain
from math import inf
from time import monotonic

from llm_server.errors import (
    ApiError,
    ContextTooLong,
    InvalidRequest,
    RequestTooLarge,
    UpstreamTimedOut,
    internal_error,
)
from llm_server.events import Event, Late
from llm_server.routing.attempt import Attempt
from llm_server.routing.budget import Budget
from llm_server.routing.pace import Pace
from llm_server.routing.routes import Route
from llm_server.tracebacks import place_of

logger = logging.getLogger(__name__)

NoteError = Callable[[str, str], None]
LetGo = Callable[[Attempt, "asyncio.Task[None]"], None]


class Race:
    """The candidates are asked one after the other, until one of them has content.

    The next is asked when one has failed, when the latest has missed its deadline, or, as a
    hedge, when it is slower than usual. Whoever was asked goes on: the first content wins.
    """

    def __init__(
        self,
        candidates: Sequence[Route],
        ask: Callable[[Route], Attempt],
        pace: Pace,
        retries: Budget,
        note_error: NoteError,
        let_go: LetGo,
    ) -> None:
        self.winner: Attempt | None = None
        self.reports: list[Event] = []
        """How those fared who were still asked when there was a winner, and the winner."""
        self._candidates = list(candidates)
        self._ask = ask
        self._pace = pace
        self._retries = retries
        self._note_error = note_error
        self._let_go = let_go
        self._running: dict[asyncio.Task[None], Attempt] = {}
        self.began = monotonic()
        self._give_up_at = self.began + min(pace.give_up_s, pace.stream_s)
        self._late_at = inf if pace.late_s is None else self.began + pace.late_s
        self._deadline = self._hedge_at = inf
        self._hedges: Budget | None = None

    async def run(self) -> AsyncGenerator[Event]:
        """Yield what happens until there is a winner. Raises ApiError when there is none."""
        try:
            self._start_next()
            while self.winner is None:
                due = min(self._late_at, self._deadline, self._hedge_at, self._give_up_at)
                done, _ = await asyncio.wait(
                    self._running,
                    timeout=max(0, due - monotonic()),
                    return_when=asyncio.FIRST_COMPLETED,
                )
                for event in chain(self._judge(done), self._tick(monotonic())):
                    yield event
            for loser in self._running.values():
                loser.overtaken()
                self.reports.append(loser.report("overtaken", self.began))
        finally:
            for task, attempt in self._running.items():
                if self._has_missed_its_deadline(attempt):
                    attempt.failed(UpstreamTimedOut("The model took too long to begin."))
                self._let_go(attempt, task)

    def _judge(self, done: set["asyncio.Task[None]"]) -> Iterator[Event]:
        """See how those that are done fared. Raises ApiError when no other can do better."""
        # Who has content wins, whatever happened to another in the same moment.
        for task in sorted(done, key=lambda task: task.exception() is not None):
            if self.winner:
                return  # The others have lost, however they fared.
            attempt = self._running.pop(task)
            error = task.exception()
            if error is None:
                self.winner = attempt
                self.reports.append(attempt.report("answered", self.began))
            else:
                error = _as_api_error(error, attempt)
                attempt.failed(error)
                self._let_go(attempt, task)
                yield attempt.report(error.kind, self.began)
                self._go_on(attempt.route, error)

    def _tick(self, now: float) -> Iterator[Event]:
        """Do what is due. Raises UpstreamTimedOut."""
        if self.winner:
            return
        if now >= self._give_up_at:
            raise UpstreamTimedOut("The model took too long to begin.")
        if now >= self._late_at:
            self._late_at = inf
            yield Late()
        if now >= self._deadline:
            self._start_next()
        elif now >= self._hedge_at:
            self._hedge_at = inf
            if self._hedges and self._hedges.spend():
                self._start_next()

    def _go_on(self, route: Route, error: ApiError) -> None:
        """Ask the next after a failure. Raises the error if there is nobody left to hope for."""
        if isinstance(error, ContextTooLong | RequestTooLarge):
            self._candidates = [c for c in self._candidates if c.takes_more_than(route)]
        elif isinstance(error, InvalidRequest) and not self._pace.going_on:
            raise error  # Nobody else would answer it, either.
        if not (self._candidates or self._running):
            raise error
        self._note_error(route.model, error.kind)
        logger.warning("%s failed (%s), asking the next", route.model, error.kind)
        self._start_next()

    def _start_next(self) -> None:
        """Ask the next, if there is one, and note when the one after it is due."""
        self._deadline = self._hedge_at = inf
        if not self._candidates:
            return
        route = self._next_candidate()
        attempt = self._ask(route)
        task = asyncio.create_task(attempt.begin(self._retries, self._retry_until()))
        self._running[task] = attempt
        if self._candidates:
            if self._pace.first_content_s:
                self._deadline = attempt.began + self._pace.first_content_s
            if hedge_after_s := route.hedge_after_s:
                self._hedge_at, self._hedges = attempt.began + hedge_after_s, route.hedges

    def _next_candidate(self) -> Route:
        """The first that is not known to be down, or else the first: better than silence."""
        allowed = (route for route in self._candidates if route.breaker.allows())
        route = next(allowed, self._candidates[0])
        self._candidates.remove(route)
        return route

    def _retry_until(self) -> float:
        """A second try must not take the time of who would be asked next."""
        if self._candidates and self._pace.first_content_s:
            return monotonic() + self._pace.first_content_s
        return self._give_up_at

    def _has_missed_its_deadline(self, attempt: Attempt) -> bool:
        deadline_s = self._pace.first_content_s
        return deadline_s is not None and monotonic() - attempt.began >= deadline_s


def _as_api_error(error: BaseException, attempt: Attempt) -> ApiError:
    if isinstance(error, ApiError):
        return error
    logger.error("asking %s raised %s", attempt.route.model, place_of(error))
    return internal_error()

"""All models of the server, and who answers when one of them is asked."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from functools import partial
from itertools import chain

import anyio

from llm_server.backends.base import Backend, PreparedBackend
from llm_server.backends.registry import make_backend
from llm_server.errors import ApiError, model_not_found
from llm_server.events import Answering, Events
from llm_server.model_settings import ModelSettings
from llm_server.protocol import ChatRequest
from llm_server.routing.attempt import Attempt
from llm_server.routing.breaker import BreakerState
from llm_server.routing.budget import Budget
from llm_server.routing.content import content_of
from llm_server.routing.pace import Pace
from llm_server.routing.race import NoteError, Race
from llm_server.routing.rescue import rescued
from llm_server.routing.routes import Route
from llm_server.routing.solo import Solo
from llm_server.routing.watchdog import Watchdog
from llm_server.tracebacks import place_of

logger = logging.getLogger(__name__)

# One of five requests may be sent twice, and ten at once after a quiet time.
RETRY_SHARE = 0.2

# How long the end of the server may be held up by attempts that do not let go.
CLOSING_S = 5.0

RequestFor = Callable[[Route], ChatRequest]


class Router:
    """All models of the server."""

    def __init__(self, routes: Mapping[str, Route], note_error: NoteError) -> None:
        self._routes = routes
        self._note_error = note_error
        self._retries = Budget(RETRY_SHARE)
        self._closing: set[asyncio.Task[None]] = set()

    @classmethod
    def from_settings(
        cls,
        models: Mapping[str, ModelSettings],
        ready: Mapping[str, Backend],
        note_error: NoteError,
    ) -> "Router":
        """Make every backend but those that are `ready`. Raises InvalidSettings.

        `note_error` is told the model and the kind of each failure that a fallback covers up.
        """
        made = {
            name: Route.to(name, ready.get(name) or make_backend(name, model), model)
            for name, model in models.items()
        }
        added = {
            name: Route.to(name, backend, ModelSettings(backend=name))
            for name, backend in ready.items()
        }
        return cls(added | made, note_error)

    @property
    def routes(self) -> Mapping[str, Route]:
        return self._routes

    @property
    def models(self) -> list[str]:
        return list(self._routes)

    @property
    def breakers(self) -> dict[str, BreakerState]:
        """Which models are left alone, by name."""
        return {name: route.breaker.state for name, route in self._routes.items()}

    def find(self, model: str) -> Route:
        """Raises ModelNotFound, which names the models there are."""
        if route := self._routes.get(model):
            return route
        raise model_not_found(model, self.models)

    def answer(self, request: ChatRequest, pace: Pace) -> Events:
        """The answer of whichever backend has content first, in the order primary, fallbacks.

        After that, a failure is raised, or another one goes on, if the pace says so. Raises
        ModelNotFound at once, and while the answer is read the ApiError that nobody could mend.
        """
        route = self.find(request.model)
        candidates = [route, *(self._routes[name] for name in route.settings.fallbacks)]
        self._retries.earn()
        if route.hedges:
            route.hedges.earn()
        if pace.rescue:
            return rescued(self.ask, candidates, request, pace)
        return self.ask(candidates, lambda route: request.for_model(route.model), pace)

    async def ask(self, candidates: Sequence[Route], request_for: RequestFor, pace: Pace) -> Events:
        """The answer of one of the candidates."""

        def attempt_at(route: Route) -> Attempt:
            return Attempt(route, request_for(route), partial(content_of, pace))

        if len(candidates) == 1 and pace.late_s is None:
            race: Race | Solo = Solo(attempt_at(candidates[0]), pace, self._retries)
        else:
            race = Race(candidates, attempt_at, pace, self._retries, self._note_error, self._let_go)
        async with aclosing(race.run()) as happenings:
            async for event in happenings:
                yield [event]
        attempt = race.winner
        assert attempt
        try:
            with Watchdog(pace, race.began) as watchdog:
                yield [*race.reports, Answering(attempt.route.model), *chain(*attempt.held)]
                while (batch := await watchdog.wait_for(attempt.next())) is not None:
                    yield batch
        except ApiError as exc:
            if attempt.is_whole:
                logger.warning("%s failed (%s) after its answer", attempt.route.model, exc.kind)
                return
            attempt.failed(exc)
            yield [attempt.report(exc.kind, race.began)]
            raise
        finally:
            await attempt.close()

    def _let_go(self, attempt: Attempt, task: "asyncio.Task[None]") -> None:
        """Close an attempt without waiting for it: the winner must not be held up."""
        closing = asyncio.create_task(_close_attempt(attempt, task))
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)

    async def keep_ready(self) -> None:
        """Run beside the server what backends do between requests."""
        async with anyio.create_task_group() as tasks:
            for route in self._routes.values():
                if isinstance(route.backend, PreparedBackend):
                    tasks.start_soon(route.backend.keep_ready)

    async def aclose(self) -> None:
        """Close all backends, also when one of them cannot."""
        if self._closing:
            await asyncio.wait(self._closing, timeout=CLOSING_S)
        async with anyio.create_task_group() as tasks:
            for route in self._routes.values():
                tasks.start_soon(_close, route)


async def _close_attempt(attempt: Attempt, task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await attempt.close()


async def _close(route: Route) -> None:
    try:
        await route.backend.aclose()
    except Exception as exc:
        logger.error("the backend of %s could not be closed: %s", route.model, place_of(exc))

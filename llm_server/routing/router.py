"""Ask the backend of a model, and its fallbacks in their order, until one begins to answer."""

import logging
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial

import anyio

from llm_server.backends.base import (
    Answering,
    Ask,
    Backend,
    BackendEvent,
    BatchingBackend,
    Delta,
    Events,
    Finish,
    PreparedBackend,
)
from llm_server.backends.registry import make_backend
from llm_server.errors import (
    ApiError,
    InvalidRequest,
    UpstreamFailed,
    internal_error,
    model_not_found,
)
from llm_server.model_settings import ModelSettings
from llm_server.protocol import ChatRequest

logger = logging.getLogger(__name__)

NoteError = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class Route:
    """A model: the backend that answers for it, and the models that step in."""

    model: str
    backend: Backend
    ask: Ask
    """How it is asked, found out once: not every backend knows what arrived together."""
    fallbacks: tuple[str, ...] = ()

    @classmethod
    def to(cls, model: str, backend: Backend, fallbacks: Sequence[str] = ()) -> "Route":
        if isinstance(backend, BatchingBackend):
            return cls(model, backend, backend.batches, tuple(fallbacks))
        return cls(model, backend, partial(_one_by_one, backend), tuple(fallbacks))


class Router:
    """All models of the server."""

    def __init__(self, routes: Mapping[str, Route], note_error: NoteError) -> None:
        self._routes = routes
        self._note_error = note_error

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
            name: Route.to(name, ready.get(name) or make_backend(name, model), model.fallbacks)
            for name, model in models.items()
        }
        added = {name: Route.to(name, backend) for name, backend in ready.items()}
        return cls(added | made, note_error)

    @property
    def models(self) -> list[str]:
        return list(self._routes)

    def find(self, model: str) -> Route:
        """Raises ModelNotFound, which names the models there are."""
        if route := self._routes.get(model):
            return route
        raise model_not_found(model, self.models)

    async def answer(self, request: ChatRequest) -> Events:
        """The events of whichever backend begins first, in the order primary, fallbacks.

        A backend has begun with its first event. Before that, a failure hands the request to
        the next one; after it, a failure is raised. Raises the last backend's ApiError.
        """
        route = self.find(request.model)
        candidates = [route, *(self._routes[name] for name in route.fallbacks)]
        for number, candidate in enumerate(candidates, start=1):
            async with aclosing(_batches(candidate, request)) as events:
                try:
                    first = await anext(events)
                except ApiError as exc:
                    if number == len(candidates) or isinstance(exc, InvalidRequest):
                        raise
                    self._note_error(candidate.model, exc.kind)
                    logger.warning("%s failed (%s), asking the next", candidate.model, exc.kind)
                    continue
                yield [Answering(candidate.model), *first]
                async for batch in events:
                    yield batch
                return

    async def keep_ready(self) -> None:
        """Run beside the server what backends do between requests."""
        async with anyio.create_task_group() as tasks:
            for route in self._routes.values():
                if isinstance(route.backend, PreparedBackend):
                    tasks.start_soon(route.backend.keep_ready)

    async def aclose(self) -> None:
        """Close all backends, also when one of them cannot."""
        async with anyio.create_task_group() as tasks:
            for route in self._routes.values():
                tasks.start_soon(_close, route)


async def _batches(route: Route, request: ChatRequest) -> Events:
    """The backend's events. Whatever it raises comes out as an ApiError."""
    unfinished = {0}
    try:
        async with aclosing(route.ask(request.for_model(route.model))) as batches:
            async for batch in batches:
                for event in batch:
                    if isinstance(event, Delta):
                        unfinished.add(event.index)
                    elif isinstance(event, Finish):
                        unfinished.discard(event.index)
                yield batch
    except ApiError:
        raise
    except Exception as exc:
        # The traceback may quote a conversation, so only its place and kind are logged.
        logger.error("the backend of %s raised %s", route.model, _place(exc))
        raise internal_error() from exc
    if unfinished:
        # A polite end without a finish reason looks like a whole answer, and is none.
        raise UpstreamFailed("The model broke off before its answer was complete.")


async def _one_by_one(backend: Backend, request: ChatRequest) -> AsyncGenerator[list[BackendEvent]]:
    async with aclosing(backend.stream(request)) as events:
        async for event in events:
            yield [event]


def _place(exc: Exception) -> str:
    trace = exc.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    where = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "?"
    return f"{type(exc).__name__} at {where}"


async def _close(route: Route) -> None:
    try:
        await route.backend.aclose()
    except Exception as exc:
        logger.error("the backend of %s could not be closed: %s", route.model, _place(exc))

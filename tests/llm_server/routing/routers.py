"""Routers over backends that play scripts, and what comes out of them."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Any

import anyio

from llm_server.backends.base import Backend
from llm_server.events import Answering, Attempted, BackendEvent, Delta, Event, Events
from llm_server.model_settings import ModelSettings
from llm_server.protocol import ChatRequest
from llm_server.routing.pace import Pace
from llm_server.routing.router import Router
from llm_server.routing.routes import Route
from tests.llm_server.fakes import ScriptedBackend, Step

PATIENT = Pace(spoken=True, first_content_s=None, give_up_s=5, stall_s=5, stream_s=5)
HASTY = Pace(spoken=True, first_content_s=0.02, give_up_s=5, stall_s=5, stream_s=5)
REQUEST = ChatRequest("first", [{"role": "user", "content": "Hi!"}])


class Takes(ScriptedBackend):
    """Plays another script each time it is asked; the last again and again."""

    def __init__(self, *scripts: Sequence[Step]) -> None:
        super().__init__()
        self.scripts = list(scripts)

    async def stream(self, request: ChatRequest) -> AsyncGenerator[BackendEvent]:
        self.script = self.scripts[min(len(self.requests), len(self.scripts) - 1)]
        async with aclosing(super().stream(request)) as events:
            async for event in events:
                yield event


class Clinging(ScriptedBackend):
    """Does not let go until it may."""

    def __init__(self, script: Sequence[Step] = ()) -> None:
        super().__init__(script)
        self.leaving, self.may_leave = anyio.Event(), anyio.Event()

    async def stream(self, request: ChatRequest) -> AsyncGenerator[BackendEvent]:
        try:
            async with aclosing(super().stream(request)) as events:
                async for event in events:
                    yield event
        finally:
            self.leaving.set()
            with anyio.CancelScope(shield=True):
                await self.may_leave.wait()


def router_of(*backends: Backend, others: dict[str, Any] | None = None, **first: Any) -> Router:
    """The models `first`, `second`, `third`; the settings are those of the first.

    It has the others as its fallbacks. It does not ask again unless that is said.
    """
    names = ("first", "second", "third")[: len(backends)]
    primary = ModelSettings(backend="mock", **{"fallbacks": list(names[1:]), "retries": 0, **first})
    rest = ModelSettings(backend="mock", **{"retries": 0, **(others or {})})
    settings = [primary, *[rest] * (len(names) - 1)]
    routes = {
        name: Route.to(name, backend, its)
        for name, backend, its in zip(names, backends, settings, strict=True)
    }
    return Router(routes, lambda model, kind: None)


async def taken(events: Events, on: Callable[[Event], None] = lambda event: None) -> list[Event]:
    """All events of an answer."""
    received: list[Event] = []
    with anyio.fail_after(5):
        async with aclosing(events):
            async for batch in events:
                for event in batch:
                    received.append(event)
                    on(event)
    return received


async def answer(router: Router, pace: Pace = PATIENT, request: ChatRequest = REQUEST) -> str:
    """The text of an answer."""
    return text(await taken(router.answer(request, pace)))


def text(events: Sequence[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, Delta))


def answered_by(events: Sequence[Event]) -> list[str]:
    return [event.model for event in events if isinstance(event, Answering)]


def fared(events: Sequence[Event]) -> list[tuple[str, str]]:
    return [(event.model, event.outcome) for event in events if isinstance(event, Attempted)]

"""Answer with a function that the user wrote."""

import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from llm_server.backends.base import InvalidOption
from llm_server.backends.python_loading import Function, FunctionPath, Unusable, load
from llm_server.backends.python_reloading import Watched
from llm_server.errors import ApiError, internal_error
from llm_server.events import BackendEvent, Delta, Finish, Usage, text_delta
from llm_server.protocol import ChatRequest
from llm_server.sections import Section
from llm_server.tracebacks import account

logger = logging.getLogger(__name__)


class PythonOptions(Section):
    """Which function answers."""

    function: FunctionPath
    """`module:function`, found in the working directory or installed."""
    reload: bool = False
    """Load the module anew when its file has changed. For development: each request looks."""


class PythonBackend:
    """One function: `async def answer(request)` or `answer(request, session)`.

    It yields strings and events, or returns a string. A `Finish` is added where it is missing.
    """

    Options = PythonOptions

    def __init__(self, options: PythonOptions) -> None:
        self._path = options.function
        try:
            module, self._function = load(options.function)
            self._watched = Watched(module) if options.reload else None
        except Unusable as exc:
            raise InvalidOption("function", str(exc)) from exc

    async def stream(self, request: ChatRequest) -> AsyncGenerator[BackendEvent]:
        function = self._current()
        try:
            async with aclosing(_finished(_events(function, request))) as events:
                async for event in events:
                    yield event
        except ApiError:
            raise
        except Exception as exc:
            logger.error("%s raised %s", self._path, account(exc))
            raise internal_error() from exc

    async def aclose(self) -> None:
        pass

    def _current(self) -> Function:
        """The function as its file is now; while that is broken, as it was."""
        try:
            if self._watched and (module := self._watched.reloaded()):
                self._function = Function.of(module, self._path.partition(":")[2])
                logger.info("%s was loaded anew", self._path)
        except Unusable as exc:
            logger.error("%s stays as it was: %s", self._path, exc)
        return self._function


async def _events(function: Function, request: ChatRequest) -> AsyncGenerator[BackendEvent]:
    """What the function says, as events."""
    if not function.streams:
        yield _event(await function.answer(request))
        return
    async with aclosing(function.answer(request)) as answer:
        async for said in answer:
            yield _event(said)


def _event(said: Any) -> BackendEvent:
    match said:
        case str():
            return text_delta(said)
        case Delta() | Finish() | Usage():
            return said
        case _:
            raise TypeError(f"expected a string or an event, got {type(said).__name__}")


async def _finished(events: AsyncGenerator[BackendEvent]) -> AsyncGenerator[BackendEvent]:
    """Finish every choice that is not, with the reason clients expect; then comes the usage."""
    unfinished = {0: "stop"}
    usage: Usage | None = None
    async with aclosing(events):
        async for event in events:
            if isinstance(event, Usage):
                usage = event
                continue
            if isinstance(event, Finish):
                unfinished.pop(event.index, None)
            elif event.members.get("tool_calls"):
                unfinished[event.index] = "tool_calls"
            else:
                unfinished.setdefault(event.index, "stop")
            yield event
    for index, reason in unfinished.items():
        yield Finish(reason, index)
    if usage:
        yield usage

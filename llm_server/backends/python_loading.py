"""Find a user's function, and check that it can answer."""

import inspect
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Annotated, Any

from pydantic import Field

from llm_server.events import BackendEvent
from llm_server.protocol import ChatRequest
from llm_server.tracebacks import place_of

FunctionPath = Annotated[str, Field(pattern=r"^\w+(\.\w+)*:\w+$")]
"""`module:function`, found in the working directory or installed."""

Said = str | BackendEvent
Answer = Callable[..., AsyncIterator[Said]] | Callable[..., Awaitable[str]]


class Unusable(Exception):
    """The function cannot be used; the message says why, and quotes nothing of the file."""


@dataclass(frozen=True, slots=True)
class Function:
    """A function that can answer: an async generator function, or one to await for a string."""

    call: Answer
    streams: bool
    takes_session: bool

    @classmethod
    def of(cls, module: ModuleType, name: str) -> "Function":
        """Raises Unusable."""
        call = function_in(module, name)
        streams = inspect.isasyncgenfunction(call)
        if not streams and not inspect.iscoroutinefunction(call):
            raise Unusable(f"expected {name!r} to be an async generator or an async function")
        signature = inspect.signature(call)
        takes_session = "session" in signature.parameters
        try:
            signature.bind(None, **{"session": None} if takes_session else {})
        except TypeError as exc:
            raise Unusable(f"expected {name!r} to take (request) or (request, session)") from exc
        return cls(call, streams, takes_session)

    def answer(self, request: ChatRequest) -> Any:
        """The user's generator, or what is to be awaited."""
        if self.takes_session:
            return self.call(request, session=request.session)
        return self.call(request)


def load(path: str) -> tuple[ModuleType, Function]:
    """Find `module:function`. Raises Unusable."""
    module_name, _, name = path.partition(":")
    module = imported(module_name)
    return module, Function.of(module, name)


def imported(module_name: str) -> ModuleType:
    """The module, also from the working directory. Raises Unusable."""
    if (here := os.getcwd()) not in sys.path:
        sys.path.insert(0, here)
    try:
        return import_module(module_name)
    except Exception as exc:  # Anything may happen while foreign code is imported.
        raise Unusable(f"{module_name!r} cannot be imported: {why(exc)}") from exc


def function_in(module: ModuleType, name: str) -> Callable[..., Any]:
    """Raises Unusable."""
    call: Callable[..., Any] | None = getattr(module, name, None)
    if not callable(call):
        raise Unusable(f"{module.__name__!r} has no function {name!r}")
    return call


def why(exc: Exception) -> str:
    """What is wrong with a module. Other messages than these may quote values."""
    if isinstance(exc, ImportError | SyntaxError):
        return str(exc)
    return place_of(exc)

"""The contract between a backend and the server.

A backend yields what it has as it comes. Envelope, policies and bytes are the server's.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Protocol, runtime_checkable

from pydantic import BaseModel

from llm_server.events import BackendEvent
from llm_server.protocol import ChatRequest


class Backend(Protocol):
    """One way of answering a chat request.

    `stream` is an async generator. The server closes it when the caller hangs up, so release
    what you hold in `finally` or with `async with`, and shield what you await there: a hang-up
    cancels it. Yield at least one `Finish`. Raise an `ApiError` to choose what the caller is
    told; any other exception becomes a 500, and only its kind and place are logged.
    """

    def stream(self, request: ChatRequest) -> AsyncGenerator[BackendEvent]: ...

    async def aclose(self) -> None:
        """Release what the backend holds between requests. Called once, at the end."""
        ...


@runtime_checkable
class PreparedBackend(Backend, Protocol):
    """A backend that has something to do between requests, such as keeping connections open."""

    async def keep_ready(self) -> None:
        """Runs beside the server, and is cancelled at its end. May return early."""
        ...


class InvalidOption(Exception):
    """Raised by a backend that is made with an option that is well-formed, but cannot be used."""

    def __init__(self, option: str, problem: str) -> None:
        super().__init__(f"{option}: {problem}")


class MissingExtra(ImportError):
    """Raised by a module when the packages of its extra are not installed."""

    def __init__(self, extra: str) -> None:
        super().__init__(f"it needs: pip install 'simli-llm-server[{extra}]'")


@runtime_checkable
class BatchingBackend(Backend, Protocol):
    """A backend that knows which of its events arrived together, as a relay does.

    What is sent in one go costs less than one by one, and is there no later. The generator is read
    by several tasks, one after the other: hold nothing that belongs to a task while it yields.
    """

    def batches(self, request: ChatRequest) -> AsyncGenerator[list[BackendEvent]]: ...


async def one_by_one(
    batches: AsyncGenerator[list[BackendEvent]],
) -> AsyncGenerator[BackendEvent]:
    """What a batching backend's `stream` is made of."""
    async with aclosing(batches):
        async for batch in batches:
            for event in batch:
                yield event


class BackendType(Protocol):
    """What an entry point of the group `llm_server.backends` names: a class like this.

    `Options` is a pydantic model of `models.<name>.options` in the configuration. One backend
    is made for each model, before the server accepts requests.
    """

    @property
    def Options(self) -> type[BaseModel]: ...

    def __call__(self, options: Any) -> Backend: ...

"""The contract between a backend and the server: events.

A backend yields what it has as it comes. Envelope, policies and bytes are the server's.
"""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Any, Literal, Protocol, runtime_checkable

import msgspec
from msgspec import structs
from pydantic import BaseModel

from llm_server.protocol import ChatRequest, Json, text_of


class Delta(msgspec.Struct, frozen=True):
    """A new piece of one choice.

    `members` is the `delta` of OpenAI's chunk: `content`, `tool_calls`, `refusal`, or whatever
    an upstream adds. All of it reaches the caller as it is; only `content` may be changed, and
    only by a model's voice policy.
    """

    members: Json
    index: int = 0
    choice: Json = {}
    """Other members of the choice, such as `logprobs`."""
    chunk: Json = {}
    """Other members of the chunk, such as `system_fingerprint`."""

    @property
    def text(self) -> str:
        content = self.members.get("content")
        # Asked for each piece of an answer, and nearly always a string.
        return content if type(content) is str else text_of(self.members)

    def with_text(self, text: str) -> "Delta":
        """The same piece with another text."""
        return structs.replace(self, members={**self.members, "content": text})

    @property
    def is_answer(self) -> bool:
        """Whether it holds text or a tool call, and not only thoughts or a vendor's extras."""
        return bool(self.text or self.members.get("tool_calls"))


def text_delta(text: str) -> Delta:
    """A piece of plain text."""
    return Delta({"content": text})


AsideKind = Literal["filler", "working", "apology"]
"""Said while the answer is late, while a tool works, and instead of an answer or its rest."""


class Aside(Delta, frozen=True):
    """Words of the server's own.

    Sent like the model's words, and never recorded as what the model said.
    """

    kind: AsideKind = "filler"


def aside(text: str, kind: AsideKind = "filler") -> Aside:
    """A piece of plain text that the model did not say."""
    return Aside({"content": text}, kind=kind)


class Finish(msgspec.Struct, frozen=True):
    """The end of one choice. An answer without it is a broken one."""

    reason: str = "stop"
    index: int = 0
    choice: Json = {}
    chunk: Json = {}


class Usage(msgspec.Struct, frozen=True):
    """What the answer cost, as OpenAI's `usage` object. Comes after the finish."""

    usage: Json
    chunk: Json = {}


class Answering(msgspec.Struct, frozen=True):
    """Tells which model answers. Routing yields it, before all other events."""

    model: str


class Attempted(msgspec.Struct, frozen=True):
    """How one of the backends fared that were asked. For the turn's record, not for the wire."""

    model: str
    outcome: str
    """`answered`, `overtaken` by another, or a short stable word for what failed."""
    began_s: float
    """Since the request."""
    first_content_s: float | None = None
    """Since it was asked."""


class Late(msgspec.Struct, frozen=True):
    """There has been no content for as long as a listener should have to wait."""


class Failed(msgspec.Struct, frozen=True):
    """The model's answer failed. What follows is what is said instead."""

    kind: str
    """A short stable word for it."""


ToolOutcome = Literal["ok", "failed", "timed_out", "invalid", "unknown"]
"""`invalid` arguments, and an `unknown` tool, are the model's mistakes."""


class ToolRan(msgspec.Struct, frozen=True):
    """Tells that a tool was called, for the turn's record. Never with what, and what it said."""

    name: str
    duration_s: float
    outcome: ToolOutcome


BackendEvent = Delta | Finish | Usage
Event = BackendEvent | Answering | Attempted | Late | Failed | ToolRan
Events = AsyncGenerator[Sequence[Event]]
"""Events between backend and wire, in lists of those that arrived together: they are sent so."""
Ask = Callable[[ChatRequest], Events]
"""How a model, a backend, or anything around it is asked for an answer."""


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

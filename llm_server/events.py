"""What an answer is made of, between backend and wire.

A backend yields deltas, a finish and the usage. Everything around it adds what it knows: who
answers, who was tried, what the server itself says.
"""

from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Literal

import msgspec
from msgspec import structs

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


BackendEvent = Delta | Finish | Usage


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


Event = BackendEvent | Answering | Attempted | Late | Failed | ToolRan
Batch = Sequence[Event]
"""Events that arrived together: they are sent so."""
Events = AsyncGenerator[Batch]
Ask = Callable[[ChatRequest], Events]
"""How a model, a backend, or anything around it is asked for an answer."""

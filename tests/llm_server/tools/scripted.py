"""A model that plays one script for each time it is asked, and tools whose end a test decides."""

from collections.abc import Callable, Sequence
from contextlib import aclosing
from typing import Any

import anyio

from llm_server.events import Delta, Event, Events, Finish
from llm_server.keys import SessionClaims
from llm_server.protocol import ChatRequest, Json
from llm_server.tools.loop import with_tools
from llm_server.tools.settings import Handling, ToolSettings
from llm_server.tools.toolbox import Offer, Toolbox
from tests.llm_server.fakes import ScriptedBackend, Step

QUESTION: list[Json] = [{"role": "user", "content": "Where is my order?"}]


def piece(index: int | None = 0, call_id: str | None = None, **function: Any) -> Json:
    """A piece of a call; what is None is not there."""
    members = {"index": index, "id": call_id, "function": function or None}
    return {name: value for name, value in members.items() if value is not None}


def calls(*pieces: Json) -> Delta:
    return Delta({"tool_calls": list(pieces)})


def call(name: str, arguments: str = "{}", call_id: str = "call-1") -> list[Step]:
    """A whole round in which the model calls one tool."""
    return [calls(piece(0, call_id, name=name, arguments=arguments)), Finish("tool_calls")]


class ScriptedModel:
    """Keeps what it was asked. Its last script is played again and again."""

    def __init__(self, *scripts: Sequence[Step]) -> None:
        self.requests: list[ChatRequest] = []
        self.rounds = [ScriptedBackend(script) for script in scripts]

    async def ask(self, request: ChatRequest) -> Events:
        backend = self.rounds[min(len(self.requests), len(self.rounds) - 1)]
        self.requests.append(request)
        async with aclosing(backend.stream(request)) as events:
            async for event in events:
                yield [event]

    @property
    def results(self) -> list[Json]:
        """What the model was told of its calls, the last time it was asked."""
        return [message for message in self.requests[-1].messages if message["role"] == "tool"]


class FakeTool:
    """Returns a text, raises an exception, or waits until it may go on."""

    def __init__(
        self, name: str, result: str | BaseException = "found", until: str = "now"
    ) -> None:
        self.name = name
        self.description = f"Does {name}."
        self.parameters: Json = {"type": "object", "properties": {}}
        self.runs: list[tuple[Json, SessionClaims | None]] = []
        self.started, self.may_end, self.cancelled = anyio.Event(), anyio.Event(), anyio.Event()
        self._result = result
        if until == "now":
            self.may_end.set()

    async def run(self, arguments: Json, session: SessionClaims | None) -> str:
        self.runs.append((arguments, session))
        self.started.set()
        try:
            await self.may_end.wait()
        except anyio.get_cancelled_exc_class():
            self.cancelled.set()
            raise
        if isinstance(self._result, BaseException):
            raise self._result
        return self._result


def slow(name: str, result: str = "found") -> FakeTool:
    """A tool that waits for `may_end`."""
    return FakeTool(name, result, until="told")


def toolbox(*tools: FakeTool, settings: dict[str, Any] | None = None, **handling: Any) -> Toolbox:
    offers = [Offer(tool, Handling(**handling)) for tool in tools]
    return Toolbox(offers, settings=ToolSettings(**(settings or {})))


async def heard(
    model: ScriptedModel,
    toolbox: Toolbox,
    session: SessionClaims | None = None,
    on: Callable[[Event], None] = lambda event: None,
    **members: Any,
) -> list[Event]:
    """All events of one answer."""
    request = ChatRequest("anna", QUESTION, members=members, session=session)
    events: list[Event] = []
    with anyio.fail_after(10):
        async with aclosing(with_tools(model.ask, toolbox)(request)) as batches:
            async for batch in batches:
                for event in batch:
                    events.append(event)
                    on(event)
    return events


def text(events: Sequence[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, Delta))

"""The loop between a model and its tools. Who asks sees one answer, and no calls."""

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace
from itertools import count

from msgspec import structs

from llm_server.events import Ask, Events, Usage, aside
from llm_server.protocol import ChatRequest, Json
from llm_server.tools.calls import Call
from llm_server.tools.lines import Lines
from llm_server.tools.rounds import Round
from llm_server.tools.running import Running
from llm_server.tools.spacing import Spacing
from llm_server.tools.toolbox import Toolbox
from llm_server.tools.usage import summed

# What a request says of tools. An avatar that offers some could not run them.
ABOUT_TOOLS = frozenset({"tools", "tool_choice", "functions", "function_call"})


def with_tools(ask: Ask, toolbox: Toolbox, working: Sequence[str] = ()) -> Ask:
    """Ask with the tools of the toolbox, run what the model calls, and ask again with the results.

    Text is passed on as it comes. There is one finish, and one usage, which is the sum. A plain
    API caller who brings tools of its own, or wants several choices, is passed on untouched: the
    calls are that caller's to run. `working` is what is said to a session while tools take long.
    """

    def answer(request: ChatRequest) -> Events:
        if request.session is None and _runs_its_own(request.members):
            return ask(request)
        return _Answer(ask, toolbox, request, working).events()

    return answer


def _runs_its_own(members: Json) -> bool:
    brings_tools = members.get("tools") or members.get("functions")
    return bool(brings_tools) or members.get("n") not in (None, 1)


class _Answer:
    """One answer, of as many rounds as it takes."""

    def __init__(
        self, ask: Ask, toolbox: Toolbox, request: ChatRequest, working: Sequence[str]
    ) -> None:
        self._ask = ask
        self._toolbox = toolbox
        self._request = request
        self._messages = request.messages
        self._lines = Lines(request, working)
        self._spacing = Spacing()
        self._usage: Usage | None = None
        self._results: list[Json] = []

    async def events(self) -> Events:
        for number in count():
            may_call = number < self._toolbox.rounds
            this_round = Round(self._spacing, may_call=may_call)
            async with aclosing(self._ask(self._request_with_tools(may_call))) as events:
                async for batch in events:
                    if passed := this_round.passed(batch):
                        yield passed
            self._count(this_round.usage)
            self._spacing.begin()
            calls = this_round.calls()
            if not calls:
                break
            async with aclosing(self._run(calls)) as events:
                async for batch in events:
                    yield batch
            self._messages = [*self._messages, this_round.message(calls), *self._results]
        if self._usage:
            yield [self._usage]

    def _request_with_tools(self, may_call: bool) -> ChatRequest:
        members = {n: value for n, value in self._request.members.items() if n not in ABOUT_TOOLS}
        members["messages"] = self._messages
        if schemas := self._toolbox.schemas():
            members["tools"] = schemas
            if not may_call:
                # With the tools, because Anthropic refuses a history with calls of none.
                members["tool_choice"] = "none"
        return replace(self._request, messages=self._messages, members=members)

    async def _run(self, calls: Sequence[Call]) -> Events:
        """Meanwhile tells which tools are done, and says a line when it takes long."""
        spoken = False
        with Running(calls, self._toolbox, self._request.session) as running:
            while running:
                line = None if spoken else self._lines.next(running.waited_for)
                if results := await running.some(line.after_s if line else None):
                    yield [result.ran for result in results]
                elif line:
                    spoken = True
                    self._lines.said(line)
                    yield [self._spacing.spaced(aside(line.text, "working"))]
                    self._spacing.begin()
        self._results = [result.message for result in running.results]

    def _count(self, usage: Usage | None) -> None:
        if usage and self._usage:
            usage = structs.replace(usage, usage=summed(self._usage.usage, usage.usage))
        self._usage = usage or self._usage

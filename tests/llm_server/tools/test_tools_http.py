"""A model with tools, asked by the official client over a real socket."""

from collections.abc import AsyncGenerator

import anyio
import httpx2
import openai
import pytest
from fastapi import FastAPI

from llm_server import Settings, create_app
from llm_server.events import BackendEvent, Events, Usage
from llm_server.protocol import ChatRequest
from llm_server.tools.loop import with_tools
from tests.llm_server.fakes import ListSink, never, says
from tests.llm_server.tools.scripted import FakeTool, ScriptedModel, call, toolbox
from tests.llm_server.wire import CHAT, MODEL, ask, chunks, completion, text


class BackendWithTools:
    """Its batches have in them what only the server's own parts yield."""

    def __init__(self, model: ScriptedModel, tool: FakeTool) -> None:
        self._ask = with_tools(model.ask, toolbox(tool))

    def stream(self, request: ChatRequest) -> AsyncGenerator[BackendEvent]:
        raise NotImplementedError

    def batches(self, request: ChatRequest) -> Events:
        return self._ask(request)

    async def aclose(self) -> None:
        pass


@pytest.fixture
def model() -> ScriptedModel:
    usage = Usage({"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7})
    return ScriptedModel([*call("find"), usage], [*says("It is ", "on its way."), usage])


@pytest.fixture
def tool() -> FakeTool:
    return FakeTool("find")


@pytest.fixture
def app(settings: Settings, sink: ListSink, model: ScriptedModel, tool: FakeTool) -> FastAPI:
    return create_app(settings, sink, backends={MODEL: BackendWithTools(model, tool)})


async def test_an_avatar_hears_the_answer_and_no_call(
    avatar: openai.AsyncOpenAI, sink: ListSink
) -> None:
    answer = await chunks(avatar)

    assert text(answer) == "It is on its way."
    assert [c.finish_reason for chunk in answer for c in chunk.choices if c.finish_reason] == [
        "stop"
    ]
    assert not any(c.delta.tool_calls for chunk in answer for c in chunk.choices)
    turn = await sink.turn()
    assert (turn.answer_text, turn.prompt_tokens) == ("It is on its way.", 10)


async def test_a_whole_answer_is_put_together(client: openai.AsyncOpenAI) -> None:
    answer = await completion(client)

    assert answer.choices[0].message.content == "It is on its way."
    assert answer.choices[0].message.tool_calls is None
    assert answer.usage
    assert answer.usage.total_tokens == 14


async def test_a_caller_with_tools_gets_the_call(client: openai.AsyncOpenAI) -> None:
    function = {"name": "find", "parameters": {"type": "object"}}

    answer = await completion(client, tools=[{"type": "function", "function": function}])

    assert answer.choices[0].finish_reason == "tool_calls"
    assert answer.choices[0].message.tool_calls


async def test_a_hang_up_cancels_the_tool(avatar_http: httpx2.AsyncClient, tool: FakeTool) -> None:
    tool.may_end = never()

    async with avatar_http.stream("POST", CHAT, json=ask()):
        await tool.started.wait()

    with anyio.fail_after(5):
        await tool.cancelled.wait()

import openai
import pytest
from fastapi import FastAPI

from llm_server import Settings, create_app
from llm_server.backends.mock import MockBackend, MockOptions
from llm_server.events import Finish, Usage
from llm_server.protocol import ChatRequest
from tests.llm_server.fakes import ListSink
from tests.llm_server.wire import Json, chunks, text

USER = {"role": "user", "content": "How are you?"}
ASSISTANT = {"role": "assistant", "content": "Fine."}


async def answer(options: MockOptions, *messages: Json) -> str:
    request = ChatRequest("mock", list(messages))
    events = [event async for event in MockBackend(options).stream(request)]
    return "".join(event.text for event in events if not isinstance(event, Finish | Usage))


@pytest.mark.parametrize("reply", ["One", "One two.", " One\n two  three ", "日本語 です。"])
async def test_the_reply_is_said_as_it_is_written(reply: str) -> None:
    assert await answer(MockOptions(reply=reply), USER) == reply


@pytest.mark.parametrize(
    ("begun", "rest"),
    [("One", " two three."), ("One two ", "three."), ("Two", "One two three.")],
)
async def test_an_answer_that_has_begun_is_gone_on_with(begun: str, rest: str) -> None:
    options = MockOptions(reply="One two three.")

    assert await answer(options, USER, {"role": "assistant", "content": begun}) == rest


@pytest.mark.parametrize(
    ("messages", "reply"),
    [
        ([], "first"),
        ([USER], "first"),
        ([USER, ASSISTANT, USER], "second"),
        ([USER, ASSISTANT, USER, ASSISTANT, USER], "first"),
    ],
)
async def test_each_turn_of_a_conversation_has_its_reply(messages: list[Json], reply: str) -> None:
    options = MockOptions(replies=["first", "second"])

    assert await answer(options, *messages) == reply


async def test_words_are_counted_as_tokens() -> None:
    request = ChatRequest("mock", [USER])

    *_, usage = [event async for event in MockBackend(MockOptions(reply="a b")).stream(request)]

    assert usage == Usage({"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5})


@pytest.fixture
def app(settings: Settings, sink: ListSink) -> FastAPI:
    return create_app(settings, sink)


async def test_the_default_configuration_answers(client: openai.AsyncOpenAI) -> None:
    received = await chunks(client, model="mock", stream_options={"include_usage": True})

    assert text(received).startswith("This is the mock backend.")
    assert received[-1].usage is not None


async def test_an_empty_reply_is_an_answer_without_words() -> None:
    assert await answer(MockOptions(reply=" "), USER) == ""

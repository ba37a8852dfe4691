"""The fixture `mock_llm`, as the tests of our users have it."""

import json
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Any

import anyio
import httpx2
import openai
import pytest

from llm_server.testing import MockLLM
from tests.llm_server.mock_calls import ask, heard
from tests.llm_server.wire import HELLO

WEATHER = {"name": "get_weather", "arguments": {"city": "Zürich", "days": 3}}


@pytest.fixture
def client(mock_llm: MockLLM) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(
        base_url=mock_llm.base_url, api_key=mock_llm.api_key, max_retries=0, timeout=5
    ) as client:
        yield client


@pytest.fixture
async def async_client(mock_llm: MockLLM) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(
        base_url=mock_llm.base_url, api_key=mock_llm.api_key, max_retries=0, timeout=5
    ) as client:
        yield client


def test_a_sync_client_gets_the_reply(mock_llm: MockLLM, client: openai.OpenAI) -> None:
    mock_llm.reply("Hello, world.")

    assert ask(client) == "Hello, world."
    assert heard(client) == "Hello, world."


async def test_an_async_client_gets_the_reply(
    mock_llm: MockLLM, async_client: openai.AsyncOpenAI
) -> None:
    mock_llm.reply("Hello, world.")

    stream = await async_client.chat.completions.create(model="mock", messages=HELLO, stream=True)
    pieces = [chunk.choices[0].delta.content async for chunk in stream]

    assert pieces == ["", "Hello,", " world.", None]


def test_what_was_asked_is_kept(mock_llm: MockLLM, client: openai.OpenAI) -> None:
    ask(client)

    [request] = mock_llm.requests
    assert request.body["messages"] == HELLO
    assert request.headers["authorization"] == f"Bearer {mock_llm.api_key}"
    assert request.path == "/v1/chat/completions"
    assert not request.hung_up


def test_turns_and_rules_are_answered(mock_llm: MockLLM, client: openai.OpenAI) -> None:
    mock_llm.replies(["first", "second"])
    assert ask(client) == "first"

    mock_llm.rule("Hi", "Oh, hi!")
    assert ask(client) == "Oh, hi!"

    mock_llm.script(reply="all new")
    assert ask(client) == "all new"


def test_usage_comes_only_if_asked_for(mock_llm: MockLLM, client: openai.OpenAI) -> None:
    mock_llm.reply("one two")

    *_, last = client.chat.completions.create(
        model="mock", messages=HELLO, stream=True, stream_options={"include_usage": True}
    )

    assert last.choices == []
    assert last.usage
    assert last.usage.completion_tokens == 2


def test_a_streamed_tool_call_can_be_put_together(mock_llm: MockLLM, client: openai.OpenAI) -> None:
    mock_llm.reply("Let me see.", tool_calls=[WEATHER, WEATHER])

    with client.chat.completions.stream(model="mock", messages=HELLO) as stream:
        choice = stream.get_final_completion().choices[0]

    assert choice.finish_reason == "tool_calls"
    assert choice.message.content == "Let me see."
    assert choice.message.tool_calls
    assert [call.id for call in choice.message.tool_calls] == ["call_1_0_0", "call_1_0_1"]
    assert json.loads(choice.message.tool_calls[1].function.arguments) == WEATHER["arguments"]


def test_a_whole_tool_call_is_answered_with_its_result(
    mock_llm: MockLLM, client: openai.OpenAI
) -> None:
    mock_llm.reply(tool_calls=[WEATHER], then="Sunny.")
    message = client.chat.completions.create(model="mock", messages=HELLO).choices[0].message
    assert message.tool_calls
    called: Any = message.model_dump(exclude_none=True)
    result: Any = {"role": "tool", "tool_call_id": message.tool_calls[0].id, "content": "sun"}

    answer = client.chat.completions.create(model="mock", messages=[*HELLO, called, result])

    assert answer.choices[0].message.content == "Sunny."


def test_a_hang_up_is_noted(mock_llm: MockLLM, client: openai.OpenAI) -> None:
    mock_llm.reply("one two three")
    mock_llm.latency(token_s=60)

    stream = client.chat.completions.create(model="mock", messages=HELLO, stream=True)
    next(stream)
    stream.close()

    [request] = mock_llm.requests
    assert request.wait_for_hang_up()
    assert request.hung_up


async def test_a_hang_up_of_an_async_caller_is_noted(
    mock_llm: MockLLM, async_client: openai.AsyncOpenAI
) -> None:
    mock_llm.fault("stall")

    stream = await async_client.chat.completions.create(model="mock", messages=HELLO, stream=True)
    await stream.close()

    [request] = mock_llm.requests
    assert await anyio.to_thread.run_sync(request.wait_for_hang_up)


def test_who_does_not_hang_up_is_not_waited_for_for_ever(
    mock_llm: MockLLM, client: openai.OpenAI
) -> None:
    ask(client)

    assert not mock_llm.requests[0].wait_for_hang_up(timeout_s=0.01)


def test_a_connection_is_used_again(mock_llm: MockLLM) -> None:
    with httpx2.Client(base_url=mock_llm.base_url) as http:
        streams = [
            http.post("chat/completions", json={"messages": HELLO, "model": "m", "stream": True})
            for _ in range(2)
        ]

    first, second = (response.extensions["network_stream"] for response in streams)
    assert first.get_extra_info("socket") is second.get_extra_info("socket")


def test_models_are_listed_and_other_addresses_are_not_there(
    mock_llm: MockLLM, client: openai.OpenAI
) -> None:
    assert [model.id for model in client.models.list()] == ["mock"]
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("other")
    assert mock_llm.requests == []


def test_a_request_that_is_none_is_refused(mock_llm: MockLLM) -> None:
    response = httpx2.post(f"{mock_llm.base_url}/chat/completions", content=b"{")

    assert response.status_code == 400
    assert response.json()["error"]["type"] == "invalid_request_error"


def test_a_body_may_come_in_chunks(mock_llm: MockLLM) -> None:
    body = iter([b'{"model": "m", "messages": [{"role": ', b'"user", "content": "Hi!"}]}'])

    response = httpx2.post(f"{mock_llm.base_url}/chat/completions", content=body)

    assert response.status_code == 200
    assert mock_llm.requests[0].body["messages"] == HELLO


def test_who_speaks_no_http_is_hung_up_on(mock_llm: MockLLM) -> None:
    url = httpx2.URL(mock_llm.base_url)

    with socket.create_connection((url.host, url.port or 0), timeout=5) as connection:
        connection.sendall(b"HELO there\r\n\r\n")

        assert connection.recv(1) == b""

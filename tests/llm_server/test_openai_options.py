"""Where the relay's requests go, and what goes with them."""

import gzip
from pathlib import Path

import anyio
import msgspec
import pytest
from pydantic import ValidationError

from llm_server.backends.openai_options import OpenAIOptions
from llm_server.events import Delta, Finish, Usage
from tests.llm_server.fakes import RawUpstream
from tests.llm_server.servers import serve_raw
from tests.llm_server.test_openai_compatible import (
    DONE,
    END,
    HELLO_EVENT,
    STOP_EVENT,
    answer,
    part,
    play,
    relay_to,
    request,
    streaming,
)

USAGE = {"prompt_tokens": 2, "completion_tokens": 1, "total_tokens": 3}


def whole(message: object) -> RawUpstream:
    """An upstream that answers with one completion, although it was asked to stream."""
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    body = msgspec.json.encode({"choices": [choice], "usage": USAGE})
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
    return RawUpstream(head % len(body) + body)


async def test_an_upstream_that_does_not_stream_is_understood() -> None:
    upstream = whole({"role": "assistant", "content": "Hello."})

    assert await answer(upstream) == [Delta({"content": "Hello."}), Finish("stop"), Usage(USAGE)]


async def test_a_whole_tool_call_gets_the_index_of_a_piece() -> None:
    upstream = whole({"content": None, "tool_calls": [{"id": "a"}, {"id": "b"}]})

    [delta, *_] = await answer(upstream)

    assert isinstance(delta, Delta)
    assert [call["index"] for call in delta.members["tool_calls"]] == [0, 1]


async def test_an_upstream_that_compresses_all_the_same_is_understood() -> None:
    head = (
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
        b"content-encoding: gzip\r\ntransfer-encoding: chunked\r\n\r\n"
    )
    upstream = RawUpstream(head, part(gzip.compress(HELLO_EVENT + STOP_EVENT + DONE)), END)

    assert await answer(upstream) == [Delta({"content": "Hello."}), Finish("stop")]
    assert b"accept-encoding: identity" in upstream.requests[0].lower()


async def test_a_key_may_come_from_a_variable_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROQ_API_KEY", "sk-from-the-environment")
    upstream = streaming(STOP_EVENT, DONE)

    await answer(upstream, api_key=None, api_key_env="GROQ_API_KEY")

    assert b"Bearer sk-from-the-environment" in upstream.requests[0]


def test_a_variable_that_is_not_set_is_refused() -> None:
    with pytest.raises(ValidationError, match="no environment variable NOBODYS_KEY"):
        OpenAIOptions.model_validate({"base_url": "http://x", "api_key_env": "NOBODYS_KEY"})


def test_a_file_without_certificates_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")

    with pytest.raises(ValidationError, match="expected a file with certificates"):
        OpenAIOptions.model_validate({"base_url": "http://x", "ca_file": tmp_path / "ca.pem"})


async def test_organization_and_project_are_told() -> None:
    upstream = streaming(STOP_EVENT, DONE)

    await answer(upstream, organization="org-1", project="proj-1")

    head = upstream.requests[0].lower()
    assert b"openai-organization: org-1" in head
    assert b"openai-project: proj-1" in head


async def test_a_proxy_is_asked_instead_of_the_upstream() -> None:
    proxy = streaming(HELLO_EVENT, STOP_EVENT, DONE)
    async with serve_raw(proxy) as proxy_url:
        events = await answer(RawUpstream(), proxy=proxy_url)

    assert events == [Delta({"content": "Hello."}), Finish("stop")]
    assert proxy.requests[0].startswith(b"POST http://127.0.0.1:")


def test_the_environments_proxy_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.internal:3128")
    monkeypatch.setenv("NO_PROXY", "inside.example")

    outside = OpenAIOptions.model_validate({"base_url": "https://outside.example/v1"})
    inside = OpenAIOptions.model_validate({"base_url": "https://inside.example/v1"})

    assert outside.proxy_url == "http://proxy.internal:3128"
    assert inside.proxy_url is None


async def test_connections_are_opened_ahead_and_used_by_the_first_turns() -> None:
    models = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"
    upstream = RawUpstream(models, keep_alive=True)
    async with (
        relay_to(upstream, connections_ahead=2) as backend,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(backend.keep_ready)
        with anyio.fail_after(5):
            while len(upstream.requests) < 2:  # noqa: ASYNC110
                await anyio.sleep(0.01)
        upstream.pieces = streaming(STOP_EVENT, DONE).pieces
        await play(backend, request())
        tasks.cancel_scope.cancel()

    assert (len(upstream.requests), upstream.connections) == (3, 2)
    assert upstream.requests[0].startswith(b"GET /models")

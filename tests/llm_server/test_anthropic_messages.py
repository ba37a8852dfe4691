"""Claude through the real SDK, from an upstream made of bytes."""

import sys
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import anyio
import msgspec
import pytest

from llm_server import InvalidSettings, Settings, create_app
from llm_server.backends.anthropic_messages import AnthropicBackend, AnthropicOptions
from llm_server.backends.mock import MockBackend
from llm_server.backends.registry import make_backend
from llm_server.errors import (
    ApiError,
    InvalidRequest,
    RateLimited,
    RequestTooLarge,
    UpstreamFailed,
    UpstreamRefused,
    UpstreamTimedOut,
)
from llm_server.events import BackendEvent, Delta, Finish, Usage, text_delta
from llm_server.model_settings import ModelSettings
from llm_server.protocol import ChatRequest
from tests.llm_server.fakes import ListSink, RawUpstream, never
from tests.llm_server.servers import serve, serve_raw
from tests.llm_server.wire import API_KEY, HELLO, Json, caller, chunks, text

REQUEST = ChatRequest("claude-x", [{"role": "user", "content": "Hi!"}])
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
END = b"0\r\n\r\n"


def event(type_: str, **members: Any) -> bytes:
    data = msgspec.json.encode({"type": type_, **members})
    body = b"event: %b\ndata: %b\n\n" % (type_.encode(), data)
    return b"%x\r\n%b\r\n" % (len(body), body)


def block(index: int, *deltas: Json, **content_block: Any) -> bytes:
    """A whole content block."""
    pieces = [event("content_block_delta", index=index, delta=delta) for delta in deltas]
    start = event("content_block_start", index=index, content_block=content_block)
    return b"".join([start, *pieces, event("content_block_stop", index=index)])


def said(index: int, *pieces: str) -> bytes:
    deltas = [{"type": "text_delta", "text": piece} for piece in pieces]
    return block(index, *deltas, type="text", text="")


def used(index: int, *pieces: str, name: str = "weather") -> bytes:
    deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]
    return block(index, *deltas, type="tool_use", id=f"toolu_{index}", name=name, input={})


def stopped(reason: str, **usage: Any) -> bytes:
    counted = {"output_tokens": 7, **usage}
    delta = {"stop_reason": reason, "stop_sequence": None}
    return event("message_delta", delta=delta, usage=counted) + event("message_stop")


STARTED = event("message_start", message={"usage": {"input_tokens": 3, "output_tokens": 1}})
PING = event("ping")


def streaming(*pieces: bytes) -> RawUpstream:
    return RawUpstream(HEAD, STARTED, PING, *pieces, END)


def refusing(status: int, type_: str, *headers: bytes) -> RawUpstream:
    error = {"type": "error", "error": {"type": type_, "message": "what they say"}}
    content = msgspec.json.encode(error)
    head = b"HTTP/1.1 %d No\r\ncontent-type: application/json\r\n" % status
    length = b"content-length: %d\r\n" % len(content)
    return RawUpstream(b"%b%b%b\r\n%b" % (head, length, b"".join(headers), content))


@asynccontextmanager
async def claude(upstream: RawUpstream, **options: Any) -> AsyncIterator[AnthropicBackend]:
    async with serve_raw(upstream) as url:
        given = {"base_url": url, "api_key": "sk-ant-1", **options}
        backend = AnthropicBackend(AnthropicOptions.model_validate(given))
        yield backend
        await backend.aclose()


async def play(backend: AnthropicBackend) -> list[BackendEvent]:
    with anyio.fail_after(5):
        return [event async for event in backend.stream(REQUEST)]


async def answer(upstream: RawUpstream, **options: Any) -> list[BackendEvent]:
    async with claude(upstream, **options) as backend:
        return await play(backend)


async def error(upstream: RawUpstream, **options: Any) -> ApiError:
    async with claude(upstream, **options) as backend:
        with pytest.raises(ApiError) as caught:
            await play(backend)
    return caught.value


async def test_text_comes_piece_by_piece() -> None:
    *events, usage = await answer(streaming(said(0, "Hello", " there."), stopped("end_turn")))

    assert events == [text_delta("Hello"), text_delta(" there."), Finish("stop")]
    assert isinstance(usage, Usage)


async def test_the_request_is_anthropics() -> None:
    upstream = streaming(said(0, "Hello."), stopped("end_turn"))
    options: Json = {"extra_body": {"thinking": {"type": "disabled"}}, "model": "claude-y"}

    await answer(upstream, extra_headers={"anthropic-beta": "x-1"}, **options)

    [request] = upstream.requests
    head, _, content = request.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /v1/messages HTTP/1.1\r\n")
    headers = head.lower()
    assert b"sk-ant-1" in headers
    assert b"\r\nanthropic-version: 2" in headers
    assert b"\r\nanthropic-beta: x-1" in headers
    assert msgspec.json.decode(content) == {
        "model": "claude-y",
        "max_tokens": 4096,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Hi!"}]}],
        "thinking": {"type": "disabled"},
        "stream": True,
    }


async def test_sampling_needs_the_version_that_has_it() -> None:
    upstream = streaming(said(0, "Hello."), stopped("end_turn"))

    await answer(upstream, sampling=True)

    assert b"\r\nanthropic-version: 2023-06-01\r\n" in upstream.requests[0].lower()


async def test_thoughts_are_never_text() -> None:
    thinking = [
        {"type": "thinking_delta", "thinking": "Hm."},
        {"type": "signature_delta", "signature": "abc"},
    ]
    thought = block(0, *thinking, type="thinking", thinking="", signature="")

    first, second, *_ = await answer(streaming(thought, said(1, "Hi."), stopped("end_turn")))

    assert first == Delta({"reasoning_content": "Hm."})
    assert second == text_delta("Hi.")


async def test_tool_calls_are_counted_by_themselves_and_come_in_pieces() -> None:
    used_both = used(1, "", '{"city": ', '"Bern"}') + used(2, "{}", name="rain")

    _, *events, finish, _ = await answer(
        streaming(said(0, "Let me see."), used_both, stopped("tool_use"))
    )

    calls = [event.members["tool_calls"][0] for event in events if isinstance(event, Delta)]
    function = {"name": "weather", "arguments": ""}
    assert calls[0] == {"index": 0, "id": "toolu_1", "type": "function", "function": function}
    assert calls[1:3] == [
        {"index": 0, "function": {"arguments": '{"city": '}},
        {"index": 0, "function": {"arguments": '"Bern"}'}},
    ]
    assert (calls[3]["index"], calls[3]["id"]) == (1, "toolu_2")
    assert finish == Finish("tool_calls")


async def test_a_call_without_arguments_has_arguments_that_can_be_decoded() -> None:
    _, arguments, *_ = await answer(streaming(used(0, ""), stopped("tool_use")))

    assert arguments == Delta({"tool_calls": [{"index": 0, "function": {"arguments": "{}"}}]})


async def test_what_anthropic_runs_itself_is_no_call_of_ours() -> None:
    delta = {"type": "input_json_delta", "partial_json": "{}"}
    search = block(0, delta, type="server_tool_use", id="srvtoolu_1", name="web_search", input={})

    events = await answer(streaming(search, said(1, "Found."), stopped("end_turn")))

    assert events[:2] == [text_delta("Found."), Finish("stop")]


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("pause_turn", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("tool_use", "tool_calls"),
        ("refusal", "content_filter"),
        ("something_new", "stop"),
    ],
)
async def test_the_reason_to_stop_is_translated(reason: str, expected: str) -> None:
    finish, _ = await answer(streaming(stopped(reason)))

    assert finish == Finish(expected)


async def test_usage_counts_the_cache_and_the_thoughts() -> None:
    cache = {"cache_read_input_tokens": 40, "cache_creation_input_tokens": 5}
    thinking = {"output_tokens_details": {"thinking_tokens": 2}}

    *_, usage = await answer(streaming(stopped("end_turn", **cache, **thinking)))

    assert usage == Usage(
        {
            "prompt_tokens": 48,
            "completion_tokens": 7,
            "total_tokens": 55,
            "prompt_tokens_details": {"cached_tokens": 40},
            "completion_tokens_details": {"reasoning_tokens": 2},
        }
    )


@pytest.mark.parametrize(
    ("status", "type_", "expected", "message"),
    [
        (400, "invalid_request_error", InvalidRequest, "what they say"),
        (401, "authentication_error", UpstreamRefused, "refused the key"),
        (403, "permission_error", UpstreamRefused, "refused the key"),
        (404, "not_found_error", UpstreamRefused, "status 404"),
        (413, "request_too_large", RequestTooLarge, "larger than the model takes"),
        (429, "rate_limit_error", RateLimited, "busy"),
        (500, "api_error", UpstreamFailed, "status 500"),
        (504, "timeout_error", UpstreamTimedOut, "too long"),
        (529, "overloaded_error", UpstreamFailed, "overloaded"),
    ],
)
async def test_a_refusal_is_translated(
    status: int, type_: str, expected: type[ApiError], message: str
) -> None:
    upstream = refusing(status, type_)

    refused = await error(upstream)

    assert type(refused) is expected
    assert message in refused.message
    assert len(upstream.requests) == 1


async def test_a_rate_limit_says_how_long_to_wait() -> None:
    limited = await error(refusing(429, "rate_limit_error", b"retry-after: 7\r\n"))

    assert limited.headers == {"retry-after": "7"}


@pytest.mark.parametrize(
    ("type_", "expected"),
    [("overloaded_error", UpstreamFailed), ("rate_limit_error", RateLimited)],
)
async def test_an_error_in_the_middle_comes_after_what_was_said(
    type_: str, expected: type[ApiError]
) -> None:
    broken = event("error", error={"type": type_, "message": "what they say"})

    async with claude(streaming(said(0, "Hello"), broken)) as backend:
        events = backend.stream(REQUEST)
        assert await anext(events) == text_delta("Hello")
        with pytest.raises(expected):
            await anext(events)


async def test_an_answer_that_is_cut_off_is_an_error() -> None:
    cut = await error(RawUpstream(HEAD, STARTED, said(0, "Hello")))

    assert type(cut) is UpstreamFailed


async def test_something_that_is_no_event_is_an_error() -> None:
    odd = await error(RawUpstream(HEAD, b"8\r\ndata: {\n\r\n2\r\n\n\n\r\n", END))

    assert type(odd) is UpstreamFailed


@pytest.mark.parametrize("pieces", [(), (HEAD, STARTED)])
async def test_silence_has_an_end(pieces: tuple[bytes, ...]) -> None:
    silent = await error(RawUpstream(*pieces, never()), read_timeout_s=0.1)

    assert type(silent) is UpstreamTimedOut


async def test_an_upstream_that_is_not_there_is_an_error() -> None:
    options = {"base_url": "http://127.0.0.1:9", "api_key": "sk-ant-1"}
    backend = AnthropicBackend(AnthropicOptions.model_validate(options))

    with pytest.raises(UpstreamFailed, match="could not be reached"):
        await anext(backend.stream(REQUEST))
    await backend.aclose()


async def test_hanging_up_closes_the_connection() -> None:
    upstream = RawUpstream(HEAD, STARTED, said(0, "Hello"), never())

    async with claude(upstream) as backend:
        async with aclosing(backend.stream(REQUEST)) as events:
            await anext(events)
        with anyio.fail_after(1):
            await upstream.hung_up.wait()


async def test_a_connection_is_used_again() -> None:
    upstream = streaming(said(0, "Hello."), stopped("end_turn"))
    upstream.keep_alive = True

    async with claude(upstream) as backend:
        for _ in range(2):
            assert [event async for event in backend.stream(REQUEST)]

    assert upstream.connections == 1


async def test_a_client_of_the_server_hears_claude(settings: Settings, sink: ListSink) -> None:
    upstream = streaming(said(0, "Grüezi", "."), stopped("end_turn"))
    async with serve_raw(upstream) as url:
        options = {"base_url": url, "api_key": "sk-ant-1"}
        models = {"anna": ModelSettings(backend="anthropic", options=options)}
        app = create_app(settings.model_copy(update={"models": models}), sink)

        async with serve(app) as server, caller(server, API_KEY) as client:
            received = await chunks(client, model="anna", messages=HELLO)

    assert text(received) == "Grüezi."
    assert received[-1].choices[0].finish_reason == "stop"


def test_the_key_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-2")

    key = AnthropicOptions().api_key

    assert key
    assert key.get_secret_value() == "sk-ant-2"


def test_without_a_key_it_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)

    with pytest.raises(InvalidSettings, match=r"models\.anna\.options\.api_key: expected a key"):
        make_backend("anna", ModelSettings(backend="anthropic"))


@pytest.fixture
def without_the_sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "anthropic", None)
    monkeypatch.delitem(sys.modules, "llm_server.backends.anthropic_messages")


@pytest.mark.usefixtures("without_the_sdk")
def test_without_the_extra_its_name_is_told_and_the_others_answer() -> None:
    with pytest.raises(InvalidSettings) as caught:
        make_backend("anna", ModelSettings(backend="anthropic"))

    [problem] = caught.value.problems
    assert problem == (
        "models.anna.backend: 'anthropic' cannot be used: "
        "it needs: pip install 'simli-llm-server[anthropic]'"
    )
    assert isinstance(make_backend("spare", ModelSettings(backend="mock")), MockBackend)

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import anyio
import httpx2
import msgspec
import openai
import pytest

from llm_server.backends.openai_compatible import OpenAICompatibleBackend
from llm_server.backends.openai_options import OpenAIOptions
from llm_server.errors import (
    ApiError,
    InvalidRequest,
    RateLimited,
    UpstreamFailed,
    UpstreamTimedOut,
)
from llm_server.events import BackendEvent, Delta, Finish, Usage, text_delta
from llm_server.protocol import ChatRequest, parse_request
from tests.llm_server.fakes import RawUpstream, ScriptedBackend, never, says
from tests.llm_server.servers import serve_raw
from tests.llm_server.wire import (
    CHAT,
    Json,
    ask,
    chunks,
    completion,
    error_of,
    payloads,
    text,
)

STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
)
END = b"0\r\n\r\n"
DONE = b"data: [DONE]\n\n"


def part(body: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(body), body)


def event(delta: object = None, finish_reason: str | None = None, **chunk: Any) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return b"data: %b\n\n" % msgspec.json.encode({"choices": [choice], **chunk})


HELLO_EVENT = event({"role": "assistant", "content": "Hello."})
STOP_EVENT = event({}, "stop")


def streaming(*events: bytes) -> RawUpstream:
    return RawUpstream(STREAM_HEAD, *map(part, events), END)


def refusing(status: int, body: object, *headers: bytes) -> RawUpstream:
    content = msgspec.json.encode(body)
    head = b"HTTP/1.1 %d No\r\ncontent-type: application/json\r\n" % status
    length = b"content-length: %d\r\n" % len(content)
    return RawUpstream(b"%b%b%b\r\n%b" % (head, length, b"".join(headers), content))


@asynccontextmanager
async def relay_to(
    upstream: RawUpstream, **options: object
) -> AsyncIterator[OpenAICompatibleBackend]:
    async with serve_raw(upstream) as url:
        backend = OpenAICompatibleBackend(
            OpenAIOptions.model_validate({"base_url": url, "api_key": "sk-upstream", **options})
        )
        yield backend
        await backend.aclose()


def request(**members: Any) -> ChatRequest:
    return parse_request(msgspec.json.encode(ask(**members)))


async def play(backend: OpenAICompatibleBackend, chat: ChatRequest) -> list[BackendEvent]:
    with anyio.fail_after(5):
        return [event async for event in backend.stream(chat)]


async def answer(
    upstream: RawUpstream, chat: ChatRequest | None = None, **options: object
) -> list[BackendEvent]:
    async with relay_to(upstream, **options) as backend:
        return await play(backend, chat or request())


async def error(upstream: RawUpstream, **options: object) -> ApiError:
    async with relay_to(upstream, **options) as backend:
        with pytest.raises(ApiError) as caught:
            await play(backend, request())
    return caught.value


def sent_body(upstream: RawUpstream) -> Json:
    [received] = upstream.requests
    body: Json = msgspec.json.decode(received.partition(b"\r\n\r\n")[2])
    return body


async def test_a_relayed_answer_is_the_answer(relay_client: openai.AsyncOpenAI) -> None:
    received = await chunks(relay_client)

    assert text(received) == "Hello there."
    assert [c.choices[0].delta.role for c in received] == ["assistant", None, None, None]
    assert received[-1].choices[0].finish_reason == "stop"


async def test_a_caller_who_does_not_stream_gets_one_answer_of_a_streaming_upstream(
    relay_client: openai.AsyncOpenAI, backend: ScriptedBackend
) -> None:
    answer = await completion(relay_client)

    assert answer.choices[0].message.content == "Hello there."
    assert [request.stream for request in backend.requests] == [True]


async def test_usage_is_relayed(relay_client: openai.AsyncOpenAI, backend: ScriptedBackend) -> None:
    usage = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
    backend.script = [*says("Hello."), Usage(usage)]

    *_, last = await chunks(relay_client, stream_options={"include_usage": True})

    assert last.usage is not None
    assert last.usage.model_dump(exclude_none=True) == usage


async def test_what_nobody_here_knows_is_relayed_verbatim(
    relay_http: httpx2.AsyncClient, backend: ScriptedBackend
) -> None:
    call = {"index": 0, "id": "call-1", "function": {"name": "wave", "arguments": "{}"}}
    members = {"content": None, "tool_calls": [call], "reasoning_content": "Hm.", "mood": {"x": 1}}
    backend.script = [
        Delta(members, 0, {"logprobs": {"content": []}}, {"system_fingerprint": "fp_1"}),
        Finish("tool_calls", choice={"stop_reason": 7}),
    ]

    _, chunk, finish, _ = payloads(await relay_http.post(CHAT, json=ask(stream=True)))

    assert chunk["choices"][0]["delta"] == members
    assert chunk["choices"][0]["logprobs"] == {"content": []}
    assert chunk["system_fingerprint"] == "fp_1"
    assert finish["choices"][0]["stop_reason"] == 7


async def test_several_choices_are_relayed(
    relay_client: openai.AsyncOpenAI, backend: ScriptedBackend
) -> None:
    backend.script = [
        Delta({"content": "a"}, 0),
        Delta({"content": "b"}, 1),
        Finish(index=1),
        Finish(),
    ]

    choices = (await completion(relay_client, n=2)).choices

    assert [choice.message.content for choice in choices] == ["a", "b"]


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (InvalidRequest("Too long.", param="messages"), 400),
        (RateLimited("Busy.", headers={"retry-after": "7"}), 429),
        (UpstreamFailed("Broken."), 502),
        (RuntimeError("boom"), 502),
    ],
)
async def test_a_failing_upstream_has_a_status(
    relay_http: httpx2.AsyncClient, backend: ScriptedBackend, failure: Exception, status: int
) -> None:
    backend.script = [failure]

    response = await relay_http.post(CHAT, json=ask(stream=True))

    assert response.status_code == status
    assert error_of(response)["param"] == ("messages" if status == 400 else None)
    assert response.headers.get("retry-after") == ("7" if status == 429 else None)


async def test_an_upstream_that_fails_in_mid_stream_is_an_error_event(
    relay_http: httpx2.AsyncClient, backend: ScriptedBackend
) -> None:
    backend.script = [text_delta("Hel"), RateLimited("Busy.")]

    response = await relay_http.post(CHAT, json=ask(stream=True))

    assert payloads(response)[-1]["error"]["code"] == "upstream_failed"


async def test_the_request_goes_upstream_with_all_its_members() -> None:
    upstream = streaming(HELLO_EVENT, STOP_EVENT, DONE)

    await answer(upstream, request(temperature=0.5, thread_id="t-1", stream=False))

    assert sent_body(upstream) == ask(
        temperature=0.5,
        thread_id="t-1",
        stream=True,
        stream_options={"include_usage": True},
    )


async def test_the_upstream_has_its_own_name_for_the_model() -> None:
    upstream = streaming(STOP_EVENT, DONE)

    await answer(upstream, model="gpt-9")

    assert sent_body(upstream)["model"] == "gpt-9"


async def test_extra_members_are_added_unless_the_request_has_them() -> None:
    upstream = streaming(STOP_EVENT, DONE)

    await answer(upstream, request(seed=1), extra_body={"seed": 2, "max_tokens": 60})

    assert (sent_body(upstream)["seed"], sent_body(upstream)["max_tokens"]) == (1, 60)


async def test_key_and_extra_headers_are_sent() -> None:
    upstream = streaming(STOP_EVENT, DONE)

    await answer(upstream, extra_headers={"x-team": "avatars"})

    head = upstream.requests[0].lower()
    assert head.startswith(b"post /chat/completions http/1.1")
    assert b"authorization: bearer sk-upstream\r\n" in head
    assert b"x-team: avatars\r\n" in head
    assert b"content-type: application/json\r\n" in head


async def test_the_key_for_openai_goes_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-for-openai")
    upstream = streaming(STOP_EVENT, DONE)

    await answer(upstream, api_key=None)

    assert b"sk-for-openai" not in upstream.requests[0]


def test_the_key_for_openai_is_used_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-for-openai")

    options = OpenAIOptions.model_validate({"base_url": "https://api.openai.com/v1/"})

    assert options.api_key is not None
    assert options.api_key.get_secret_value() == "sk-for-openai"


def test_keys_are_not_in_the_repr_of_options() -> None:
    options = OpenAIOptions.model_validate(
        {"api_key": "sk-upstream", "extra_headers": {"x-key": "sk-other"}}
    )

    assert "sk-" not in repr(options)


async def test_a_connection_is_used_again_for_the_next_turn() -> None:
    upstream = RawUpstream(
        STREAM_HEAD, part(HELLO_EVENT), part(STOP_EVENT + DONE), END, keep_alive=True
    )

    async with relay_to(upstream) as backend:
        for _ in range(3):
            await play(backend, request())

    assert (len(upstream.requests), upstream.connections) == (3, 1)


async def test_an_upstream_that_stays_after_done_is_not_waited_for() -> None:
    upstream = RawUpstream(STREAM_HEAD, part(HELLO_EVENT + STOP_EVENT + DONE), never())

    events = await answer(upstream)

    assert events == [text_delta("Hello."), Finish("stop")]


async def test_what_comes_after_done_is_nothing() -> None:
    assert await answer(streaming(STOP_EVENT, DONE, HELLO_EVENT)) == [Finish("stop")]


async def test_done_is_not_needed_after_a_finish_reason() -> None:
    events = await answer(streaming(HELLO_EVENT, STOP_EVENT))

    assert events == [text_delta("Hello."), Finish("stop")]


async def test_the_last_event_needs_no_empty_line() -> None:
    assert await answer(streaming(STOP_EVENT.rstrip())) == [Finish("stop")]


async def test_deltas_that_say_nothing_are_dropped() -> None:
    role = event({"role": "assistant", "content": ""})
    nothing = [event(None), event({}), event({"content": None, "tool_calls": []})]

    assert await answer(streaming(role, *nothing, STOP_EVENT)) == [Finish("stop")]


@pytest.mark.parametrize("choices", [None, []])
async def test_chunks_without_choices_are_read(choices: object) -> None:
    chunk = event(choices=choices)

    assert await answer(streaming(chunk, STOP_EVENT)) == [Finish("stop")]


async def test_text_and_finish_reason_may_come_together_and_nothing_is_said_twice() -> None:
    choice = {"delta": {"content": "Hi."}, "finish_reason": "stop", "logprobs": {"content": [1]}}

    events = await answer(streaming(event(choices=[choice])))

    assert events == [
        Delta({"content": "Hi."}, choice={"logprobs": {"content": [1]}}),
        Finish("stop"),
    ]


async def test_an_upstream_that_counts_in_every_chunk_is_counted_once_and_last() -> None:
    counting = [
        event({"content": "Hel"}, usage={"completion_tokens": 1}),
        event({"content": "lo."}, "stop", usage={"completion_tokens": 2}),
    ]

    *_, finish, usage = events = await answer(streaming(*counting, DONE))

    assert (finish, usage) == (Finish("stop"), Usage({"completion_tokens": 2}))
    assert sum(isinstance(event, Usage) for event in events) == 1


@pytest.mark.parametrize("usage", [None, 5, "many", [], {}])
async def test_usage_of_another_shape_is_ignored(usage: object) -> None:
    assert await answer(streaming(event({}, "stop", usage=usage))) == [Finish("stop")]


@pytest.mark.parametrize(
    "line",
    [
        b"data: {\n\n",
        b"data: 5\n\n",
        b"data: \xff\n\n",
        b'data: {"choices": 5}\n\n',
        b'data: {"choices": [5]}\n\n',
        b'data: {"choices": [{"delta": "text"}]}\n\n',
    ],
)
async def test_what_is_no_chunk_is_a_failure(line: bytes) -> None:
    failure = await error(streaming(HELLO_EVENT, line, STOP_EVENT))

    assert isinstance(failure, UpstreamFailed)


@pytest.mark.parametrize("value", [{"message": "Overloaded."}, "Overloaded."])
async def test_an_error_in_the_stream_is_a_failure(value: object) -> None:
    failure = await error(streaming(HELLO_EVENT, event(error=value)))

    assert isinstance(failure, UpstreamFailed)
    assert "Overloaded." in failure.message


async def test_a_connection_that_breaks_in_mid_answer_is_a_failure() -> None:
    failure = await error(RawUpstream(STREAM_HEAD, part(HELLO_EVENT), b"ffff\r\ndata: {"))

    assert isinstance(failure, UpstreamFailed)


async def test_an_upstream_that_closes_without_an_answer_is_a_failure() -> None:
    assert isinstance(await error(RawUpstream(b"")), UpstreamFailed)


async def test_an_upstream_that_is_not_there_is_a_failure() -> None:
    async with serve_raw(RawUpstream()) as url:
        pass
    backend = OpenAICompatibleBackend(OpenAIOptions(base_url=url))

    with pytest.raises(UpstreamFailed):
        await play(backend, request())
    await backend.aclose()


@pytest.mark.parametrize("status", [401, 403, 404, 409, 500, 503])
async def test_other_statuses_of_the_upstream_are_not_the_fault_of_the_caller(status: int) -> None:
    body = {"error": {"message": "Incorrect API key provided: sk-upstream"}}

    failure = await error(refusing(status, body))

    assert isinstance(failure, UpstreamFailed)
    assert "sk-upstream" not in failure.message


@pytest.mark.parametrize("status", [400, 422])
async def test_a_refused_request_is_passed_on_in_the_words_of_the_upstream(status: int) -> None:
    body = {"error": {"message": "Too long.", "param": "messages", "code": "x"}}

    failure = await error(refusing(status, body))

    assert isinstance(failure, InvalidRequest)
    assert (failure.message, failure.param) == ("Too long.", "messages")


@pytest.mark.parametrize("body", ["Bad Request", {"detail": [{"msg": "Too long."}]}, None])
async def test_a_refused_request_without_openais_envelope_is_one_all_the_same(
    body: object,
) -> None:
    failure = await error(refusing(400, body))

    assert isinstance(failure, InvalidRequest)
    assert failure.message == "The upstream refused the request."


async def test_a_busy_upstream_says_when_to_come_back() -> None:
    failure = await error(refusing(429, {}, b"retry-after: 7\r\n"))

    assert isinstance(failure, RateLimited)
    assert failure.headers == {"retry-after": "7"}


async def test_a_busy_upstream_is_asked_once() -> None:
    upstream = refusing(429, {})

    await error(upstream)

    assert len(upstream.requests) == 1


async def test_an_upstream_that_does_not_begin_is_timed_out() -> None:
    failure = await error(RawUpstream(never()), read_timeout_s=0.05)

    assert isinstance(failure, UpstreamTimedOut)


async def test_an_upstream_that_stops_in_the_middle_is_timed_out() -> None:
    upstream = RawUpstream(STREAM_HEAD, part(HELLO_EVENT), never())

    failure = await error(upstream, read_timeout_s=0.05)

    assert isinstance(failure, UpstreamTimedOut)


async def test_closing_the_stream_hangs_up_at_once() -> None:
    upstream = RawUpstream(STREAM_HEAD, part(HELLO_EVENT), never())

    async with relay_to(upstream) as backend:
        async with aclosing(backend.stream(request())) as events:
            assert await anext(events) == text_delta("Hello.")
        with anyio.fail_after(2):
            await upstream.hung_up.wait()


async def test_cancelling_while_the_upstream_is_silent_hangs_up_at_once() -> None:
    upstream = RawUpstream(never())

    async with relay_to(upstream) as backend:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(anext, backend.stream(request()))
            await upstream.asked.wait()
            tasks.cancel_scope.cancel()
        with anyio.fail_after(2):
            await upstream.hung_up.wait()


async def test_what_an_upstream_calls_its_error_reaches_the_caller() -> None:
    body = {"error": {"message": "No such voice.", "code": "unknown_voice", "param": None}}

    refused = await error(refusing(400, body))

    assert refused.envelope()["error"]["code"] == "unknown_voice"
    assert refused.kind == "invalid_request_error"

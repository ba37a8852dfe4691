import anyio
import httpx2
import openai
import pytest

from llm_server.errors import (
    ApiError,
    InvalidRequest,
    RateLimited,
    UpstreamFailed,
    UpstreamTimedOut,
)
from llm_server.events import Delta, Finish, Usage, text_delta
from tests.llm_server.fakes import ListSink, ScriptedBackend, says
from tests.llm_server.wire import CHAT, MODEL, ask, chunks, error_of, payloads, text

USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}


async def test_text_is_streamed(client: openai.AsyncOpenAI) -> None:
    received = await chunks(client)

    assert text(received) == "Hello there."


async def test_all_chunks_share_id_time_and_model(client: openai.AsyncOpenAI) -> None:
    received = await chunks(client)

    assert len({(chunk.id, chunk.created, chunk.model) for chunk in received}) == 1
    assert received[0].id.startswith("chatcmpl-")
    assert received[0].model == MODEL


async def test_two_answers_have_two_ids(client: openai.AsyncOpenAI) -> None:
    [first, *_], [second, *_] = await chunks(client), await chunks(client)

    assert first.id != second.id


async def test_the_role_comes_first_and_once(client: openai.AsyncOpenAI) -> None:
    received = await chunks(client)

    roles = [chunk.choices[0].delta.role for chunk in received]
    assert roles == ["assistant", None, None, None]
    assert received[0].choices[0].delta.content == ""


async def test_the_finish_reason_comes_last_and_alone(client: openai.AsyncOpenAI) -> None:
    received = await chunks(client)

    assert [chunk.choices[0].finish_reason for chunk in received] == [None, None, None, "stop"]
    assert received[-1].choices[0].delta.content is None


async def test_every_chunk_has_a_list_of_choices_with_an_index(http: httpx2.AsyncClient) -> None:
    *received, done = payloads(await http.post(CHAT, json=ask(stream=True)))

    assert done == "[DONE]"
    assert [[choice["index"] for choice in chunk["choices"]] for chunk in received] == [[0]] * 4
    assert {chunk["object"] for chunk in received} == {"chat.completion.chunk"}


async def test_the_bytes_are_events_of_one_data_line(http: httpx2.AsyncClient) -> None:
    response = await http.post(CHAT, json=ask(stream=True))

    events = response.content.split(b"\n\n")
    assert events[-2:] == [b"data: [DONE]", b""]
    assert all(event.startswith(b"data: {") and b"\n" not in event for event in events[:-2])
    assert b"\r" not in response.content


async def test_line_breaks_and_other_scripts_survive(
    client: openai.AsyncOpenAI, backend: ScriptedBackend
) -> None:
    backend.script = says("a\nb\r\n\n", "data: [DONE]\n\n", "\u2028 日本語 🦜")

    received = await chunks(client)

    assert text(received) == "a\nb\r\n\ndata: [DONE]\n\n\u2028 日本語 🦜"


async def test_the_headers_keep_proxies_from_holding_the_stream_back(
    http: httpx2.AsyncClient,
) -> None:
    response = await http.post(CHAT, json=ask(stream=True))

    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-accel-buffering"] == "no"
    assert response.headers["x-request-id"] == payloads(response)[0]["id"]


async def test_each_piece_leaves_before_the_next_is_there(
    client: openai.AsyncOpenAI, backend: ScriptedBackend
) -> None:
    heard = anyio.Event()
    backend.script = [text_delta("One."), heard, text_delta(" Two."), Finish()]

    with anyio.fail_after(5):
        async for chunk in await client.chat.completions.create(**ask(), stream=True):
            if chunk.choices[0].delta.content == "One.":
                heard.set()

    assert heard.is_set()


async def test_usage_comes_last_without_choices_when_asked_for(
    client: openai.AsyncOpenAI, backend: ScriptedBackend
) -> None:
    backend.script = [*says("Hello."), Usage(USAGE)]

    *others, last = await chunks(client, stream_options={"include_usage": True})

    assert last.choices == []
    assert last.usage is not None
    assert last.usage.model_dump(exclude_none=True) == USAGE
    assert {chunk.usage for chunk in others} == {None}


async def test_usage_is_not_sent_unasked(
    http: httpx2.AsyncClient, backend: ScriptedBackend
) -> None:
    backend.script = [*says("Hello."), Usage(USAGE)]

    *received, _ = payloads(await http.post(CHAT, json=ask(stream=True)))

    assert not any("usage" in chunk for chunk in received)
    assert all(chunk["choices"] for chunk in received)


async def test_what_the_server_does_not_know_passes_verbatim(
    http: httpx2.AsyncClient, backend: ScriptedBackend
) -> None:
    call = {"index": 0, "id": "call-1", "function": {"name": "wave", "arguments": ""}}
    members = {"tool_calls": [call], "reasoning_content": "Hm.", "refusal": None, "mood": {"x": 1}}
    logprobs = {"content": [{"token": "a", "logprob": -0.5}]}
    delta = Delta(members, 0, {"logprobs": logprobs}, {"system_fingerprint": "fp_1"})
    backend.script = [delta, Finish("tool_calls")]

    _, chunk, *_ = payloads(await http.post(CHAT, json=ask(stream=True)))

    assert chunk["choices"][0]["delta"] == members
    assert chunk["choices"][0]["logprobs"] == logprobs
    assert chunk["system_fingerprint"] == "fp_1"


async def test_each_of_several_choices_has_a_role_and_an_end(
    client: openai.AsyncOpenAI, backend: ScriptedBackend
) -> None:
    backend.script = [
        Delta({"content": "a"}, 0),
        Delta({"content": "b"}, 1),
        Finish(index=1),
        Finish("length"),
    ]

    choices = [chunk.choices[0] for chunk in await chunks(client, n=2)]

    assert [choice.index for choice in choices if choice.delta.role] == [0, 1]
    assert [(c.index, c.finish_reason) for c in choices if c.finish_reason] == [
        (1, "stop"),
        (0, "length"),
    ]


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (InvalidRequest("Too long.", param="messages"), 400, None),
        (RateLimited("Busy."), 429, "rate_limit_exceeded"),
        (UpstreamFailed("Broken."), 502, "upstream_failed"),
        (UpstreamTimedOut("Slow."), 504, "upstream_timed_out"),
    ],
)
@pytest.mark.parametrize("stream", [True, False])
async def test_a_failure_before_the_first_event_has_a_status(
    http: httpx2.AsyncClient,
    backend: ScriptedBackend,
    error: ApiError,
    status: int,
    code: str | None,
    stream: bool,
) -> None:
    backend.script = [error]

    response = await http.post(CHAT, json=ask(stream=stream))

    assert response.status_code == status
    assert error_of(response)["message"] == error.message
    assert (error_of(response)["code"], error_of(response)["param"]) == (code, error.param)


async def test_retry_after_is_passed_on(
    client: openai.AsyncOpenAI, backend: ScriptedBackend
) -> None:
    backend.script = [RateLimited("Busy.", headers={"retry-after": "7"})]

    with pytest.raises(openai.RateLimitError) as caught:
        await chunks(client)

    assert caught.value.response.headers["retry-after"] == "7"


async def test_a_failure_in_mid_stream_is_one_event_and_not_done(
    http: httpx2.AsyncClient, backend: ScriptedBackend
) -> None:
    backend.script = [text_delta("Hel"), UpstreamFailed("It broke.")]

    response = await http.post(CHAT, json=ask(stream=True))

    *received, last = payloads(response)
    assert response.status_code == 200
    assert last["error"] == {
        "message": "It broke.",
        "type": "server_error",
        "param": None,
        "code": "upstream_failed",
    }
    assert [c["choices"][0]["delta"].get("content") for c in received] == ["", "Hel"]


async def test_a_failure_in_mid_stream_raises_in_the_official_client(
    client: openai.AsyncOpenAI, backend: ScriptedBackend
) -> None:
    backend.script = [text_delta("Hel"), UpstreamFailed("It broke.")]

    with pytest.raises(openai.APIError, match="It broke"):
        await chunks(client)


async def test_a_failure_in_mid_stream_is_recorded_with_what_was_sent(
    http: httpx2.AsyncClient, backend: ScriptedBackend, sink: ListSink
) -> None:
    backend.script = [text_delta("Hel"), UpstreamFailed("It broke.")]

    await http.post(CHAT, json=ask(stream=True))

    turn = await sink.turn()
    assert (turn.outcome, turn.error) == ("failed", "upstream_failed")
    assert (turn.answer_text, turn.finish_reason) == ("Hel", None)


async def test_an_answer_without_a_finish_has_failed(
    http: httpx2.AsyncClient, backend: ScriptedBackend
) -> None:
    backend.script = [text_delta("Hello.")]

    response = await http.post(CHAT, json=ask(stream=True))

    assert payloads(response)[-1]["error"]["code"] == "upstream_failed"


async def test_an_answer_with_one_of_two_choices_unfinished_has_failed(
    http: httpx2.AsyncClient, backend: ScriptedBackend
) -> None:
    backend.script = [Delta({"content": "a"}, 0), Delta({"content": "b"}, 1), Finish(index=0)]

    response = await http.post(CHAT, json=ask(n=2, stream=True))

    assert payloads(response)[-1]["error"]["code"] == "upstream_failed"


async def test_a_backend_that_says_nothing_at_all_is_502(
    http: httpx2.AsyncClient, backend: ScriptedBackend
) -> None:
    backend.script = []

    response = await http.post(CHAT, json=ask(stream=True))

    assert response.status_code == 502


async def test_content_that_is_no_text_passes_and_harms_nothing(
    http: httpx2.AsyncClient, backend: ScriptedBackend, sink: ListSink
) -> None:
    parts = [{"type": "thinking", "thinking": []}, {"type": "text", "text": "Hello."}]
    backend.script = [Delta({"content": parts}), Delta({"content": 5}), Finish()]

    received = payloads(await http.post(CHAT, json=ask(stream=True)))

    assert received[1]["choices"][0]["delta"]["content"] == parts
    assert received[-1] == "[DONE]"
    assert (await sink.turn()).answer_text == "Hello."


async def test_comments_keep_a_slow_stream_alive(
    http: httpx2.AsyncClient, backend: ScriptedBackend
) -> None:
    heard = anyio.Event()
    backend.script = [text_delta("One."), heard, Finish()]
    received = b""

    with anyio.fail_after(5):
        async with http.stream("POST", CHAT, json=ask(stream=True)) as response:
            async for piece in response.aiter_bytes():
                received += piece
                if piece == b": ping\n\n":
                    heard.set()

    assert received.endswith(b"data: [DONE]\n\n")


async def test_a_streamed_turn_is_recorded(
    client: openai.AsyncOpenAI, backend: ScriptedBackend, sink: ListSink
) -> None:
    backend.script = [*says("Hello there. ", "How are you?"), Usage(USAGE)]

    await chunks(client)

    turn = await sink.turn()
    assert (turn.outcome, turn.error, turn.finish_reason) == ("completed", None, "stop")
    assert (turn.user_text, turn.answer_text) == ("Hi!", "Hello there. How are you?")
    assert (turn.prompt_tokens, turn.completion_tokens) == (3, 2)
    assert (turn.model, turn.answered_by) == (MODEL, MODEL)

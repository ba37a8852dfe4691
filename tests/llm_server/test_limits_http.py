"""Limits as callers meet them."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any

import anyio
import httpx2
import msgspec
import openai
import pytest

from llm_server import Settings, create_app
from llm_server.errors import RateLimited
from llm_server.events import text_delta
from llm_server.keys import Scope, ServiceClaims, ServiceKeys
from llm_server.settings import Limits
from tests.llm_server.fakes import ListSink, ScriptedBackend, never, says
from tests.llm_server.servers import serve
from tests.llm_server.wire import (
    API_KEY,
    CHAT,
    HELLO,
    MODEL,
    SECRET,
    ask,
    caller,
    error_of,
    payloads,
    spoken,
)

Serving = Callable[..., AbstractAsyncContextManager[httpx2.AsyncClient]]


@pytest.fixture
def limited(settings: Settings, backend: ScriptedBackend, sink: ListSink) -> Serving:
    """Serve with these limits."""

    @asynccontextmanager
    async def serving(key: str = API_KEY, **limits: Any) -> AsyncIterator[httpx2.AsyncClient]:
        app = create_app(
            settings.model_copy(update={"limits": Limits(**limits)}),
            sink,
            backends={MODEL: backend},
        )
        headers = {"authorization": f"Bearer {key}"}
        async with (
            serve(app) as url,
            httpx2.AsyncClient(base_url=url, headers=headers, timeout=10) as http,
        ):
            yield http

    return serving


def service_key(*scopes: Scope) -> str:
    return ServiceKeys(SECRET).sign(ServiceClaims(key_id="a", scopes=frozenset(scopes)))


async def test_too_many_messages_are_400(limited: Serving) -> None:
    async with limited(messages=1) as http:
        response = await http.post(CHAT, json=ask(messages=[*HELLO, *HELLO]))

    assert response.status_code == 400
    assert error_of(response)["param"] == "messages"


async def test_a_stream_too_many_is_429_and_told_when_to_come_again(
    limited: Serving, backend: ScriptedBackend
) -> None:
    backend.script = [*says("Hello.")[:1], never()]

    async with (
        limited(streams_per_key=1) as http,
        http.stream("POST", CHAT, json=ask(stream=True)),
    ):
        response = await http.post(CHAT, json=ask())

    assert response.status_code == 429
    assert response.headers["retry-after"] == "1"
    assert error_of(response)["code"] == "rate_limit_exceeded"


async def test_a_stream_that_was_hung_up_makes_room(
    limited: Serving, backend: ScriptedBackend, sink: ListSink
) -> None:
    backend.script = [*says("Hello.")[:1], never()]

    async with limited(streams=1) as http:
        async with http.stream("POST", CHAT, json=ask(stream=True)):
            pass
        await sink.turn()
        backend.script = says("Hello.")
        response = await http.post(CHAT, json=ask())

    assert response.status_code == 200


async def test_open_streams_are_in_the_metrics(limited: Serving, backend: ScriptedBackend) -> None:
    backend.script = [*says("Hello.")[:1], never()]

    async with limited() as http, http.stream("POST", CHAT, json=ask(stream=True)):
        response = await http.get("/metrics")

    assert "simli_llm_open_streams 1\n" in response.text


async def test_an_avatar_with_too_many_streams_is_not_met_with_silence(
    limited: Serving, backend: ScriptedBackend, session_key: str
) -> None:
    backend.script = [*says("Hello.")[:1], never()]

    async with (
        limited(session_key, streams_per_session=1) as http,
        http.stream("POST", CHAT, json=ask()),
    ):
        response = await http.post(CHAT, json=ask())

    assert "Entschuldigung" in spoken(response)


async def test_a_body_that_does_not_come_is_408(limited: Serving) -> None:
    head = f"POST {CHAT} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {API_KEY}\r\n"

    async with limited(body_s=0.05) as http:
        port = http.base_url.port
        assert port
        # An HTTP client sends all of its body before it reads.
        async with await anyio.connect_tcp("127.0.0.1", port) as connection:
            await connection.send(f"{head}content-length: 9\r\n\r\n{{".encode())
            with anyio.fail_after(5):
                response = await connection.receive()

    assert response.startswith(b"HTTP/1.1 408 ")
    assert b'"code":"request_timeout"' in response


async def test_a_model_that_does_not_begin_is_504(
    limited: Serving, backend: ScriptedBackend, sink: ListSink
) -> None:
    backend.script = [never()]

    async with limited(first_event_s=0.05) as http:
        response = await http.post(CHAT, json=ask(stream=True))

    assert response.status_code == 504
    assert error_of(response)["code"] == "upstream_timed_out"
    assert backend.closed.is_set()
    assert (await sink.turn()).error == "upstream_timed_out"


async def test_a_model_that_stops_in_the_middle_is_an_error_in_the_stream(
    limited: Serving, backend: ScriptedBackend
) -> None:
    backend.script = [*says("Hello.")[:1], never()]

    async with limited(stall_s=0.05) as http:
        response = await http.post(CHAT, json=ask(stream=True))

    assert payloads(response)[-1]["error"]["code"] == "upstream_timed_out"
    assert backend.closed.is_set()


async def test_a_model_that_does_not_begin_is_apologised_for(
    limited: Serving, backend: ScriptedBackend, session_key: str
) -> None:
    backend.script = [never()]

    async with limited(session_key, first_event_s=0.05) as http:
        response = await http.post(CHAT, json=ask())

    assert "Entschuldigung" in spoken(response)


async def test_a_whole_answer_is_limited_too(limited: Serving, backend: ScriptedBackend) -> None:
    backend.script = [never()]

    async with limited(stream_s=0.05) as http:
        response = await http.post(CHAT, json=ask())

    assert response.status_code == 504


async def test_a_key_that_is_not_for_completions_is_403(url: str) -> None:
    async with caller(url, service_key("models")) as client:
        with pytest.raises(openai.PermissionDeniedError) as caught:
            await client.chat.completions.create(model=MODEL, messages=HELLO)
        models = await client.models.list()

    assert caught.value.code == "insufficient_permissions"
    assert MODEL in [model.id for model in models.data]


async def test_a_key_that_is_for_completions_lists_no_models(url: str) -> None:
    async with caller(url, service_key("chat")) as client:
        answer = await client.chat.completions.create(model=MODEL, messages=HELLO)
        with pytest.raises(openai.PermissionDeniedError):
            await client.models.list()

    assert answer.choices[0].message.content == "Hello there."


async def test_the_id_of_an_answer_is_that_of_its_turn(
    http: httpx2.AsyncClient, sink: ListSink
) -> None:
    response = await http.post(CHAT, json=ask(stream=True))

    turn = await sink.turn()
    assert response.headers["x-request-id"] == turn.request_id
    assert payloads(response)[0]["id"] == turn.request_id


async def test_the_answer_tells_where_its_time_went(http: httpx2.AsyncClient) -> None:
    response = await http.post(CHAT, json=ask(stream=True))

    assert response.headers["server-timing"].startswith("auth;dur=")
    assert "upstream;dur=" in response.headers["server-timing"]


async def test_a_caller_who_reads_nothing_is_given_up(
    limited: Serving, backend: ScriptedBackend, sink: ListSink
) -> None:
    backend.script = [text_delta("x" * 500_000)] * 200
    body = msgspec.json.encode(ask(stream=True))

    async with limited(stall_s=0.2) as http:
        host, port = http.base_url.host, http.base_url.port or 80
        async with await anyio.connect_tcp(host, port) as connection:
            await connection.send(
                b"POST %b HTTP/1.1\r\nhost: x\r\nauthorization: Bearer %b\r\n"
                b"content-type: application/json\r\ncontent-length: %d\r\n\r\n%b"
                % (CHAT.encode(), API_KEY.encode(), len(body), body)
            )
            with anyio.fail_after(8):
                await backend.closed.wait()

    assert (await sink.turn()).outcome == "cancelled"


async def test_headers_without_an_end_close_the_connection(url: str) -> None:
    base = httpx2.URL(url)
    async with await anyio.connect_tcp(base.host, base.port or 80) as connection:
        with anyio.fail_after(5), suppress(anyio.BrokenResourceError):
            await connection.send(b"POST /v1/chat/completions HTTP/1.1\r\nx: ")
            for _ in range(100):
                await connection.send(b"a" * 10_000)
        with anyio.fail_after(5), suppress(anyio.EndOfStream, anyio.BrokenResourceError):
            assert (await connection.receive()).startswith(b"HTTP/1.1 400")


async def test_a_body_announced_too_large_is_refused_before_it_comes(url: str) -> None:
    base = httpx2.URL(url)
    async with await anyio.connect_tcp(base.host, base.port or 80) as connection:
        await connection.send(
            b"POST %b HTTP/1.1\r\nhost: x\r\nauthorization: Bearer %b\r\ncontent-length: 99999999"
            b"\r\n\r\n{" % (CHAT.encode(), API_KEY.encode())
        )
        with anyio.fail_after(5):
            assert (await connection.receive()).startswith(b"HTTP/1.1 413")


async def test_half_an_emoji_does_not_spoil_a_request(
    http: httpx2.AsyncClient, backend: ScriptedBackend
) -> None:
    body = rb'{"model":"%b","messages":[{"role":"user","content":"hi \ud83d"}]}' % MODEL.encode()

    response = await http.post(
        CHAT, content=body, headers={"content-type": "Application/JSON; charset=utf-8"}
    )

    assert response.status_code == 200
    assert backend.requests[0].user_text == "hi \N{REPLACEMENT CHARACTER}"


async def test_an_error_carries_the_id_of_its_turn(
    http: httpx2.AsyncClient, backend: ScriptedBackend, sink: ListSink
) -> None:
    backend.script = [RateLimited("The model is busy.")]

    response = await http.post(CHAT, json=ask())

    assert response.headers["x-request-id"] == (await sink.turn()).request_id

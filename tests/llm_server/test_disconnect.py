from collections.abc import AsyncGenerator
from contextlib import aclosing

import anyio
import httpx2
import openai
import pytest

from llm_server import Settings, create_app
from llm_server.events import BackendEvent, Finish, text_delta
from llm_server.protocol import ChatRequest
from tests.llm_server.fakes import ListSink, ScriptedBackend, never
from tests.llm_server.servers import serve
from tests.llm_server.wire import API_KEY, CHAT, MODEL, ask, caller


async def hang_up_while_waiting(
    client: httpx2.AsyncClient, backend: ScriptedBackend, **members: object
) -> None:
    """Ask, and go as soon as the backend has begun to work."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(lambda: client.post(CHAT, json=ask(**members)))
        with anyio.fail_after(5):
            await backend.asked.wait()
        tasks.cancel_scope.cancel()


async def hang_up_after_first_text(client: openai.AsyncOpenAI) -> None:
    with anyio.fail_after(5):
        async with await client.chat.completions.create(**ask(), stream=True) as stream:
            async for chunk in stream:
                if chunk.choices[0].delta.content:
                    return


@pytest.mark.parametrize("stream", [True, False])
async def test_hanging_up_before_the_first_token_closes_the_backend(
    http: httpx2.AsyncClient, backend: ScriptedBackend, sink: ListSink, stream: bool
) -> None:
    backend.script = [never()]

    await hang_up_while_waiting(http, backend, stream=stream)

    with anyio.fail_after(2):
        await backend.closed.wait()
    turn = await sink.turn()
    assert (turn.outcome, turn.answer_text, turn.ttft_s) == ("cancelled", "", None)


async def test_an_avatar_that_hangs_up_before_the_first_token_is_not_apologised_to(
    avatar_http: httpx2.AsyncClient, backend: ScriptedBackend, sink: ListSink
) -> None:
    backend.script = [never()]

    await hang_up_while_waiting(avatar_http, backend)

    turn = await sink.turn()
    assert (turn.outcome, turn.error, turn.answer_text) == ("cancelled", None, "")


async def test_hanging_up_in_mid_stream_closes_the_backend(
    client: openai.AsyncOpenAI, backend: ScriptedBackend
) -> None:
    backend.script = [text_delta("One."), never(), text_delta(" Two."), Finish()]

    await hang_up_after_first_text(client)

    with anyio.fail_after(2):
        await backend.closed.wait()


async def test_hanging_up_in_mid_stream_is_recorded_with_what_was_sent(
    avatar: openai.AsyncOpenAI, backend: ScriptedBackend, sink: ListSink
) -> None:
    backend.script = [text_delta("One."), never(), text_delta(" Two."), Finish()]

    await hang_up_after_first_text(avatar)

    turn = await sink.turn()
    assert (turn.outcome, turn.error) == ("cancelled", None)
    assert (turn.answer_text, turn.finish_reason) == ("One.", None)


async def test_hanging_up_while_an_answer_is_put_together_means_nothing_was_sent(
    http: httpx2.AsyncClient, backend: ScriptedBackend, sink: ListSink
) -> None:
    backend.script = [text_delta("One."), never()]

    await hang_up_while_waiting(http, backend)

    turn = await sink.turn()
    assert (turn.outcome, turn.answer_text) == ("cancelled", "")


async def test_a_caller_who_never_reads_is_dropped_when_it_hangs_up(
    http: httpx2.AsyncClient, backend: ScriptedBackend, sink: ListSink
) -> None:
    backend.script = [*[text_delta("x" * 100_000)] * 100, never()]

    async with http.stream("POST", CHAT, json=ask(stream=True)):
        pass

    with anyio.fail_after(2):
        await backend.closed.wait()
    assert (await sink.turn()).outcome == "cancelled"


class ClumsyBackend(ScriptedBackend):
    """Fails while it cleans up."""

    async def stream(self, request: ChatRequest) -> AsyncGenerator[BackendEvent]:
        async with aclosing(super().stream(request)) as events:
            try:
                async for event in events:
                    yield event
            finally:
                raise RuntimeError("upset by 'My secret wish'")


async def test_a_backend_that_fails_while_it_is_closed_harms_nobody(
    settings: Settings, sink: ListSink, caplog: pytest.LogCaptureFixture
) -> None:
    app = create_app(settings, sink, backends={MODEL: ClumsyBackend([text_delta("One."), never()])})

    async with serve(app) as url, caller(url, API_KEY) as client:
        await hang_up_after_first_text(client)
        turn = await sink.turn()

    assert turn.answer_text == "One."
    assert "raised RuntimeError" in caplog.text
    assert not any(word in caplog.text for word in ("secret", "Exception in ASGI"))


async def test_the_server_answers_the_next_caller_after_a_hang_up(
    http: httpx2.AsyncClient, backend: ScriptedBackend
) -> None:
    backend.script = [never()]
    await hang_up_while_waiting(http, backend)
    backend.script = [text_delta("Hello."), Finish()]

    response = await http.post(CHAT, json=ask())

    assert response.status_code == 200


@pytest.mark.parametrize("stream", [True, False])
async def test_hanging_up_before_the_first_token_closes_the_upstream_behind_a_relay(
    relay_http: httpx2.AsyncClient, backend: ScriptedBackend, sink: ListSink, stream: bool
) -> None:
    backend.script = [never()]

    await hang_up_while_waiting(relay_http, backend, stream=stream)

    with anyio.fail_after(2):
        await backend.closed.wait()
    assert (await sink.turn()).outcome == "cancelled"


async def test_hanging_up_in_mid_stream_closes_the_upstream_behind_a_relay(
    relay_client: openai.AsyncOpenAI, backend: ScriptedBackend, sink: ListSink
) -> None:
    backend.script = [text_delta("One."), never()]

    await hang_up_after_first_text(relay_client)

    with anyio.fail_after(2):
        await backend.closed.wait()
    assert (await sink.turn()).answer_text == "One."

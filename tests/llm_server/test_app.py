import logging
from datetime import UTC, datetime
from uuid import UUID

import httpx2
import pytest

from llm_server import LogTurnSink, Outcome, Settings, Turn, create_app
from llm_server.backends.base import Delta, Finish
from tests.llm_server.fakes import ListSink, ScriptedBackend, says
from tests.llm_server.servers import serve
from tests.llm_server.wire import API_KEY, CHAT, MODEL, ask, caller, completion, error_of


async def test_a_ready_backend_takes_the_place_of_a_configured_one(settings: Settings) -> None:
    app = create_app(settings, backends={"mock": ScriptedBackend(says("Ready."))})

    async with serve(app) as url, caller(url, API_KEY) as client:
        answer = await completion(client, model="mock")

    assert answer.choices[0].message.content == "Ready."


async def test_turns_go_to_the_log_when_there_is_no_sink(
    settings: Settings, backend: ScriptedBackend, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="llm_server")
    app = create_app(settings, backends={MODEL: backend})

    async with serve(app) as url, caller(url, API_KEY) as client:
        await completion(client)

    assert "outcome=completed" in caplog.text


def test_the_log_tells_how_a_turn_went_and_not_what_was_said(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    turn = Turn(
        id=UUID(int=1),
        started_at=datetime.now(UTC),
        model="anna",
        user_text="A secret.",
        answer_text="Another secret.",
        outcome=Outcome.FAILED,
        error="upstream_failed",
        ttft_s=0.25,
        duration_s=1.5,
    )

    LogTurnSink().record(turn)

    [message] = caplog.messages
    assert "model=anna" in message
    assert "outcome=failed error=upstream_failed ttft_s=0.250 duration_s=1.500" in message
    assert "secret" not in message


async def test_an_answer_that_is_no_json_is_a_failed_turn_and_a_500(
    http: httpx2.AsyncClient, backend: ScriptedBackend, sink: ListSink
) -> None:
    backend.script = [Delta({"content": "Hi.", "thing": object()}), Finish()]

    response = await http.post(CHAT, json=ask())

    assert response.status_code == 500
    assert error_of(response)["type"] == "server_error"
    assert (await sink.turn()).outcome == "failed"


async def test_a_stream_of_what_is_no_json_is_a_failed_turn_and_breaks_off(
    http: httpx2.AsyncClient, backend: ScriptedBackend, sink: ListSink
) -> None:
    backend.script = [Delta({"content": "Hi.", "thing": object()}), Finish()]

    with pytest.raises(httpx2.RemoteProtocolError):
        await http.post(CHAT, json=ask(stream=True))

    assert (await sink.turn()).outcome == "failed"

import logging
from datetime import UTC, datetime
from uuid import UUID

import httpx2
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from llm_server import LogTurnSink, Outcome, Settings, Turn, create_app
from llm_server.events import Delta, Finish
from llm_server.settings import Cors
from tests.llm_server.fakes import ListSink, ScriptedBackend, says
from tests.llm_server.servers import serve
from tests.llm_server.wire import (
    API_KEY,
    CHAT,
    MODEL,
    SECRET,
    ask,
    caller,
    completion,
    error_of,
)

KEY = {"authorization": f"Bearer {API_KEY}"}
PREFLIGHT = {
    "access-control-request-method": "POST",
    "access-control-request-headers": "authorization, x-stainless-lang",
}


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
    assert "outcome=failed error=upstream_failed ttft_s=0.25 duration_s=1.5" in message
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


@pytest.fixture
def behind_a_proxy(settings: Settings, backend: ScriptedBackend) -> FastAPI:
    settings = settings.model_copy(update={"root_path": "/some/prefix"})
    return create_app(settings, backends={MODEL: backend})


@pytest.mark.parametrize("prefix", ["", "/some/prefix"])
@pytest.mark.parametrize("path", [CHAT, "/chat/completions"])
async def test_a_proxy_may_take_its_prefix_off_or_not(
    behind_a_proxy: FastAPI, prefix: str, path: str
) -> None:
    async with serve(behind_a_proxy) as url, httpx2.AsyncClient(base_url=url) as http:
        response = await http.post(prefix + path, json=ask(), headers=KEY)

    assert response.status_code == 200


@pytest.mark.parametrize("prefix", ["", "/some/prefix"])
async def test_a_prefix_is_for_all_addresses(behind_a_proxy: FastAPI, prefix: str) -> None:
    async with serve(behind_a_proxy) as url, httpx2.AsyncClient(base_url=url) as http:
        assert (await http.get(f"{prefix}/v1/models", headers=KEY)).status_code == 200
        assert (await http.get(f"{prefix}/readyz")).status_code == 200


@pytest.fixture
def for_browsers(settings: Settings, backend: ScriptedBackend) -> FastAPI:
    cors = Cors(allow_origins=["https://kiosk.example"])
    return create_app(settings.model_copy(update={"cors": cors}), backends={MODEL: backend})


async def test_a_page_that_may_call_is_told_so(for_browsers: FastAPI) -> None:
    asked = PREFLIGHT | {"origin": "https://kiosk.example"}

    async with serve(for_browsers) as url, httpx2.AsyncClient(base_url=url) as http:
        preflight = await http.options(CHAT, headers=asked)
        response = await http.post(CHAT, json=ask(), headers=KEY | asked)

    assert preflight.status_code == 200
    assert response.headers["access-control-allow-origin"] == "https://kiosk.example"
    assert "x-request-id" in response.headers["access-control-expose-headers"]


async def test_another_page_is_not(for_browsers: FastAPI) -> None:
    asked = PREFLIGHT | {"origin": "https://elsewhere.example"}

    async with serve(for_browsers) as url, httpx2.AsyncClient(base_url=url) as http:
        preflight = await http.options(CHAT, headers=asked)

    assert preflight.status_code == 400
    assert "access-control-allow-origin" not in preflight.headers


async def test_no_page_may_call_by_default(http: httpx2.AsyncClient) -> None:
    response = await http.options(CHAT, headers=PREFLIGHT | {"origin": "https://kiosk.example"})

    assert response.status_code == 405
    assert error_of(response)["message"] == f"OPTIONS {CHAT} is not allowed here, POST is."


async def test_a_previous_secret_still_opens(
    settings: Settings, backend: ScriptedBackend, session_key: str
) -> None:
    secrets = {
        "session_secret": SecretStr("n" * 16),
        "previous_session_secrets": [SecretStr(SECRET)],
    }
    app = create_app(settings.model_copy(update=secrets), backends={MODEL: backend})

    async with serve(app) as url, caller(url, session_key) as avatar:
        answer = await completion(avatar)

    assert answer.choices[0].message.content == "Hello there."

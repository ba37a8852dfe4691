from collections.abc import AsyncIterator

import httpx2
import pytest
from fastapi import FastAPI

from llm_server import Settings, create_app
from llm_server.errors import UpstreamFailed
from llm_server.events import text_delta
from llm_server.keys import ServiceClaims, ServiceKeys
from llm_server.model_settings import BreakerSettings, ModelSettings
from llm_server.settings import MetricsSettings
from tests.llm_server.fakes import ListSink, ScriptedBackend, says
from tests.llm_server.servers import serve
from tests.llm_server.wire import API_KEY, CHAT, MODEL, SECRET, ask, error_of


@pytest.fixture
async def anyone(url: str) -> AsyncIterator[httpx2.AsyncClient]:
    """A caller without a key."""
    async with httpx2.AsyncClient(base_url=url) as anyone:
        yield anyone


async def test_a_started_server_is_ready_and_tells_its_models(anyone: httpx2.AsyncClient) -> None:
    response = await anyone.get("/readyz")

    assert response.status_code == 200
    assert response.json() == {
        "status": "ready",
        "models": [MODEL, "mock"],
        "backends": {MODEL: {"breaker": "closed"}, "mock": {"breaker": "closed"}},
    }


async def test_a_server_that_has_not_started_is_not_ready(app: FastAPI) -> None:
    transport = httpx2.ASGITransport(app)

    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as anyone:
        response = await anyone.get("/readyz")

    assert response.status_code == 503
    assert response.json()["status"] == "starting"


async def test_a_backend_that_is_down_is_told_of_and_the_server_stays_ready(
    http: httpx2.AsyncClient, backend: ScriptedBackend
) -> None:
    backend.script = [UpstreamFailed("Down.")]
    for _ in range(BreakerSettings().failures):
        await http.post(CHAT, json=ask())

    response = await http.get("/readyz")
    metrics = await http.get("/metrics")

    assert response.status_code == 200
    assert response.json()["backends"][MODEL] == {"breaker": "open"}
    labels = f'gen_ai_request_model="{MODEL}",simli_llm_breaker_state="open"'
    assert f"simli_llm_breaker_state{{{labels}}} 1\n" in metrics.text


async def test_turns_are_in_the_metrics(http: httpx2.AsyncClient, sink: ListSink) -> None:
    await http.post(CHAT, json=ask())
    await sink.turn()

    response = await http.get("/metrics")

    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "simli_llm_turns_total{" in response.text
    assert f'gen_ai_request_model="{MODEL}"' in response.text


async def test_a_rescued_answer_is_in_the_metrics(settings: Settings, sink: ListSink) -> None:
    models = {
        MODEL: ModelSettings(backend="mock", fallbacks=["spare"]),
        "spare": ModelSettings(backend="mock"),
    }
    backends = {
        MODEL: ScriptedBackend([text_delta("We open "), UpstreamFailed("Cut.")]),
        "spare": ScriptedBackend(says("at nine.")),
    }
    app = create_app(settings.model_copy(update={"models": models}), sink, backends=backends)
    headers = {"authorization": f"Bearer {API_KEY}"}

    async with (
        serve(app) as url,
        httpx2.AsyncClient(base_url=url, headers=headers) as http,
    ):
        await http.post(CHAT, json=ask())
        await sink.turn()
        response = await http.get("/metrics")

    assert f'simli_llm_rescues_total{{gen_ai_request_model="{MODEL}"}} 1\n' in response.text


async def test_metrics_need_a_key(anyone: httpx2.AsyncClient) -> None:
    response = await anyone.get("/metrics")

    assert response.status_code == 401


async def test_the_key_of_a_session_does_not_open_the_metrics(
    avatar_http: httpx2.AsyncClient,
) -> None:
    response = await avatar_http.get("/metrics")

    assert response.status_code == 403
    assert error_of(response)["code"] == "insufficient_permissions"


async def test_a_signed_key_for_metrics_opens_them(anyone: httpx2.AsyncClient) -> None:
    claims = ServiceClaims(key_id="prometheus", scopes=frozenset({"metrics"}))
    key = ServiceKeys(SECRET).sign(claims)

    response = await anyone.get("/metrics", headers={"authorization": f"Bearer {key}"})

    assert response.status_code == 200


async def test_metrics_may_be_public(settings: Settings, backend: ScriptedBackend) -> None:
    public = settings.model_copy(update={"metrics": MetricsSettings(public=True)})

    async with (
        serve(create_app(public, backends={MODEL: backend})) as url,
        httpx2.AsyncClient(base_url=url) as anyone,
    ):
        response = await anyone.get("/metrics")

    assert response.status_code == 200

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import anyio
import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agents_admin.models import AgentSession, SessionStatus, utc_now
from agents_admin.settings import LlmHook, Settings, SimliSettings
from llm_server import SessionClaims, SessionKeys
from tests.agents_admin.databases import one_database_is_enough
from tests.agents_admin.fake_simli import SIMLI_KEY, FakeSimli


async def test_a_started_session_is_active_and_has_a_room(session: dict[str, Any]) -> None:
    assert session["status"] == "active"
    assert session["room_url"] == "https://simli.example/room"
    assert session["simli_session_id"] == "simli-session-1"
    assert session["transcript_state"] == "pending"
    assert session["failure"] is None


async def test_a_session_is_kept(client: httpx.AsyncClient, session: dict[str, Any]) -> None:
    kept = (await client.get(f"/v1/sessions/{session['id']}")).json()

    assert session.items() <= kept.items()


async def test_a_session_without_turns_was_never_called(
    client: httpx.AsyncClient, session: dict[str, Any]
) -> None:
    kept = (await client.get(f"/v1/sessions/{session['id']}")).json()

    assert kept["turn_count"] == 0
    assert kept["first_turn_at"] is None
    assert kept["last_turn_at"] is None


@one_database_is_enough
async def test_simli_is_sent_the_agent_and_nothing_it_leaves_open(
    client: httpx.AsyncClient, simli: FakeSimli, agent: dict[str, Any]
) -> None:
    await client.post(f"/v1/agents/{agent['id']}/sessions")

    [request] = simli.requests
    assert request.method == "POST"
    assert request.url == "https://api.simli.ai/auto/start/configurable"
    assert request.headers["x-simli-api-key"] == SIMLI_KEY
    key = simli.sent["llmConfig"]["apiKey"]
    assert simli.sent == {
        "language": "en",
        "maxSessionLength": 3600,
        "maxIdleTime": 300,
        "createTranscript": True,
        "customLLMConfig": {
            "model": "mock",
            "baseURL": "https://llm.example/v1",
            "llmAPIKey": key,
        },
        "llmConfig": {
            "model": "mock",
            "provider": "User",
            "baseURL": "https://llm.example/v1",
            "apiKey": key,
        },
    }


@one_database_is_enough
async def test_simli_is_sent_all_that_an_agent_says(
    client: httpx.AsyncClient, simli: FakeSimli, agent: dict[str, Any]
) -> None:
    said = {
        "face_id": "face",
        "voice_provider": "ElevenLabs",
        "voice_id": "voice",
        "voice_model": "flash",
        "first_message": "Hello!",
        "system_prompt": "You are Ada.",
        "create_transcript": False,
    }
    await client.patch(f"/v1/agents/{agent['id']}", json=said)

    session = (await client.post(f"/v1/agents/{agent['id']}/sessions")).json()

    assert {
        "faceId": "face",
        "ttsProvider": "ElevenLabs",
        "voiceId": "voice",
        "ttsModel": "flash",
        "firstMessage": "Hello!",
        "systemPrompt": "You are Ada.",
        "createTranscript": False,
    }.items() <= simli.sent.items()
    assert session["transcript_state"] == "none"


@one_database_is_enough
@pytest.mark.parametrize(
    ("hook", "sent"),
    [(LlmHook.LLM_CONFIG, "llmConfig"), (LlmHook.CUSTOM_LLM_CONFIG, "customLLMConfig")],
)
async def test_the_hook_decides_which_spelling_is_sent(
    app: FastAPI,
    client: httpx.AsyncClient,
    simli: FakeSimli,
    agent: dict[str, Any],
    hook: LlmHook,
    sent: str,
) -> None:
    app.state.settings = app.state.settings.replace(simli=SimliSettings(llm_hook=hook))

    await client.post(f"/v1/agents/{agent['id']}/sessions")

    assert {"llmConfig", "customLLMConfig"} & simli.sent.keys() == {sent}


@one_database_is_enough
async def test_the_key_opens_this_session_until_it_is_over(
    session: dict[str, Any], agent: dict[str, Any], simli: FakeSimli, settings: Settings
) -> None:
    assert settings.session_secret
    keys = SessionKeys(settings.session_secret.get_secret_value())

    claims = keys.verify(simli.sent["llmConfig"]["apiKey"])

    expires_at = datetime.fromisoformat(session["expires_at"])
    assert claims == SessionClaims(
        session_id=UUID(session["id"]),
        agent_id=UUID(agent["id"]),
        model="mock",
        language="en",
        expires_at=int(expires_at.timestamp()),
    )
    left = expires_at - utc_now()
    assert timedelta(minutes=64) < left <= timedelta(minutes=65)


@one_database_is_enough
async def test_the_key_tells_how_the_agent_speaks(
    client: httpx.AsyncClient, simli: FakeSimli, agent: dict[str, Any], settings: Settings
) -> None:
    assert settings.session_secret
    keys = SessionKeys(settings.session_secret.get_secret_value())
    await client.patch(f"/v1/agents/{agent['id']}", json={"voice_policy": "default"})

    await client.post(f"/v1/agents/{agent['id']}/sessions")

    assert keys.verify(simli.sent["llmConfig"]["apiKey"]).voice == "default"


FAILURES = [
    (httpx.Response(401, json={"detail": "Invalid API key"}), "401 Invalid API key", "api_key"),
    (httpx.Response(402, json={"error": "No plan", "code": "BILLING_ERROR"}), "No plan", "billing"),
    (httpx.Response(402, text="No credit left."), "402 No credit left.", "billing"),
    (
        httpx.Response(
            422,
            json={
                "detail": [
                    {"loc": ["body", "voiceId"], "msg": "Field required", "type": "missing"},
                    {"loc": ["body"], "msg": "Bad", "type": "bad", "input": {"apiKey": "sk-x"}},
                ]
            },
        ),
        "422 body.voiceId: Field required (missing); body: Bad (bad)",
        "Change",
    ),
    (httpx.Response(404, json={"detail": "Not Found"}), "404 Not Found", "simli.base_url"),
    (httpx.Response(500, text="Traceback: sk-x"), "500", "Try again"),
    (httpx.Response(503, json={"error": "maintenance"}), "503 maintenance", "Try again"),
    (httpx.ConnectError("nodename nor servname"), "no connection (ConnectError)", "Try again"),
    (httpx.ConnectTimeout("slow"), "no connection (ConnectTimeout)", "Try again"),
    (httpx.ReadTimeout("slow"), "no answer within 30 s", "Try again"),
    (httpx.RemoteProtocolError("cut"), "the connection broke (RemoteProtocolError)", "Try again"),
    (httpx.Response(200, text="<html>"), "not JSON", "simli.base_url"),
    (httpx.Response(200, json={"sessionId": "only"}), "no session and room", "simli.base_url"),
    (httpx.Response(302, headers={"location": "/x"}), "302", "simli.base_url"),
]


@one_database_is_enough
@pytest.mark.parametrize(("answer", "reason", "advice"), FAILURES)
async def test_a_failure_of_simli_leaves_a_failed_session_with_the_reason(
    client: httpx.AsyncClient,
    simli: FakeSimli,
    agent: dict[str, Any],
    answer: httpx.Response | Exception,
    reason: str,
    advice: str,
) -> None:
    simli.start = answer

    response = await client.post(f"/v1/agents/{agent['id']}/sessions")

    problem = response.json()
    assert (response.status_code, problem["type"]) == (502, "/problems/vendor-failed")
    assert reason in problem["detail"]
    assert advice in problem["detail"]
    assert "sk-x" not in problem["detail"]
    session = (await client.get(f"/v1/sessions/{problem['session_id']}")).json()
    assert (session["status"], session["failure"]) == ("failed", problem["detail"])


@one_database_is_enough
@pytest.mark.parametrize(
    ("told", "wait_s"), [({}, "30"), ({"retry-after": "61.5"}, "62"), ({"retry-after": "0"}, "1")]
)
async def test_who_starts_too_much_is_told_how_long_to_wait(
    client: httpx.AsyncClient,
    simli: FakeSimli,
    agent: dict[str, Any],
    told: dict[str, str],
    wait_s: str,
) -> None:
    simli.start = httpx.Response(429, headers=told)

    response = await client.post(f"/v1/agents/{agent['id']}/sessions")

    problem = response.json()
    assert (response.status_code, problem["type"]) == (429, "/problems/vendor-busy")
    assert response.headers["retry-after"] == wait_s
    assert f"Wait {wait_s} s" in problem["detail"]
    session = (await client.get(f"/v1/sessions/{problem['session_id']}")).json()
    assert (session["status"], session["failure"]) == ("failed", problem["detail"])


async def test_a_failed_session_is_kept(
    client: httpx.AsyncClient, simli: FakeSimli, agent: dict[str, Any]
) -> None:
    simli.start = httpx.Response(500)

    await client.post(f"/v1/agents/{agent['id']}/sessions")

    [session] = (await client.get("/v1/sessions", params={"status": "failed"})).json()["items"]
    assert session["ended_at"]
    assert session["room_url"] is None


@one_database_is_enough
async def test_keys_in_simlis_answer_go_nowhere(
    client: httpx.AsyncClient,
    simli: FakeSimli,
    agent: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG")

    def echo(request: httpx.Request) -> httpx.Response:
        sent = f"{request.headers['x-simli-api-key']} {simli.sent['llmConfig']['apiKey']}"
        return httpx.Response(400, json={"error": f"{sent} {'x' * 500}"})

    simli.start = echo
    response = await client.post(f"/v1/agents/{agent['id']}/sessions")

    session_key = simli.sent["llmConfig"]["apiKey"]
    kept = await client.get(f"/v1/sessions/{response.json()['session_id']}")
    for text in (response.text, kept.text, caplog.text):
        assert SIMLI_KEY not in text
        assert session_key not in text
    assert "[redacted] [redacted] xxx" in response.json()["detail"]
    assert len(response.json()["detail"]) < 300


@one_database_is_enough
@pytest.mark.parametrize("simli_key", [None, "", " "])
async def test_without_simlis_key_simli_is_not_asked(
    client: httpx.AsyncClient, simli: FakeSimli, agent: dict[str, Any]
) -> None:
    response = await client.post(f"/v1/agents/{agent['id']}/sessions")

    assert response.status_code == 502
    assert "`simli.api_key` is not set" in response.json()["detail"]
    [session] = (await client.get("/v1/sessions")).json()["items"]
    assert (session["status"], session["failure"]) == ("failed", response.json()["detail"])
    assert simli.requests == []


@one_database_is_enough
async def test_without_a_secret_no_session_starts(
    app: FastAPI, client: httpx.AsyncClient, simli: FakeSimli, agent: dict[str, Any]
) -> None:
    app.state.settings = app.state.settings.replace(session_secret=None)

    response = await client.post(f"/v1/agents/{agent['id']}/sessions")

    assert response.status_code == 503
    assert "`session_secret`" in response.json()["detail"]
    assert simli.requests == []


@one_database_is_enough
@pytest.mark.parametrize("section", ["models", "voices"])
async def test_an_agent_whose_model_or_voice_policy_is_gone_starts_nothing(
    app: FastAPI, client: httpx.AsyncClient, simli: FakeSimli, agent: dict[str, Any], section: str
) -> None:
    await client.patch(f"/v1/agents/{agent['id']}", json={"voice_policy": "default"})
    app.state.settings = app.state.settings.replace(**{section: {}})

    response = await client.post(f"/v1/agents/{agent['id']}/sessions")

    assert response.status_code == 409
    assert f"no longer in the settings' `{section}`" in response.json()["detail"]
    assert simli.requests == []


@one_database_is_enough
async def test_an_unknown_agent_starts_nothing(client: httpx.AsyncClient, simli: FakeSimli) -> None:
    response = await client.post(f"/v1/agents/{uuid4()}/sessions")

    assert response.status_code == 404
    assert simli.requests == []


async def test_a_session_is_known_before_simli_is_asked(
    client: httpx.AsyncClient, simli: FakeSimli, agent: dict[str, Any]
) -> None:
    asked, go_on = simli.hold()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(client.post, f"/v1/agents/{agent['id']}/sessions")
        with anyio.fail_after(5):
            await asked.wait()

        [session] = (await client.get("/v1/sessions")).json()["items"]
        go_on.set()

    assert session["status"] == "starting"


async def test_a_cancelled_start_stays_starting(
    client: httpx.AsyncClient, db: AsyncSession, simli: FakeSimli, agent: dict[str, Any]
) -> None:
    asked, _ = simli.hold()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(client.post, f"/v1/agents/{agent['id']}/sessions")
        with anyio.fail_after(5):
            await asked.wait()
        tasks.cancel_scope.cancel()

    session = (await db.scalars(select(AgentSession))).one()
    assert session.status is SessionStatus.STARTING


async def test_no_transaction_is_open_while_simli_is_asked(
    app: FastAPI, client: httpx.AsyncClient, simli: FakeSimli, agent: dict[str, Any]
) -> None:
    asked, go_on = simli.hold()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(client.post, f"/v1/agents/{agent['id']}/sessions")
        with anyio.fail_after(5):
            await asked.wait()

        connections = app.state.engine.pool.checkedout()
        go_on.set()

    assert connections == 0


async def test_sessions_are_listed_newest_first_by_agent_and_status(
    client: httpx.AsyncClient, agent: dict[str, Any]
) -> None:
    other = (await client.post("/v1/agents", json={"name": "Grace", "model": "mock"})).json()
    for agent_id in (agent["id"], other["id"], agent["id"]):
        await client.post(f"/v1/agents/{agent_id}/sessions")

    async def names(**params: str) -> list[str]:
        page = (await client.get("/v1/sessions", params=params)).json()
        return [session["agent_name"] for session in page["items"]]

    assert await names() == ["Ada", "Grace", "Ada"]
    assert await names(agent_id=agent["id"]) == ["Ada", "Ada"]
    assert await names(status="failed") == []
    assert await names(status="active", agent_id=other["id"]) == ["Grace"]


async def test_sessions_have_pages(client: httpx.AsyncClient, agent: dict[str, Any]) -> None:
    ids = []
    for _ in range(3):
        ids.append((await client.post(f"/v1/agents/{agent['id']}/sessions")).json()["id"])

    first = (await client.get("/v1/sessions", params={"limit": 2})).json()
    params = {"limit": 2, "cursor": first["next_cursor"]}
    second = (await client.get("/v1/sessions", params=params)).json()

    assert [session["id"] for session in first["items"]] == [ids[2], ids[1]]
    assert [session["id"] for session in second["items"]] == [ids[0]]


@one_database_is_enough
async def test_a_status_that_is_none_is_refused(client: httpx.AsyncClient) -> None:
    response = await client.get("/v1/sessions", params={"status": "finished"})

    assert response.status_code == 422


@one_database_is_enough
@pytest.mark.parametrize("path", ["", "/turns", "/transcript"])
async def test_an_unknown_session_is_not_found(client: httpx.AsyncClient, path: str) -> None:
    response = await client.get(f"/v1/sessions/{uuid4()}{path}")

    assert response.status_code == 404

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
import openai
import pytest
import yaml
from anyio.abc import Process

from tests.end_to_end.processes import PATIENCE_S, finish, started

HELLO: Any = {"model": "clerk", "messages": [{"role": "user", "content": "Hello!"}]}
REPLY = "Good morning. We open at nine."
CLERK = {"backend": "mock", "options": {"reply": REPLY, "token_s": 0.05}}
STREAMING = {"api_keys": ["sk-service-key"], "models": {"clerk": CLERK}}
SCRIPT = {"pause_s": 0, "lines": [{"say": "Hello!"}, {"say": "When do you open?"}]}


def write(path: Path, content: object) -> Path:
    path.write_text(yaml.safe_dump(content))
    return path


def client_of(url: str) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="sk-service-key", max_retries=0)


@asynccontextmanager
async def serving(folder: Path, simli_url: str) -> AsyncIterator[tuple[Process, httpx.AsyncClient]]:
    """The whole server, and a client of its admin API."""
    simli = {"api_key": "simli-key", "base_url": simli_url}
    config = write(
        folder / "simli-llm.yaml", {**STREAMING, "simli": simli, "admin": {"keys": ["adm-secret"]}}
    )
    headers = {"authorization": "Bearer adm-secret"}
    async with (
        started("serve", "--config", str(config), cwd=folder) as (process, url),
        httpx.AsyncClient(base_url=f"{url}/admin/v1", headers=headers) as admin,
    ):
        yield process, admin


async def start_session(admin: httpx.AsyncClient) -> dict[str, Any]:
    agent = await admin.post("/agents", json={"name": "Clerk", "model": "clerk"})
    session = await admin.post(f"/agents/{agent.json()['id']}/sessions")
    started_session: dict[str, Any] = session.json()
    return started_session


async def stored_turns(
    admin: httpx.AsyncClient, session_id: str, count: int
) -> list[dict[str, Any]]:
    """Turns are written behind the stream: wait until they are there."""
    with anyio.fail_after(PATIENCE_S):
        while True:
            turns = (await admin.get(f"/sessions/{session_id}/turns")).json()["items"]
            if len(turns) == count:
                return list(turns)
            await anyio.sleep(0.05)


async def test_keys_and_models_are_enough_for_the_streaming_server(tmp_path: Path) -> None:
    config = write(tmp_path / "bench.yaml", STREAMING)

    async with (
        started("serve", "--role", "llm", "--config", str(config), cwd=tmp_path) as (_, url),
        client_of(url) as client,
    ):
        stream = await client.chat.completions.create(**HELLO, stream=True)
        pieces = [chunk.choices[0].delta.content async for chunk in stream]

    assert "".join(piece or "" for piece in pieces) == REPLY
    assert len(pieces) > 5
    assert [path.name for path in tmp_path.iterdir()] == ["bench.yaml"]


async def test_without_any_configuration_it_serves_the_mock_and_keeps_its_secrets(
    tmp_path: Path,
) -> None:
    async with started("serve", cwd=tmp_path) as (_, url), httpx.AsyncClient() as http:
        secrets = yaml.safe_load((tmp_path / "simli-llm.db.secrets").read_text())
        headers = {"authorization": f"Bearer {secrets['admin_key']}"}
        answer = await http.get(f"{url}/admin/v1/agents", headers=headers)

    assert answer.json()["items"] == []
    assert (tmp_path / "simli-llm.db.secrets").stat().st_mode & 0o077 == 0


async def test_a_whole_conversation_between_processes_is_stored(tmp_path: Path) -> None:
    script = write(tmp_path / "visitor.yaml", SCRIPT)
    async with (
        started(
            "simulator", "--script", str(script), cwd=tmp_path, probe="/ratelimiter/sessions"
        ) as (_, simli_url),
        serving(tmp_path, simli_url) as (_, admin),
    ):
        session = await start_session(admin)
        turns = await stored_turns(admin, session["id"], count=2)
        transcript = await admin.post(f"/sessions/{session['id']}/transcript/pull")

    assert [turn["user_text"] for turn in turns] == ["Hello!", "When do you open?"]
    assert [turn["outcome"] for turn in turns] == ["completed", "completed"]
    assert [entry["text"] for entry in transcript.json()["entries"]] == [
        "Hello!",
        REPLY,
        "When do you open?",
        REPLY,
    ]


async def test_a_session_that_simli_cannot_start_is_stored_with_its_reason(tmp_path: Path) -> None:
    async with serving(tmp_path, "http://127.0.0.1:9") as (_, admin):
        agent = await admin.post("/agents", json={"name": "Clerk", "model": "clerk"})
        refused = await admin.post(f"/agents/{agent.json()['id']}/sessions")
        [session] = (await admin.get("/sessions")).json()["items"]

    assert refused.status_code == 502
    assert refused.headers["content-type"] == "application/problem+json"
    assert session["status"] == "failed"
    assert "no connection" in session["failure"]


async def test_sigterm_lets_a_running_stream_finish(tmp_path: Path) -> None:
    async with serving(tmp_path, "http://127.0.0.1:9") as (process, admin):
        async with client_of(str(admin.base_url).removesuffix("/admin/v1/")) as client:
            stream = await client.chat.completions.create(**HELLO, stream=True)
            first = await anext(aiter(stream))
            process.terminate()
            rest = [chunk async for chunk in stream]
        with anyio.fail_after(PATIENCE_S):
            code = await process.wait()

    text = "".join(chunk.choices[0].delta.content or "" for chunk in [first, *rest])
    assert text == REPLY
    assert rest[-1].choices[0].finish_reason == "stop"
    assert code in (0, -15)


async def test_a_wrong_configuration_is_refused_with_the_path_of_the_key(tmp_path: Path) -> None:
    content = {**STREAMING, "simli": {"apikey": "simli-secret"}, "lifetime": {"ping_s": "soon"}}
    config = write(tmp_path / "wrong.yaml", content)

    refused = await finish("serve", "--config", str(config), cwd=tmp_path)

    assert refused.code == 2
    assert "simli.apikey: unknown key, did you mean 'api_key'?" in refused.output
    assert "lifetime.ping_s: Input should be a valid number" in refused.output
    assert "simli-secret" not in refused.output
    assert "Traceback" not in refused.output


@pytest.mark.parametrize(
    ("model", "complaint"),
    [
        ({"backend": "telepathy"}, "models.clerk.backend: there is no backend 'telepathy'"),
        ({"backend": "mock", "options": {"replay": "x"}}, "did you mean 'reply'?"),
        ({"backend": "mock", "fallbacks": ["nobody"]}, "models.clerk.fallbacks"),
    ],
)
async def test_a_model_that_cannot_work_is_refused_at_the_start(
    tmp_path: Path, model: object, complaint: str
) -> None:
    config = write(tmp_path / "wrong.yaml", {"models": {"clerk": model}})

    refused = await finish("serve", "--role", "llm", "--config", str(config), cwd=tmp_path)

    assert refused.code == 2
    assert complaint in refused.output


async def test_a_database_of_a_newer_release_is_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "simli-llm.db") as db:
        db.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        db.execute("INSERT INTO alembic_version VALUES ('9999')")
    db.close()

    refused = await finish("serve", cwd=tmp_path)

    assert refused.code == 2
    assert "newer release" in refused.output


async def test_upgrading_creates_the_database(tmp_path: Path) -> None:
    done = await finish("db", "upgrade", cwd=tmp_path)

    assert done.code == 0
    assert (tmp_path / "simli-llm.db").is_file()


async def test_an_unusable_script_is_refused(tmp_path: Path) -> None:
    script = write(tmp_path / "visitor.yaml", {"lines": [{"sey": "Hello!"}]})

    refused = await finish("simulator", "--script", str(script), cwd=tmp_path)

    assert refused.code == 2
    assert "unknown key 'sey'" in refused.output


async def test_a_database_that_is_down_is_named_without_its_password(tmp_path: Path) -> None:
    database = "postgresql+psycopg://me:my-password@127.0.0.1:9/avatars"
    env = {"SIMLI_LLM_DATABASE_URL": database, "SIMLI_LLM_SESSION_SECRET": "s" * 32}

    refused = await finish("serve", cwd=tmp_path, env=env)

    assert refused.code == 2
    assert "The database postgresql+psycopg://me:***@127.0.0.1:9/avatars cannot" in refused.output
    assert "my-password" not in refused.output

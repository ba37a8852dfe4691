from typing import Any

import anyio
import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from agents_admin.models import AgentSession, SessionStatus, Transcript, TranscriptState
from agents_admin.transcripts.entries import read_entries
from tests.agents_admin.databases import one_database_is_enough
from tests.agents_admin.fake_simli import SIMLI_KEY, FakeSimli

SAID = [
    {"role": "assistant", "content": "Hello!", "timestamp": "2026-11-23T10:00:00Z"},
    {"role": "user", "content": "Hi.", "timestamp": "2026-11-23T10:00:02Z"},
]
ENTRIES = [
    {"role": "assistant", "text": "Hello!", "at": "2026-11-23T10:00:00Z"},
    {"role": "user", "text": "Hi.", "at": "2026-11-23T10:00:02Z"},
]


async def pull(client: httpx.AsyncClient, session: dict[str, Any]) -> httpx.Response:
    return await client.post(f"/v1/sessions/{session['id']}/transcript/pull")


async def test_a_pulled_transcript_is_stored(
    client: httpx.AsyncClient, simli: FakeSimli, session: dict[str, Any]
) -> None:
    simli.transcript = httpx.Response(200, json=SAID)

    response = await pull(client, session)

    assert response.status_code == 200
    assert response.json()["entries"] == ENTRIES
    assert response.json()["raw"] == SAID
    assert response.json()["source"] == "simli"
    stored = await client.get(f"/v1/sessions/{session['id']}/transcript")
    assert stored.json() == response.json()


async def test_a_session_with_a_transcript_is_over(
    client: httpx.AsyncClient, simli: FakeSimli, session: dict[str, Any]
) -> None:
    simli.transcript = httpx.Response(200, json=SAID)

    await pull(client, session)

    kept = (await client.get(f"/v1/sessions/{session['id']}")).json()
    assert (kept["status"], kept["transcript_state"]) == ("ended", "stored")
    assert kept["ended_at"] > kept["started_at"]


async def test_pulling_again_updates_the_one_transcript(
    client: httpx.AsyncClient, db: AsyncSession, simli: FakeSimli, session: dict[str, Any]
) -> None:
    simli.transcript = httpx.Response(200, json=SAID[:1])
    first = (await pull(client, session)).json()
    ended_at = (await client.get(f"/v1/sessions/{session['id']}")).json()["ended_at"]
    simli.transcript = httpx.Response(200, json=SAID)

    second = (await pull(client, session)).json()

    assert second["entries"] == ENTRIES
    assert second["pulled_at"] > first["pulled_at"]
    assert await db.scalar(select(func.count()).select_from(Transcript)) == 1
    kept = (await client.get(f"/v1/sessions/{session['id']}")).json()
    assert kept["ended_at"] == ended_at


async def test_two_pulls_at_once_store_one_transcript(
    client: httpx.AsyncClient, db: AsyncSession, simli: FakeSimli, session: dict[str, Any]
) -> None:
    simli.transcript = httpx.Response(200, json=SAID)

    async with anyio.create_task_group() as tasks:
        for _ in range(4):
            tasks.start_soon(pull, client, session)

    assert await db.scalar(select(func.count()).select_from(Transcript)) == 1


async def test_no_transaction_is_open_while_simli_is_asked_for_a_transcript(
    app: FastAPI, client: httpx.AsyncClient, simli: FakeSimli, session: dict[str, Any]
) -> None:
    asked, go_on = simli.hold()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(pull, client, session)
        with anyio.fail_after(5):
            await asked.wait()

        connections = app.state.engine.pool.checkedout()
        go_on.set()

    assert connections == 0


async def test_a_stored_transcript_is_given_when_simli_has_none_any_more(
    client: httpx.AsyncClient, simli: FakeSimli, session: dict[str, Any]
) -> None:
    simli.transcript = httpx.Response(200, json=SAID)
    first = await pull(client, session)
    simli.transcript = httpx.Response(404)

    second = await pull(client, session)

    assert second.status_code == 200
    assert second.json() == first.json()


@one_database_is_enough
async def test_simli_is_asked_in_every_spelling(
    client: httpx.AsyncClient, simli: FakeSimli, session: dict[str, Any]
) -> None:
    await pull(client, session)

    request = simli.requests[-1]
    assert request.method == "GET"
    assert request.url.path == "/auto/transcript/simli-session-1"
    assert dict(request.url.params) == {
        "sessionId": "simli-session-1",
        "session_id": "simli-session-1",
    }
    assert request.headers["x-simli-api-key"] == request.headers["api-key"] == SIMLI_KEY


@one_database_is_enough
async def test_an_id_of_simlis_cannot_lead_elsewhere(
    client: httpx.AsyncClient, simli: FakeSimli, agent: dict[str, Any]
) -> None:
    simli.start = httpx.Response(200, json={"sessionId": "../a?b#c", "roomUrl": "https://x"})
    session = (await client.post(f"/v1/agents/{agent['id']}/sessions")).json()

    await pull(client, session)

    assert simli.requests[-1].url.raw_path.startswith(b"/auto/transcript/..%2Fa%3Fb%23c?")


@one_database_is_enough
@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(404, json={"detail": "Not Found"}),
        httpx.Response(202),
        httpx.Response(202, json={"status": "processing"}),
        httpx.Response(204),
        httpx.Response(200, json=[]),
        httpx.Response(200, json={}),
        httpx.Response(200, json=None),
        httpx.Response(200, json=""),
        httpx.Response(200, json={"transcript": []}),
        httpx.Response(200, json={"data": {"messages": None}}),
    ],
)
async def test_a_transcript_that_is_not_there_yet_is_pending(
    client: httpx.AsyncClient, simli: FakeSimli, session: dict[str, Any], answer: httpx.Response
) -> None:
    simli.transcript = answer

    response = await pull(client, session)

    assert response.status_code == 202
    assert response.json()["transcript_state"] == "pending"
    kept = (await client.get(f"/v1/sessions/{session['id']}")).json()
    assert (kept["status"], kept["transcript_state"]) == ("active", "pending")


@one_database_is_enough
@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (httpx.Response(401, json={"detail": "no"}), "401 no"),
        (httpx.Response(422, json={"detail": "session_id"}), "422 session_id"),
        (httpx.Response(500), "500"),
        (httpx.ReadTimeout("slow"), "no answer"),
        (httpx.Response(200, text="<html>"), "not JSON"),
        (httpx.Response(200, text="[NaN]"), "not JSON"),
    ],
)
async def test_a_failure_of_simli_is_told_and_changes_nothing(
    client: httpx.AsyncClient,
    simli: FakeSimli,
    session: dict[str, Any],
    answer: httpx.Response | Exception,
    reason: str,
) -> None:
    simli.transcript = answer

    response = await pull(client, session)

    assert response.status_code == 502
    assert response.json()["type"] == "/problems/vendor-failed"
    assert reason in response.json()["detail"]
    kept = (await client.get(f"/v1/sessions/{session['id']}")).json()
    assert (kept["status"], kept["transcript_state"]) == ("active", "pending")


async def test_what_is_not_understood_is_stored_as_it_came(
    client: httpx.AsyncClient, simli: FakeSimli, session: dict[str, Any]
) -> None:
    raw = {"utterances": {"é\0": [1, 2.5, None, True]}}
    simli.transcript = httpx.Response(200, json=raw)

    response = await pull(client, session)

    assert response.status_code == 200
    assert response.json()["entries"] == []
    assert response.json()["raw"] == raw


@one_database_is_enough
async def test_no_transcript_yet_says_what_to_do(
    client: httpx.AsyncClient, session: dict[str, Any]
) -> None:
    response = await client.get(f"/v1/sessions/{session['id']}/transcript")

    assert response.status_code == 404
    assert response.json()["transcript_state"] == "pending"
    assert "Pull it when the conversation is over." in response.json()["detail"]


@one_database_is_enough
async def test_a_session_without_a_transcript_cannot_be_pulled(
    client: httpx.AsyncClient, simli: FakeSimli, agent: dict[str, Any]
) -> None:
    await client.patch(f"/v1/agents/{agent['id']}", json={"create_transcript": False})
    session = (await client.post(f"/v1/agents/{agent['id']}/sessions")).json()

    response = await pull(client, session)

    assert response.status_code == 409
    assert len(simli.requests) == 1


@one_database_is_enough
async def test_a_session_that_never_started_cannot_be_pulled(
    client: httpx.AsyncClient, simli: FakeSimli, agent: dict[str, Any]
) -> None:
    simli.start = httpx.Response(500)
    failed = (await client.post(f"/v1/agents/{agent['id']}/sessions")).json()

    response = await pull(client, {"id": failed["session_id"]})

    assert response.status_code == 409
    assert "never started" in response.json()["detail"]


async def test_a_transcript_given_up_can_still_be_pulled(
    client: httpx.AsyncClient, db: AsyncSession, simli: FakeSimli, session: dict[str, Any]
) -> None:
    row = (await db.scalars(select(AgentSession))).one()
    row.status, row.transcript_state = SessionStatus.ENDED, TranscriptState.UNAVAILABLE
    await db.commit()
    simli.transcript = httpx.Response(200, json=SAID)

    response = await pull(client, session)

    assert response.status_code == 200


async def test_simli_not_having_one_leaves_a_given_up_transcript_given_up(
    client: httpx.AsyncClient, db: AsyncSession, session: dict[str, Any]
) -> None:
    row = (await db.scalars(select(AgentSession))).one()
    row.transcript_state = TranscriptState.UNAVAILABLE
    await db.commit()

    response = await pull(client, session)

    assert (response.status_code, response.json()["transcript_state"]) == (202, "unavailable")


@pytest.mark.parametrize("name", ["transcript", "messages", "data", "items"])
def test_a_list_may_be_wrapped(name: str) -> None:
    assert read_entries({name: {"items": SAID}}) == read_entries(SAID)


@pytest.mark.parametrize(
    ("item", "role", "text"),
    [
        ({"speaker": "Bot", "text": "Hi"}, "assistant", "Hi"),
        ({"user_name": "Chatbot", "message": "Hi"}, "assistant", "Hi"),
        ({"role": "USER", "content": "Hi"}, "user", "Hi"),
        ({"role": "guide", "content": "Hi"}, "guide", "Hi"),
        ({"content": "Hi"}, None, "Hi"),
        ("Hi", None, "Hi"),
    ],
)
def test_an_entry_may_be_spelled_in_many_ways(item: Any, role: str | None, text: str) -> None:
    assert read_entries([item]) == [{"role": role, "text": text, "at": None}]


@pytest.mark.parametrize("item", [None, 7, [], {}, {"text": 7}, {"role": "user"}])
def test_an_entry_without_text_is_none(item: Any) -> None:
    assert read_entries([item]) == []


@pytest.mark.parametrize(
    ("time", "at"),
    [
        ("2026-11-23T11:00:00+01:00", "2026-11-23T10:00:00+00:00"),
        ("2026-11-23T10:00:00", "2026-11-23T10:00:00+00:00"),
        (1795428000, "2026-11-23T10:00:00+00:00"),
        (1795428000000, "2026-11-23T10:00:00+00:00"),
        ("just now", None),
        (True, None),
        (None, None),
        ([], None),
    ],
)
def test_a_time_may_be_written_in_many_ways(time: Any, at: str | None) -> None:
    [entry] = read_entries([{"text": "Hi", "created_at": time}])

    assert entry["at"] == at


def test_a_text_is_one_entry() -> None:
    assert read_entries("Hello! Hi.") == [{"role": None, "text": "Hello! Hi.", "at": None}]

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import anyio
import httpx
import msgspec
import pytest
import uuid6
from fastapi import FastAPI
from sqlalchemy import event, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession

from agents_admin import models
from agents_admin.turns.sink import DatabaseTurnSink
from llm_server import Outcome, Turn
from llm_server.events import Attempted, ToolRan
from llm_server.turns import Said
from tests.agents_admin.databases import one_database_is_enough

STARTED_AT = datetime(2026, 11, 23, 10, tzinfo=UTC)
SECRET = "what somebody said"


def make_turn(session_id: UUID | str | None, number: int = 0, **values: Any) -> Turn:
    return Turn(
        **{
            "id": uuid6.uuid7(),
            "session_id": UUID(session_id) if isinstance(session_id, str) else session_id,
            "started_at": STARTED_AT + timedelta(seconds=number),
            "model": "mock",
            "user_text": SECRET,
            "answer_text": f"answer {number}",
            "outcome": Outcome.COMPLETED,
            "duration_s": 0.5,
            **values,
        }
    )


class Outage:
    """A database that fails every statement, for as long as it is told to."""

    def __init__(self, engine: Any) -> None:
        self.failed = anyio.Event()
        self._engine = engine.sync_engine

    def begin(self) -> None:
        event.listen(self._engine, "before_cursor_execute", self._fail)

    def end(self) -> None:
        event.remove(self._engine, "before_cursor_execute", self._fail)

    def _fail(self, *_: object) -> None:
        self.failed.set()
        raise OperationalError(SECRET, None, Exception(SECRET))


@pytest.fixture
def sink(app: FastAPI) -> DatabaseTurnSink:
    """One of the test's own, not running yet, on the app's database."""
    return DatabaseTurnSink(app.state.db_sessions, capacity=5, flush_s=2)


@pytest.fixture
async def outage(app: FastAPI) -> Outage:
    return Outage(app.state.engine)


async def stored(db: AsyncSession) -> list[str]:
    return [*await db.scalars(select(models.Turn.answer_text).order_by(models.Turn.started_at))]


async def test_a_turn_is_stored_as_it_was_recorded(
    sink: DatabaseTurnSink, db: AsyncSession, session: dict[str, Any]
) -> None:
    turn = make_turn(
        session["id"],
        agent_id=UUID(session["agent_id"]),
        answered_by="other",
        finish_reason="stop",
        error="upstream_failed",
        prompt_tokens=10,
        completion_tokens=20,
        ttft_s=0.1,
        first_sentence_s=0.2,
        outcome=Outcome.CANCELLED,
        asides=(Said(kind="filler", text="One moment.. ", at=0),),
        attempts=(
            Attempted("mock", "rate_limit_exceeded", 0.0),
            Attempted("other", "answered", 0.05, 0.05),
        ),
        tools=(ToolRan("find", 0.3, "ok"),),
    )

    async with sink.running():
        sink.record(turn)

    row = (await db.scalars(select(models.Turn))).one()
    stored_turn = {name: getattr(row, name) for name in Turn.__slots__}
    assert msgspec.convert(stored_turn, Turn, builtin_types=(UUID, datetime)) == turn


async def test_a_turn_tells_what_it_went_through(
    sink: DatabaseTurnSink, client: httpx.AsyncClient, session: dict[str, Any]
) -> None:
    turn = make_turn(
        session["id"],
        answer_text="It is",
        asides=(
            Said(kind="filler", text="One moment.. ", at=0),
            Said(kind="apology", text="… Sorry.", at=5),
        ),
        attempts=(Attempted("mock", "answered", 0.0, 0.1),),
        tools=(ToolRan("find", 0.3, "timed_out"),),
    )
    async with sink.running():
        sink.record(turn)

    [read] = (await client.get(f"/v1/sessions/{session['id']}/turns")).json()["items"]

    assert read["asides"] == [
        {"kind": "filler", "text": "One moment.. ", "at": 0},
        {"kind": "apology", "text": "… Sorry.", "at": 5},
    ]
    assert read["sent_text"] == "One moment.. It is… Sorry."
    assert read["attempts"] == [
        {"model": "mock", "outcome": "answered", "began_s": 0.0, "first_content_s": 0.1}
    ]
    assert read["tools"] == [{"name": "find", "duration_s": 0.3, "outcome": "timed_out"}]


async def test_the_apps_own_sink_stores_turns_until_it_ends(
    app: FastAPI, client: httpx.AsyncClient, session: dict[str, Any]
) -> None:
    for number in (1, 0):
        app.state.turn_sink.record(make_turn(session["id"], number))

    with anyio.fail_after(5):
        while (await get_session(client, session))["turn_count"] < 2:
            await anyio.lowlevel.checkpoint()

    turns = (await client.get(f"/v1/sessions/{session['id']}/turns")).json()["items"]
    assert [(turn["index"], turn["answer_text"]) for turn in turns] == [
        (0, "answer 0"),
        (1, "answer 1"),
    ]


async def test_a_session_tells_how_many_turns_it_had_and_when(
    sink: DatabaseTurnSink, client: httpx.AsyncClient, session: dict[str, Any]
) -> None:
    async with sink.running():
        for number in range(3):
            sink.record(make_turn(session["id"], number))

    kept = await get_session(client, session)
    assert kept["turn_count"] == 3
    assert kept["first_turn_at"] == "2026-11-23T10:00:00Z"
    assert kept["last_turn_at"] == "2026-11-23T10:00:02Z"


async def test_what_waits_at_the_end_is_still_stored(
    sink: DatabaseTurnSink, db: AsyncSession, session: dict[str, Any]
) -> None:
    for number in range(5):
        sink.record(make_turn(session["id"], number))

    async with sink.running():
        pass

    assert len(await stored(db)) == 5
    assert sink.lost == 0


async def test_what_waits_is_stored_in_few_transactions(
    app: FastAPI, sink: DatabaseTurnSink, session: dict[str, Any]
) -> None:
    commits: list[object] = []
    event.listen(app.state.engine.sync_engine, "commit", commits.append)
    for number in range(5):
        sink.record(make_turn(session["id"], number))

    async with sink.running():
        pass

    assert len(commits) == 1


async def test_a_turn_recorded_twice_is_stored_once(
    sink: DatabaseTurnSink, db: AsyncSession, session: dict[str, Any]
) -> None:
    turn = make_turn(session["id"])

    async with sink.running():
        sink.record(turn)
        sink.record(turn)

    assert await stored(db) == ["answer 0"]


async def test_turns_of_no_session_are_not_stored_and_disturb_no_others(
    sink: DatabaseTurnSink, db: AsyncSession, session: dict[str, Any]
) -> None:
    async with sink.running():
        sink.record(make_turn(None))
        sink.record(make_turn(uuid4()))
        sink.record(make_turn(session["id"], 7))

    assert await stored(db) == ["answer 7"]
    assert sink.lost == 0


async def test_turns_wait_for_a_database_that_fails(
    sink: DatabaseTurnSink, db: AsyncSession, outage: Outage, session: dict[str, Any]
) -> None:
    outage.begin()
    async with sink.running():
        sink.record(make_turn(session["id"], 1))
        with anyio.fail_after(5):
            await outage.failed.wait()
        sink.record(make_turn(session["id"], 2))
        outage.end()

    assert await stored(db) == ["answer 1", "answer 2"]
    assert sink.lost == 0


async def test_when_too_many_wait_the_newest_are_lost(
    sink: DatabaseTurnSink, db: AsyncSession, session: dict[str, Any]
) -> None:
    for number in range(8):
        sink.record(make_turn(session["id"], number))

    async with sink.running():
        pass

    assert await stored(db) == [f"answer {number}" for number in range(5)]
    assert sink.lost == 3


@one_database_is_enough
async def test_the_end_does_not_wait_for_ever(
    app: FastAPI, outage: Outage, session: dict[str, Any]
) -> None:
    sink = DatabaseTurnSink(app.state.db_sessions, flush_s=0.05)
    outage.begin()

    with anyio.fail_after(2):
        async with sink.running():
            sink.record(make_turn(session["id"]))

    outage.end()
    assert sink.lost == 1


@one_database_is_enough
async def test_what_comes_after_the_end_is_counted_as_lost(
    sink: DatabaseTurnSink, session: dict[str, Any]
) -> None:
    async with sink.running():
        pass

    sink.record(make_turn(session["id"]))

    assert sink.lost == 1


async def test_text_that_cannot_be_stored_is_mended(
    sink: DatabaseTurnSink, client: httpx.AsyncClient, session: dict[str, Any]
) -> None:
    text = "a\0b\ud83d"
    async with sink.running():
        tools = (ToolRan(text, 0.1, "unknown"),)
        sink.record(make_turn(session["id"], answer_text=text, tools=tools))

    [read] = (await client.get(f"/v1/sessions/{session['id']}/turns")).json()["items"]
    assert read["answer_text"] == read["tools"][0]["name"] == "a\ufffdb\ufffd"


async def test_a_turn_that_the_database_refuses_takes_no_other_with_it(
    sink: DatabaseTurnSink, db: AsyncSession, session: dict[str, Any]
) -> None:
    for number, tokens in enumerate([1, 2**70, 3]):
        sink.record(make_turn(session["id"], number, prompt_tokens=tokens))

    async with sink.running():
        pass

    assert await stored(db) == ["answer 0", "answer 2"]
    assert sink.lost == 1


async def test_no_log_tells_what_was_said(
    sink: DatabaseTurnSink,
    outage: Outage,
    session: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    sink.record(make_turn(session["id"], prompt_tokens=2**70))
    outage.begin()

    async with sink.running():
        with anyio.fail_after(5):
            await outage.failed.wait()
        outage.end()

    assert "turns wait for the database: OperationalError" in caplog.text
    assert "turns are lost: the database refused it" in caplog.text
    assert SECRET not in caplog.text


async def test_a_deleted_session_takes_its_turns_with_it(
    sink: DatabaseTurnSink, db: AsyncSession, session: dict[str, Any]
) -> None:
    async with sink.running():
        sink.record(make_turn(session["id"]))

    await db.execute(text("DELETE FROM sessions"))
    await db.commit()

    assert await stored(db) == []


async def get_session(client: httpx.AsyncClient, session: dict[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = (await client.get(f"/v1/sessions/{session['id']}")).json()
    return body

import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import anyio
import pytest
from alembic import command
from sqlalchemy import Connection, inspect, select, text

from agents_admin import migrate
from agents_admin.agents.schemas import AgentDefinition
from agents_admin.database import make_db_sessions, make_engine
from agents_admin.migrate import SchemaState
from agents_admin.models import Agent, AgentVersion, Base, Turn
from tests.agents_admin.databases import Databases, one_database_is_enough

REPOSITORY = Path(__file__).parents[2]

OLD_ROWS = [
    "INSERT INTO agents (id, name, language, model, max_session_length_s, max_idle_time_s,"
    " create_transcript, created_at, updated_at)"
    " VALUES (:agent_id, 'Ada', 'en', 'mock', 60, 60, :no, :now, :now)",
    "INSERT INTO sessions (id, agent_id, agent_name, model, language, status, transcript_state,"
    " created_at, expires_at)"
    " VALUES (:session_id, :agent_id, 'Ada', 'mock', 'en', 'active', 'none', :now, :now)",
    "INSERT INTO turns (id, session_id, started_at, model, answer_text, outcome, duration_s)"
    " VALUES (:id, :session_id, :now, 'mock', 'Hello!', 'completed', 1)",
]


def table_names(connection: Connection) -> set[str]:
    return {*inspect(connection).get_table_names()}


async def test_an_empty_database_gets_the_tables(databases: Databases) -> None:
    url = databases.empty()

    before = await migrate.state(url)
    await migrate.upgrade(url)

    assert (before, await migrate.state(url)) == (SchemaState.EMPTY, SchemaState.CURRENT)
    tables = await migrate.on_connection(url, table_names)
    assert tables == {*Base.metadata.tables, "alembic_version"}


async def test_upgrading_again_changes_nothing(database_url: str) -> None:
    await migrate.upgrade(database_url)

    assert await migrate.state(database_url) is SchemaState.CURRENT


async def test_models_and_migrations_agree(database_url: str) -> None:
    await migrate.on_connection(
        database_url, lambda connection: command.check(migrate.make_config(connection))
    )


async def test_a_downgrade_leaves_no_table(database_url: str) -> None:
    await migrate.downgrade(database_url, "base")

    assert await migrate.state(database_url) is SchemaState.EMPTY
    assert await migrate.on_connection(database_url, table_names) == {"alembic_version"}


async def test_rows_of_an_older_release_stay(databases: Databases) -> None:
    url = databases.empty()
    await migrate.upgrade(url, "0001")
    await migrate.on_connection(url, insert_old_rows)

    await migrate.upgrade(url)

    engine = make_engine(url)
    async with make_db_sessions(engine)() as db:
        agent = (await db.scalars(select(Agent))).one()
        version = (await db.scalars(select(AgentVersion))).one()
        turn = (await db.scalars(select(Turn))).one()
    await engine.dispose()
    assert (agent.name, agent.voice_policy, agent.labels) == ("Ada", None, {})
    assert (version.agent_id, version.number) == (agent.id, agent.version)
    assert AgentDefinition(**version.definition) == AgentDefinition.model_validate(agent)
    assert (turn.answer_text, turn.asides, turn.attempts, turn.tools) == ("Hello!", [], [], [])


async def test_rows_stay_when_a_newer_release_is_taken_back(databases: Databases) -> None:
    url = databases.empty()
    await migrate.upgrade(url, "0001")
    before = await migrate.on_connection(url, insert_old_rows)
    await migrate.upgrade(url)

    await migrate.downgrade(url, "0001")

    assert await migrate.on_connection(url, all_rows) == before


async def test_a_database_of_another_release_is_not_taken_for_ours(database_url: str) -> None:
    change = text("UPDATE alembic_version SET version_num = 'ffff'")
    await migrate.on_connection(database_url, lambda connection: connection.execute(change))

    assert await migrate.state(database_url) is SchemaState.UNKNOWN


# Replicas share a PostgreSQL; a SQLite file has one process.
@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
async def test_replicas_may_upgrade_at_once(databases: Databases) -> None:
    url = databases.empty()

    # As processes: Alembic keeps what it is doing in module globals.
    async with anyio.create_task_group() as tasks:
        for _ in range(2):
            tasks.start_soon(run_alembic, url, "upgrade", "head")

    assert await migrate.state(url) is SchemaState.CURRENT


@one_database_is_enough
async def test_a_failed_migration_leaves_the_database_as_it_was(database_url: str) -> None:
    drop = text("DROP TABLE turns")
    await migrate.on_connection(database_url, lambda connection: connection.execute(drop))

    with pytest.raises(Exception, match="turns"):
        await migrate.downgrade(database_url, "base")

    assert await migrate.state(database_url) is SchemaState.CURRENT
    assert "agents" in await migrate.on_connection(database_url, table_names)


@one_database_is_enough
async def test_the_migration_can_be_read_as_sql(database_url: str) -> None:
    sql = await run_alembic(database_url, "upgrade", "head", "--sql")

    assert b"CREATE TABLE sessions" in sql


def insert_old_rows(connection: Connection) -> dict[str, list[dict[str, Any]]]:
    """An agent, a session and a turn, as the first release had them."""
    values = {
        "id": uuid4().hex,
        "agent_id": uuid4().hex,
        "session_id": uuid4().hex,
        "now": "2026-11-23 10:00:00.000000",
        "no": False,
    }
    for statement in OLD_ROWS:
        connection.execute(text(statement), values)
    return all_rows(connection)


def all_rows(connection: Connection) -> dict[str, list[dict[str, Any]]]:
    return {
        table: [{**row} for row in connection.execute(text(f"SELECT * FROM {table}")).mappings()]
        for table in ("agents", "sessions", "turns")
    }


async def run_alembic(url: str, *arguments: str) -> bytes:
    process = await anyio.run_process(
        [sys.executable, "-m", "alembic", *arguments],
        cwd=REPOSITORY,
        env={**os.environ, "SIMLI_LLM_DATABASE_URL": url},
        stderr=subprocess.STDOUT,
    )
    return process.stdout

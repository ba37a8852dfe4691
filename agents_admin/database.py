"""The database: SQLite by default, PostgreSQL by URL."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import Depends, Request
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)

from agents_admin.models import Base

SQLITE_BUSY_TIMEOUT_MS = 5000
POSTGRESQL_CONNECT_TIMEOUT_S = 5

DbSessions = async_sessionmaker[AsyncSession]
Insert = sqlite.Insert | postgresql.Insert


def make_engine(url: str) -> AsyncEngine:
    """An engine, not yet connected. Whoever makes it disposes of it."""
    # An error that quotes its parameters would quote prompts and what was said.
    engine = create_async_engine(url, hide_parameters=True, **_options(url))
    if engine.dialect.name == "sqlite":
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    return engine


def _options(url: str) -> dict[str, Any]:
    if make_url(url).get_backend_name() == "sqlite":
        return {}
    return {
        # Connections that a restart of the server left dead are noticed before they are used.
        "pool_pre_ping": True,
        "connect_args": {"connect_timeout": POSTGRESQL_CONNECT_TIMEOUT_S},
    }


def _prepare_sqlite(connection: Any, _: object) -> None:
    """Readers beside a writer (WAL), references that hold, and patience between writers."""
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={SQLITE_BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def make_db_sessions(engine: AsyncEngine) -> DbSessions:
    # Rows stay readable after a commit: services commit before Simli is called, and after.
    return async_sessionmaker(engine, expire_on_commit=False)


def insert_into(table: type[Base], db: AsyncSession) -> Insert:
    """An INSERT that knows ON CONFLICT, which both databases have and standard SQL has not."""
    on_postgresql = db.get_bind().dialect.name == "postgresql"
    return postgresql.insert(table) if on_postgresql else sqlite.insert(table)


async def _open_db(request: Request) -> AsyncIterator[AsyncSession]:
    db_sessions: DbSessions = request.app.state.db_sessions
    async with db_sessions() as db:
        yield db


Db = Annotated[AsyncSession, Depends(_open_db)]
"""A unit of work of one request. Services commit; an endpoint never does."""

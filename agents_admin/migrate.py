"""Bring a database to the tables of this release. The app never does it by itself."""

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

T = TypeVar("T")

PACKAGE = Path(__file__).parent
# An installed package brings its migrations along; in a checkout they are at the top.
MIGRATIONS = next(
    path for path in (PACKAGE / "migrations", PACKAGE.parent / "migrations") if path.is_dir()
)


class SchemaState(StrEnum):
    EMPTY = "empty"
    """Never migrated."""
    BEHIND = "behind"
    CURRENT = "current"
    UNKNOWN = "unknown"
    """At a revision that this release does not have: a newer release was here."""


async def upgrade(url: str, revision: str = "head") -> None:
    """Create or change the tables. All or nothing, and alone: others wait for their turn."""
    await on_connection(url, lambda connection: command.upgrade(make_config(connection), revision))


async def downgrade(url: str, revision: str) -> None:
    """Go back to an older revision; `base` removes every table and what is in it."""
    await on_connection(
        url, lambda connection: command.downgrade(make_config(connection), revision)
    )


async def state(url: str) -> SchemaState:
    """Tell how a database stands towards this release. Changes nothing."""
    return await on_connection(url, _state)


def _state(connection: Connection) -> SchemaState:
    scripts = ScriptDirectory.from_config(make_config())
    heads = set(MigrationContext.configure(connection).get_current_heads())
    if not heads:
        return SchemaState.EMPTY
    if heads == set(scripts.get_heads()):
        return SchemaState.CURRENT
    known = {script.revision for script in scripts.walk_revisions()}
    return SchemaState.BEHIND if heads <= known else SchemaState.UNKNOWN


def make_config(connection: Connection | None = None) -> Config:
    """Alembic's configuration without a file; `migrations/env.py` uses the connection."""
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


async def on_connection(url: str, work: Callable[[Connection], T]) -> T:
    """Do synchronous work on a connection of its own, and commit it.

    Not our usual engine: on SQLite, migrations need foreign keys off.
    """
    engine = create_async_engine(url, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            result = await connection.run_sync(work)
            await connection.commit()
            return result
    finally:
        await engine.dispose()

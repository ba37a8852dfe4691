"""Alembic's way into the database: from `alembic …` in a shell, or from agents_admin.migrate.

Code puts an open `connection` into `config.attributes`; a shell uses the settings.
"""

import asyncio
from typing import Any, Literal

import sqlalchemy as sa
from alembic import context

from agents_admin.migrate import on_connection
from agents_admin.models import Base, UtcDateTime
from agents_admin.settings import Settings
from llm_server import load_settings

# A number that nothing else on the same PostgreSQL server should lock: "simli" in ASCII.
ADVISORY_LOCK = 0x73696D6C69


def _render_item(kind: str, item: Any, _: object) -> str | Literal[False]:
    """Write our column types as SQLAlchemy's: a migration must not change when our code does."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, sa.Enum):
        return f"sa.String(length={item.length})"
    return False


def _begin(connection: sa.Connection) -> None:
    """Take the database for ourselves: replicas that start together migrate one by one."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(ADVISORY_LOCK)))
        return
    # A batch migration copies a table and drops the old one: with foreign keys on, that would
    # delete the rows that refer to it. The setting can only be changed outside a transaction.
    connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
    # Python's driver begins a transaction for changes of rows, but not for those of tables.
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _migrate(connection: sa.Connection) -> None:
    _begin(connection)
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        render_item=_render_item,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def _print_sql(url: str) -> None:
    context.configure(url=url, target_metadata=Base.metadata, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    _print_sql(load_settings(Settings).database_url)
elif context.config.attributes.get("connection"):
    _migrate(context.config.attributes["connection"])
else:
    asyncio.run(on_connection(load_settings(Settings).database_url, _migrate))

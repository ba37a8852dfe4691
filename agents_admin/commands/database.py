"""What commands do with the database, and what they say when it cannot be used."""

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import anyio
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from agents_admin import migrate
from agents_admin.commands.shared import fail
from agents_admin.migrate import SchemaState

T = TypeVar("T")


def require_schema(url: str) -> None:
    """A new SQLite file is made at once; anything else is changed only by the command."""
    state = on_database(migrate.state, url)
    if state is SchemaState.EMPTY and url.startswith("sqlite"):
        on_database(migrate.upgrade, url)
    elif state is SchemaState.UNKNOWN:
        fail("The database belongs to a newer release. Install that one.")
    elif state is not SchemaState.CURRENT:
        fail(f"The database is {state}. Run: simli-llm db upgrade")


def on_database(work: Callable[[str], Coroutine[Any, Any, T]], url: str) -> T:
    try:
        return anyio.run(work, url)
    except (SQLAlchemyError, OSError) as exc:
        # Without its password, and without what the driver says, which may quote it.
        where = make_url(url).render_as_string()
        fail(f"The database {where} cannot be used ({type(exc).__name__}). Is it running?")

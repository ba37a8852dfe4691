"""What the commands share: options, and how a command says that it cannot go on."""

import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import anyio
import typer
from rich.console import Console
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from agents_admin import migrate
from agents_admin.migrate import SchemaState
from llm_server import InvalidSettings

T = TypeVar("T")

errors = Console(stderr=True)

Config = Annotated[
    Path | None,
    typer.Option(help="A YAML file. Default: $SIMLI_LLM_CONFIG, or ./simli-llm.yaml if there."),
]
Json = Annotated[bool, typer.Option("--json", help="For programs.")]
Host = Annotated[str, typer.Option(help="The address to listen on.")]
Port = Annotated[int, typer.Option(help="The port to listen on; 0 takes a free one.")]


def usable(make: Callable[[], T]) -> T:
    try:
        return make()
    except InvalidSettings as exc:
        fail(str(exc))


def on_database(work: Callable[[str], Coroutine[Any, Any, T]], url: str) -> T:
    try:
        return anyio.run(work, url)
    except (SQLAlchemyError, OSError) as exc:
        # Without its password, and without what the driver says, which may quote it.
        where = make_url(url).render_as_string()
        fail(f"The database {where} cannot be used ({type(exc).__name__}). Is it running?")


def require_schema(url: str) -> None:
    """A new SQLite file is made at once; anything else is changed only by the command."""
    state = on_database(migrate.state, url)
    if state is SchemaState.EMPTY and url.startswith("sqlite"):
        on_database(migrate.upgrade, url)
    elif state is SchemaState.UNKNOWN:
        fail("The database belongs to a newer release. Install that one.")
    elif state is not SchemaState.CURRENT:
        fail(f"The database is {state}. Run: simli-llm db upgrade")


def fail(message: str) -> NoReturn:
    errors.print(message, style="red", markup=False, highlight=False, soft_wrap=True)
    sys.exit(2)

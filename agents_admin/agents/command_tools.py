"""What the commands for agents share."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import typer
from rich.console import Console
from sqlalchemy.ext.asyncio import AsyncSession

from agents_admin.agents.sync.show import plan_as_json, plan_as_table
from agents_admin.agents.sync.steps import Step, SyncRefused
from agents_admin.commands.shared import fail, on_database, require_schema, usable
from agents_admin.database import make_db_sessions, make_engine
from agents_admin.errors import Problem, ValidationFailed, vendor_failed
from agents_admin.settings import Settings
from agents_admin.simli import SimliError
from llm_server import load_settings

T = TypeVar("T")
Work = Callable[[AsyncSession, Settings], Awaitable[T]]


def with_db(config: Path | None, work: Work[T]) -> T:
    """Do work in the database of the settings; what it refuses ends the command."""
    settings = usable(lambda: load_settings(Settings, config))
    require_schema(settings.database_url)

    async def run(url: str) -> T:
        engine = make_engine(url)
        try:
            async with make_db_sessions(engine)() as db:
                return await work(db, settings)
        finally:
            await engine.dispose()

    try:
        return on_database(run, settings.database_url)
    except SyncRefused as exc:
        fail(str(exc))
    except SimliError as exc:
        fail(vendor_failed(exc).detail)
    except Problem as exc:
        fail(_told(exc))


def show_plan(steps: Sequence[Step[Any, Any]], *, json: bool) -> None:
    if json:
        typer.echo(plan_as_json(steps))
    else:
        Console().print(plan_as_table(steps))


def _told(problem: Problem) -> str:
    if isinstance(problem, ValidationFailed):
        return "\n".join(": ".join(map(str, error.values())) for error in problem.members["errors"])
    return problem.detail

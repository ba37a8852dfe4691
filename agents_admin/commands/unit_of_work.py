"""What a command does in the database of the configuration, signed by the command line."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from agents_admin.audit.changes import Author, sign
from agents_admin.commands.shared import fail, on_database, require_schema, usable
from agents_admin.database import make_db_sessions, make_engine
from agents_admin.errors import Problem, ValidationFailed
from agents_admin.kept_secrets import with_kept_secrets
from agents_admin.settings import Settings
from llm_server import load_settings
from llm_server.logs import configure_logging

T = TypeVar("T")
Work = Callable[[AsyncSession, Settings], Awaitable[T]]
Wish = TypeVar("Wish", bound=BaseModel)

AUTHOR = Author("cli", "The command line")


def wish(model: type[Wish], **values: Any) -> Wish:
    """What was asked for, if it can be had."""
    try:
        return model(**values)
    except ValidationError as exc:
        fail("\n".join(f"{error['loc'][0]}: {error['msg']}" for error in exc.errors()))


def run(config: Path | None, work: Work[T], *, secrets: bool = False) -> T:
    """Do the work, or end with what is in its way. `secrets` are needed to sign and to hash."""
    configure_logging("WARNING")
    settings = usable(lambda: load_settings(Settings, config))
    if secrets:
        settings = usable(lambda: with_kept_secrets(settings))

    async def work_there(url: str) -> T:
        engine = make_engine(url)
        try:
            async with make_db_sessions(engine)() as db:
                sign(db, AUTHOR)
                return await work(db, settings)
        finally:
            await engine.dispose()

    require_schema(settings.database_url)
    try:
        return on_database(work_there, settings.database_url)
    except Problem as exc:
        fail(_told(exc))


def _told(problem: Problem) -> str:
    if isinstance(problem, ValidationFailed):
        return "\n".join(": ".join(map(str, error.values())) for error in problem.members["errors"])
    return problem.detail

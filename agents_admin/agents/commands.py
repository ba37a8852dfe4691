"""`simli-llm agents`: agents on the command line, directly in the database."""

import json as jsonlib
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar
from uuid import UUID

import typer
from pydantic import TypeAdapter
from rich.console import Console
from rich.table import Table
from rich.text import Text
from sqlalchemy.ext.asyncio import AsyncSession

from agents_admin.agents.filters import AgentList
from agents_admin.agents.schemas import AgentRead
from agents_admin.agents.service import get_agent
from agents_admin.agents.sync.files import load_agents
from agents_admin.agents.sync.show import plan_as_json, plan_as_table
from agents_admin.agents.sync.steps import Step, SyncRefused
from agents_admin.agents.sync.yaml_sync import YamlStep, apply_files, plan_files
from agents_admin.cli_tools import Config, Json, fail, on_database, require_schema, usable
from agents_admin.database import make_db_sessions, make_engine
from agents_admin.errors import Problem, ValidationFailed
from agents_admin.models import Agent
from agents_admin.settings import Settings
from llm_server import load_settings

T = TypeVar("T")
Work = Callable[[AsyncSession, Settings], Awaitable[T]]

agents = typer.Typer(help="The agents, directly in the database.", no_args_is_help=True)

Folder = Annotated[
    Path, typer.Argument(exists=True, file_okay=False, help="YAML files, each of one agent.")
]


@agents.command("list")
def list_(
    archived: Annotated[bool, typer.Option("--archived", help="Those, instead.")] = False,
    json: Json = False,
    config: Config = None,
) -> None:
    """List the agents by name."""

    async def work(db: AsyncSession, _: Settings) -> list[AgentRead]:
        query = AgentList(archived=archived).query().order_by(Agent.name, Agent.id)
        return [AgentRead.model_validate(agent) for agent in await db.scalars(query)]

    found = with_db(config, work)
    if json:
        typer.echo(TypeAdapter(list[AgentRead]).dump_json(found, indent=2))
    else:
        Console().print(_as_table(found))


@agents.command()
def show(agent_id: UUID, json: Json = False, config: Config = None) -> None:
    """Show all of an agent."""

    async def work(db: AsyncSession, _: Settings) -> AgentRead:
        return AgentRead.model_validate(await get_agent(db, agent_id))

    agent = with_db(config, work)
    if json:
        typer.echo(agent.model_dump_json(indent=2))
    else:
        Console().print(_as_fields(agent))


@agents.command()
def plan(folder: Folder, json: Json = False, config: Config = None) -> None:
    """Show what `apply` would do, field by field."""

    async def work(db: AsyncSession, settings: Settings) -> list[YamlStep]:
        return await plan_files(db, load_agents(folder, settings))

    show_plan(with_db(config, work), json=json)


@agents.command()
def apply(folder: Folder, json: Json = False, config: Config = None) -> None:
    """Make agents as the files say, and archive those whose file is gone.

    Agents that came from no file are left alone.
    """

    async def work(db: AsyncSession, settings: Settings) -> list[YamlStep]:
        steps = await plan_files(db, load_agents(folder, settings))
        await apply_files(db, settings, steps)
        return steps

    show_plan(with_db(config, work), json=json)


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


def _as_table(found: Sequence[AgentRead]) -> Table:
    table = Table("id", "name", "model", "version", "labels", box=None, padding=(0, 2, 0, 0))
    for agent in found:
        labels = " ".join(f"{key}:{value}" for key, value in agent.labels.items())
        cells = (str(agent.id), agent.name, agent.model, str(agent.version), labels)
        table.add_row(*map(Text, cells))
    return table


def _as_fields(agent: AgentRead) -> Table:
    table = Table.grid(padding=(0, 2))
    for name, value in agent.model_dump(mode="json", exclude_none=True).items():
        shown = value if isinstance(value, str) else jsonlib.dumps(value, ensure_ascii=False)
        table.add_row(name, Text(shown))
    return table

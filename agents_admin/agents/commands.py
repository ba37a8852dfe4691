"""`simli-llm agents`: agents on the command line, directly in the database."""

import json as jsonlib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from pydantic import TypeAdapter
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text
from sqlalchemy.ext.asyncio import AsyncSession

from agents_admin.agents.command_tools import show_plan, with_db
from agents_admin.agents.filters import AgentList
from agents_admin.agents.schemas import AgentRead
from agents_admin.agents.service import get_agent
from agents_admin.agents.simli_commands import simli
from agents_admin.agents.sync.files import load_agents
from agents_admin.agents.sync.yaml_sync import YamlStep, apply_files, plan_files
from agents_admin.commands.shared import Config, Json
from agents_admin.models import Agent
from agents_admin.settings import Settings

agents = typer.Typer(help="The agents, directly in the database.", no_args_is_help=True)
agents.add_typer(simli, name="simli")

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


def _as_table(found: Sequence[AgentRead]) -> Table:
    # Whole, on however narrow a screen: `show` asks for it.
    key = Column("id", no_wrap=True, min_width=36)
    table = Table(key, "name", "model", "version", "labels", box=None, padding=(0, 2, 0, 0))
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

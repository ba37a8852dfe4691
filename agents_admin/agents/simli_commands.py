"""`simli-llm agents simli`: the copies of agents that Simli stores."""

from typing import Annotated
from uuid import UUID

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from agents_admin.agents.command_tools import show_plan, with_db
from agents_admin.agents.sync.simli_sync import (
    ImportStep,
    SimliStep,
    apply_import,
    apply_simli,
    plan_import,
    plan_simli,
)
from agents_admin.commands.shared import Config, Json
from agents_admin.settings import Settings
from agents_admin.simli import connect

simli = typer.Typer(help="The copies of agents that Simli stores.", no_args_is_help=True)

New = Annotated[
    list[UUID] | None, typer.Argument(help="Agents to store there, besides those it has already.")
]


@simli.command("import")
def import_(
    model: Annotated[
        str | None, typer.Option(help="Answers for those that none of your models answers.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what it would do.")] = False,
    json: Json = False,
    config: Config = None,
) -> None:
    """Create agents here for those at Simli that are not known yet."""

    async def work(db: AsyncSession, settings: Settings) -> list[ImportStep]:
        async with connect(settings.simli) as client:
            steps = await plan_import(db, client, settings, model)
        if not dry_run:
            await apply_import(db, settings, steps)
        return steps

    show_plan(with_db(config, work), json=json)


@simli.command()
def plan(new: New = None, json: Json = False, config: Config = None) -> None:
    """Show in what Simli's copies differ, and what `apply` would send."""

    async def work(db: AsyncSession, settings: Settings) -> list[SimliStep]:
        async with connect(settings.simli) as client:
            return await plan_simli(db, client, settings, new or ())

    show_plan(with_db(config, work), json=json)


@simli.command()
def apply(new: New = None, json: Json = False, config: Config = None) -> None:
    """Make Simli's copies as the agents are here. Other agents there are never touched."""

    async def work(db: AsyncSession, settings: Settings) -> list[SimliStep]:
        async with connect(settings.simli) as client:
            steps = await plan_simli(db, client, settings, new or ())
            await apply_simli(db, client, steps)
        return steps

    show_plan(with_db(config, work), json=json)

"""Agents here as a directory of YAML files wants them."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agents_admin.agents import service
from agents_admin.agents.managed import KEY, MANAGED_BY, MANAGER
from agents_admin.agents.schemas import AgentCreate, AgentDefinition, AgentUpdate
from agents_admin.agents.sync.steps import Action, Difference, Step, compare
from agents_admin.models import Agent
from agents_admin.settings import Settings

YamlStep = Step[Agent, AgentCreate]


async def plan_files(db: AsyncSession, wanted: Mapping[str, AgentCreate]) -> list[YamlStep]:
    """What would have to be done. Agents that came from no file are left alone."""
    query = select(Agent).where(Agent.labels[MANAGED_BY].as_string() == MANAGER)
    managed = {agent.labels.get(KEY, ""): agent for agent in await db.scalars(query)}
    steps = [_keep(key, managed.get(key), wanted[key]) for key in wanted]
    return steps + [
        Step(Action.ARCHIVE, key, agent, None)
        for key, agent in managed.items()
        if key not in wanted and not agent.archived_at
    ]


async def apply_files(db: AsyncSession, settings: Settings, plan: Sequence[YamlStep]) -> None:
    """Do what the plan says. Raises Conflict if an agent was changed after it was planned."""
    for step in plan:
        match step:
            case Step(action=Action.CREATE, wanted=AgentCreate() as new):
                await service.create_agent(db, settings, new)
            case Step(action=Action.CHANGE, now=Agent() as agent, wanted=AgentCreate() as new):
                agent.archived_at = None
                await service.update_agent(db, settings, agent, AgentUpdate(**new.model_dump()))
            case Step(action=Action.ARCHIVE, now=Agent() as agent):
                await service.archive_agent(db, agent)


def _keep(key: str, now: Agent | None, wanted: AgentCreate) -> YamlStep:
    differences = compare(_fields(now) if now else {}, wanted.model_dump(mode="json"))
    if now is None:
        return Step(Action.CREATE, key, now, wanted, differences)
    if now.archived_at:
        differences += (Difference("archived_at", now.archived_at.isoformat(), None),)
    return Step(Action.CHANGE if differences else Action.UNCHANGED, key, now, wanted, differences)


def _fields(agent: Agent) -> dict[str, Any]:
    return AgentDefinition.model_validate(agent).model_dump(mode="json")

"""The copies of agents that Simli stores. Only copies of agents here are ever touched there."""

import logging
from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agents_admin.agents import service, versions
from agents_admin.agents.schemas import AgentCreate
from agents_admin.agents.sync.simli_fields import from_simli, to_simli
from agents_admin.agents.sync.steps import Action, Step, compare
from agents_admin.models import Agent
from agents_admin.settings import Settings
from agents_admin.simli import CreateSimliAgent, SimliAgent, SimliClient, UpdateSimliAgent

logger = logging.getLogger(__name__)

ImportStep = Step[SimliAgent, AgentCreate]
SimliStep = Step[SimliAgent, Agent]


async def plan_import(
    db: AsyncSession, simli: SimliClient, settings: Settings, model: str | None
) -> list[ImportStep]:
    """What would be made here of those agents at Simli that are not known yet."""
    known = {*await db.scalars(select(Agent.simli_agent_id))}
    new = [copy for copy in await simli.list_agents() if copy.id not in known]
    return [_plan_one(copy, from_simli(copy, settings, model)) for copy in new]


async def apply_import(db: AsyncSession, settings: Settings, plan: Sequence[ImportStep]) -> None:
    """Make them. From now on they are ours, and changed at Simli by `apply_simli`."""
    for step in plan:
        if step.now and step.wanted:
            await service.create_agent(db, settings, step.wanted, simli_agent_id=step.now.id)


async def plan_simli(
    db: AsyncSession, simli: SimliClient, settings: Settings, new: Collection[UUID] = ()
) -> list[SimliStep]:
    """What would have to be done at Simli: for agents that it has, and for those in `new`.

    Raises NotFound for one of those that is not here, SyncRefused for one Simli cannot store.
    """
    query = select(Agent).where(Agent.simli_agent_id.is_not(None), Agent.archived_at.is_(None))
    added = [await service.get_agent(db, agent_id) for agent_id in new]
    agents = {agent.id: agent for agent in [*await db.scalars(query.order_by(Agent.id)), *added]}
    copies = {copy.id: copy for copy in await simli.list_agents()}
    return [
        _keep(agent, copies.get(agent.simli_agent_id or ""), settings) for agent in agents.values()
    ]


async def apply_simli(db: AsyncSession, simli: SimliClient, plan: Sequence[SimliStep]) -> None:
    """Send Simli the differences, and nothing else. Each copy is noted as soon as it is made."""
    for step in plan:
        fields = {difference.field: difference.after for difference in step.differences}
        match step:
            case Step(action=Action.CREATE, wanted=Agent() as agent):
                copy = await simli.create_agent(CreateSimliAgent(**fields))
                # Should the commit fail, this line is all that tells whose copy it is.
                logger.info("agent %s is %s at Simli", agent.id, copy.id)
                agent.simli_agent_id = copy.id
                await versions.save(db, agent)
            case Step(action=Action.CHANGE, now=SimliAgent() as copy):
                await simli.update_agent(copy.id, UpdateSimliAgent(**fields))


def _plan_one(copy: SimliAgent, wanted: AgentCreate) -> ImportStep:
    fields = wanted.model_dump(mode="json", exclude_unset=True)
    return Step(Action.CREATE, copy.id, copy, wanted, compare({}, fields))


def _keep(agent: Agent, copy: SimliAgent | None, settings: Settings) -> SimliStep:
    before = copy.model_dump() if copy else {}
    differences = compare(before, to_simli(agent, settings))
    action = Action.CHANGE if differences else Action.UNCHANGED
    return Step(action if copy else Action.CREATE, agent.name, copy, agent, differences)

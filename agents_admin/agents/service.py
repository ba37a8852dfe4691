from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agents_admin.agents.schemas import AgentCreate, AgentUpdate
from agents_admin.errors import NotFound, ValidationFailed
from agents_admin.models import Agent
from agents_admin.paging import PageRequest, Rows, newest_first
from agents_admin.settings import Settings


async def create_agent(db: AsyncSession, settings: Settings, new: AgentCreate) -> Agent:
    _require_model(settings, new.model)
    agent = Agent(**new.model_dump())
    db.add(agent)
    await db.commit()
    return agent


async def list_agents(db: AsyncSession, page: PageRequest) -> Rows[Agent]:
    return await newest_first(db, Agent, select(Agent), page)


async def get_agent(db: AsyncSession, agent_id: UUID) -> Agent:
    """Raises NotFound."""
    agent = await db.get(Agent, agent_id)
    if agent is None:
        raise NotFound(f"There is no agent {agent_id}.")
    return agent


async def update_agent(
    db: AsyncSession, settings: Settings, agent_id: UUID, changes: AgentUpdate
) -> Agent:
    agent = await get_agent(db, agent_id)
    if "model" in changes.model_fields_set:
        _require_model(settings, changes.model)
    for name, value in changes.model_dump(exclude_unset=True).items():
        setattr(agent, name, value)
    await db.commit()
    return agent


async def delete_agent(db: AsyncSession, agent_id: UUID) -> None:
    """Its sessions stay, and know its name. Running ones go on: what they need is in their key."""
    await db.delete(await get_agent(db, agent_id))
    await db.commit()


def _require_model(settings: Settings, model: str) -> None:
    if model not in settings.models:
        detail = f"expected one of the settings' models: {', '.join(settings.models)}"
        raise ValidationFailed([{"pointer": "/model", "detail": detail}])

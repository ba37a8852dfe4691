from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from agents_admin.agents import versions
from agents_admin.agents.filters import AgentList
from agents_admin.agents.managed import unmarked
from agents_admin.agents.named import check_names
from agents_admin.agents.schemas import AgentCreate, AgentDefinition, AgentUpdate
from agents_admin.errors import NotFound
from agents_admin.etags import require_match
from agents_admin.models import Agent, utc_now
from agents_admin.paging import Rows
from agents_admin.settings import Settings
from agents_admin.sorting import sorted_rows


async def create_agent(
    db: AsyncSession, settings: Settings, new: AgentCreate, *, simli_agent_id: str | None = None
) -> Agent:
    check_names(settings, new)
    agent = Agent(**new.model_dump(), simli_agent_id=simli_agent_id)
    db.add(agent)
    return await versions.save(db, agent)


async def list_agents(db: AsyncSession, wanted: AgentList) -> Rows[Agent]:
    return await sorted_rows(db, Agent, wanted.query(), wanted.page)


async def get_agent(db: AsyncSession, agent_id: UUID, if_match: str | None = None) -> Agent:
    """Raises NotFound, and PreconditionFailed if it is not the version that is meant."""
    agent = await db.get(Agent, agent_id)
    if agent is None:
        raise NotFound(f"There is no agent {agent_id}.")
    require_match(if_match, agent.version)
    return agent


async def update_agent(
    db: AsyncSession, settings: Settings, agent: Agent, changes: AgentUpdate
) -> Agent:
    check_names(settings, changes)
    for name, value in changes.model_dump(exclude_unset=True).items():
        setattr(agent, name, value)
    return await versions.save(db, agent)


async def archive_agent(db: AsyncSession, agent: Agent) -> Agent:
    """Running sessions go on. Archiving again changes nothing."""
    agent.archived_at = agent.archived_at or utc_now()
    return await versions.save(db, agent)


async def unarchive_agent(db: AsyncSession, agent: Agent) -> Agent:
    agent.archived_at = None
    return await versions.save(db, agent)


async def clone_agent(
    db: AsyncSession, settings: Settings, agent: Agent, changes: AgentUpdate
) -> Agent:
    """A new agent that is like this one, but for the changes."""
    own = AgentDefinition.model_validate(agent).model_dump(include=set(AgentCreate.model_fields))
    own["name"] = f"Copy of {agent.name}"[:200].rstrip()
    own["labels"] = unmarked(agent.labels)
    return await create_agent(
        db, settings, AgentCreate(**own | changes.model_dump(exclude_unset=True))
    )


async def delete_agent(db: AsyncSession, agent: Agent) -> None:
    """Its sessions stay, and know its name. Running ones go on: what they need is in their key."""
    await versions.delete(db, agent)

"""What an agent has been: every change makes a version, and none is ever changed."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.exc import StaleDataError

from agents_admin.agents.schemas import AgentDefinition
from agents_admin.audit.changes import record_change
from agents_admin.errors import Conflict, NotFound
from agents_admin.models import Agent, AgentVersion, AuditAction
from agents_admin.paging import PageRequest, Rows, newest_first


async def save(db: AsyncSession, agent: Agent) -> Agent:
    """Commit a new or changed agent with its new version; one that is as before has none.

    Raises Conflict if somebody else changed it since it was read.
    """
    # Also a value that was set to what it was marks the agent as dirty, but is no change.
    action = AuditAction.CREATE if agent in db.new else AuditAction.UPDATE
    if action is AuditAction.CREATE or db.is_modified(agent):
        await _flush(db)
        db.add(_version_of(agent))
        record_change(db, action, agent)
        await db.commit()
    return agent


async def delete(db: AsyncSession, agent: Agent) -> None:
    """Raises Conflict as `save` does."""
    await db.delete(agent)
    await _flush(db)
    record_change(db, AuditAction.DELETE, agent)
    await db.commit()


async def list_versions(db: AsyncSession, agent: Agent, page: PageRequest) -> Rows[AgentVersion]:
    query = select(AgentVersion).where(AgentVersion.agent_id == agent.id)
    return await newest_first(db, AgentVersion, query, page)


async def get_version(db: AsyncSession, agent_id: UUID, number: int) -> AgentVersion:
    """Raises NotFound."""
    found = await db.scalar(select(AgentVersion).filter_by(agent_id=agent_id, number=number))
    if found is None:
        raise NotFound(f"There is no version {number} of an agent {agent_id}.")
    return found


async def _flush(db: AsyncSession) -> None:
    try:
        await db.flush()
    except StaleDataError as exc:
        raise Conflict("Somebody else changed the agent at the same moment. Try again.") from exc


def _version_of(agent: Agent) -> AgentVersion:
    return AgentVersion(
        agent_id=agent.id,
        number=agent.version,
        definition=AgentDefinition.model_validate(agent).model_dump(mode="json"),
        created_at=agent.updated_at,
    )

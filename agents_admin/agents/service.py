from collections.abc import Collection
from uuid import UUID

import uuid6
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agents_admin.agents.schemas import AgentCreate, AgentUpdate
from agents_admin.audit.changes import record_change
from agents_admin.errors import FieldError, NotFound, ValidationFailed
from agents_admin.models import Agent, AuditAction
from agents_admin.paging import PageRequest, Rows, newest_first
from agents_admin.settings import Settings


async def create_agent(db: AsyncSession, settings: Settings, new: AgentCreate) -> Agent:
    _check_names(settings, new)
    agent = Agent(id=uuid6.uuid7(), **new.model_dump())
    db.add(agent)
    record_change(db, AuditAction.CREATE, agent)
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
    _check_names(settings, changes)
    for name, value in changes.model_dump(exclude_unset=True).items():
        setattr(agent, name, value)
    if db.is_modified(agent):
        record_change(db, AuditAction.UPDATE, agent)
    await db.commit()
    return agent


async def delete_agent(db: AsyncSession, agent_id: UUID) -> None:
    """Its sessions stay, and know its name. Running ones go on: what they need is in their key."""
    agent = await get_agent(db, agent_id)
    await db.delete(agent)
    record_change(db, AuditAction.DELETE, agent)
    await db.commit()


def _check_names(settings: Settings, fields: AgentCreate | AgentUpdate) -> None:
    """Raises ValidationFailed for names that the settings do not have."""
    named: dict[str, tuple[str, Collection[str]]] = {
        "model": ("models", settings.models),
        "voice_policy": ("voices", settings.voices),
    }
    sent = fields.model_dump(exclude_unset=True, exclude_none=True)
    errors: list[FieldError] = [
        {
            "pointer": f"/{field}",
            "detail": f"expected one of the settings' {section}: {', '.join(known)}",
        }
        for field, (section, known) in named.items()
        if field in sent and sent[field] not in known
    ]
    if errors:
        raise ValidationFailed(errors)

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path

from agents_admin.agents import service, versions
from agents_admin.agents.schemas import AgentVersionRead
from agents_admin.database import Db
from agents_admin.errors import NotFound
from agents_admin.models import AgentVersion
from agents_admin.paging import Page, Paging, Rows
from agents_admin.problems import document

# As many as the column can count.
Number = Annotated[int, Path(ge=1, le=2**31 - 1, examples=[1])]

router = APIRouter(
    prefix="/agents/{agent_id}/versions", tags=["agents"], responses=document(NotFound)
)


@router.get(
    "", response_model=Page[AgentVersionRead], summary="List an agent's versions, newest first"
)
async def list_agent_versions(agent_id: UUID, db: Db, page: Paging) -> Rows[AgentVersion]:
    return await versions.list_versions(db, await service.get_agent(db, agent_id), page)


@router.get(
    "/{number}", response_model=AgentVersionRead, summary="Get an agent as it was in a version"
)
async def get_agent_version(agent_id: UUID, number: Number, db: Db) -> AgentVersion:
    return await versions.get_version(db, agent_id, number)

from uuid import UUID

from fastapi import APIRouter

from agents_admin.agents import service
from agents_admin.agents.schemas import AgentCreate, AgentRead, AgentUpdate
from agents_admin.auth import OPERATOR
from agents_admin.database import Db
from agents_admin.dependencies import AppSettings
from agents_admin.errors import NotFound
from agents_admin.models import Agent
from agents_admin.paging import Page, Paging, Rows
from agents_admin.problems import document

router = APIRouter(prefix="/agents", tags=["agents"])


@router.post(
    "",
    response_model=AgentRead,
    status_code=201,
    dependencies=[OPERATOR],
    summary="Create an agent",
)
async def create_agent(new: AgentCreate, db: Db, settings: AppSettings) -> Agent:
    return await service.create_agent(db, settings, new)


@router.get("", response_model=Page[AgentRead], summary="List agents, newest first")
async def list_agents(db: Db, page: Paging) -> Rows[Agent]:
    return await service.list_agents(db, page)


@router.get(
    "/{agent_id}", response_model=AgentRead, responses=document(NotFound), summary="Get an agent"
)
async def get_agent(agent_id: UUID, db: Db) -> Agent:
    return await service.get_agent(db, agent_id)


@router.patch(
    "/{agent_id}",
    response_model=AgentRead,
    dependencies=[OPERATOR],
    responses=document(NotFound),
    summary="Change an agent",
)
async def update_agent(
    agent_id: UUID, changes: AgentUpdate, db: Db, settings: AppSettings
) -> Agent:
    """Sessions that already run stay as they were started."""
    return await service.update_agent(db, settings, agent_id, changes)


@router.delete(
    "/{agent_id}",
    status_code=204,
    dependencies=[OPERATOR],
    responses=document(NotFound),
    summary="Delete an agent",
)
async def delete_agent(agent_id: UUID, db: Db) -> None:
    """Its sessions, their turns and transcripts stay."""
    await service.delete_agent(db, agent_id)

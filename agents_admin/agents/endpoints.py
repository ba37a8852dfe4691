from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from agents_admin.agents import service
from agents_admin.agents.filters import ListedAgents
from agents_admin.agents.schemas import AgentCreate, AgentRead, AgentUpdate
from agents_admin.auth import OPERATOR
from agents_admin.database import Db
from agents_admin.dependencies import AppSettings
from agents_admin.errors import Conflict, NotFound, PreconditionFailed
from agents_admin.etags import IfMatch, make_etag
from agents_admin.models import Agent
from agents_admin.paging import Page, Rows
from agents_admin.problems import document

router = APIRouter(prefix="/agents", tags=["agents"])

CHANGE = document(NotFound, Conflict, PreconditionFailed)


async def _get_agent(agent_id: UUID, db: Db) -> Agent:
    return await service.get_agent(db, agent_id)


async def _get_matching(agent_id: UUID, db: Db, if_match: IfMatch = None) -> Agent:
    return await service.get_agent(db, agent_id, if_match)


Found = Annotated[Agent, Depends(_get_agent)]
Changeable = Annotated[Agent, Depends(_get_matching)]


@router.post(
    "",
    response_model=AgentRead,
    status_code=201,
    dependencies=[OPERATOR],
    summary="Create an agent",
)
async def create_agent(
    new: AgentCreate, db: Db, settings: AppSettings, response: Response
) -> Agent:
    return _tagged(await service.create_agent(db, settings, new), response)


@router.get("", response_model=Page[AgentRead], summary="List agents, by default newest first")
async def list_agents(db: Db, wanted: ListedAgents) -> Rows[Agent]:
    return await service.list_agents(db, wanted)


@router.get(
    "/{agent_id}", response_model=AgentRead, responses=document(NotFound), summary="Get an agent"
)
async def get_agent(agent: Found, response: Response) -> Agent:
    return _tagged(agent, response)


@router.patch(
    "/{agent_id}",
    response_model=AgentRead,
    dependencies=[OPERATOR],
    responses=CHANGE,
    summary="Change an agent",
)
async def update_agent(
    agent: Changeable, changes: AgentUpdate, db: Db, settings: AppSettings, response: Response
) -> Agent:
    """Makes a new version. Sessions that already run stay as they were started."""
    return _tagged(await service.update_agent(db, settings, agent, changes), response)


@router.delete(
    "/{agent_id}",
    status_code=204,
    dependencies=[OPERATOR],
    responses=CHANGE,
    summary="Delete an agent",
)
async def delete_agent(agent: Changeable, db: Db) -> None:
    """With its versions. Its sessions, their turns and transcripts stay."""
    await service.delete_agent(db, agent)


@router.post(
    "/{agent_id}/archive",
    response_model=AgentRead,
    dependencies=[OPERATOR],
    responses=CHANGE,
    summary="Archive an agent",
)
async def archive_agent(agent: Changeable, db: Db, response: Response) -> Agent:
    """It starts no more sessions, and is listed only if asked for."""
    return _tagged(await service.archive_agent(db, agent), response)


@router.post(
    "/{agent_id}/unarchive",
    response_model=AgentRead,
    dependencies=[OPERATOR],
    responses=CHANGE,
    summary="Use it again",
)
async def unarchive_agent(agent: Changeable, db: Db, response: Response) -> Agent:
    return _tagged(await service.unarchive_agent(db, agent), response)


@router.post(
    "/{agent_id}/clone",
    response_model=AgentRead,
    status_code=201,
    dependencies=[OPERATOR],
    responses=document(NotFound),
    summary="Clone an agent",
)
async def clone_agent(
    agent: Found,
    db: Db,
    settings: AppSettings,
    response: Response,
    changes: AgentUpdate | None = None,
) -> Agent:
    """Create an agent like this one, but for what is sent. Its name is `Copy of …` if none is."""
    made = await service.clone_agent(db, settings, agent, changes or AgentUpdate())
    return _tagged(made, response)


def _tagged(agent: Agent, response: Response) -> Agent:
    response.headers["etag"] = make_etag(agent.version)
    return agent

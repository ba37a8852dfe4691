"""Stored agents. Each call is also there under its name of before 2026, without `/auto`."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from agents_admin.simulator.agents import Agent, AgentRequest, AgentUpdate
from agents_admin.simulator.endpoints.errors import ServiceRefused, ServiceRoute
from agents_admin.simulator.endpoints.keys import ServiceAccount
from agents_admin.simulator.simulator import CurrentSimulator

agents = APIRouter(route_class=ServiceRoute)


async def find_agent(agent_id: str, account: ServiceAccount, simulator: CurrentSimulator) -> Agent:
    agent = simulator.agents.find(account, agent_id)
    if agent is None:
        raise ServiceRefused(404, "Agent not found")
    return agent


FoundAgent = Annotated[Agent, Depends(find_agent)]


@agents.post("/agent", status_code=201)
async def create_agent(
    account: ServiceAccount, request: AgentRequest, simulator: CurrentSimulator
) -> Agent:
    return simulator.agents.create(account, request)


@agents.get("/agents")
async def list_agents(account: ServiceAccount, simulator: CurrentSimulator) -> list[Agent]:
    return simulator.agents.of(account)


@agents.get("/agent/{agent_id}")
async def get_agent(agent: FoundAgent) -> Agent:
    return agent


@agents.put("/agent/{agent_id}", response_class=Response)
async def update_agent(agent: FoundAgent, update: AgentUpdate, simulator: CurrentSimulator) -> None:
    """Change what is given. Simli documents no answer, so there is none."""
    simulator.agents.update(agent, update)


@agents.delete("/agent/{agent_id}", status_code=204)
async def delete_agent(agent: FoundAgent, simulator: CurrentSimulator) -> None:
    simulator.agents.delete(agent)


router = APIRouter()
router.include_router(agents, prefix="/auto")
router.include_router(agents)


@router.get("/ping")
async def ping() -> dict[str, str]:
    return {"message": "pong"}

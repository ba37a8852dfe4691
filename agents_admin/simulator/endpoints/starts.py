"""Start a session: of the request's own making, or of a stored agent with a token."""

from typing import Annotated

from fastapi import APIRouter, Header, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse

from agents_admin.simulator.endpoints.keys import Account
from agents_admin.simulator.hooks import provider_faults
from agents_admin.simulator.payloads import StartedSession, StartSession
from agents_admin.simulator.rooms import Room
from agents_admin.simulator.simulator import CurrentSimulator, Simulator
from agents_admin.simulator.stored_start import start_request
from agents_admin.simulator.tokens import Token

router = APIRouter(prefix="/auto/start")


@router.post("/configurable")
async def start_configurable(
    account: Account, config: StartSession, simulator: CurrentSimulator, request: Request
) -> StartedSession:
    """Start a session; the visitor of the script joins at once and calls the custom LLM."""
    if simulator.behaviour.starts.provider_rules and (faults := provider_faults(config.llm_config)):
        raise RequestValidationError(faults)
    return _started(simulator.start(config, account, str(request.base_url)))


@router.get("/{agent_id}/{session_token}", response_model=StartedSession)
@router.post("/{agent_id}/{session_token}", response_model=StartedSession)
async def start_agent(
    agent_id: str,
    session_token: str,
    simulator: CurrentSimulator,
    request: Request,
    redirect: bool = False,
) -> StartedSession | RedirectResponse:
    """Start a stored agent. Simli documents GET under an operation that is named POST."""
    token = _admit(simulator, session_token, request.headers.get("origin"))
    agent = simulator.agents.find(token.account, agent_id)
    if agent is None:
        raise HTTPException(404, "Agent not found")
    config = start_request(agent, token)
    room = simulator.start(config, token.account, str(request.base_url))
    return RedirectResponse(room.url, 307) if redirect else _started(room)


@router.get("/{agent_id}", response_model=StartedSession)
@router.post("/{agent_id}", response_model=StartedSession)
async def start_agent_by_header(
    agent_id: str,
    session_token: Annotated[str, Header()],
    simulator: CurrentSimulator,
    request: Request,
    redirect: bool = False,
) -> StartedSession | RedirectResponse:
    """The same with the token in the header `session-token`, as documents of 2025 have it."""
    return await start_agent(agent_id, session_token, simulator, request, redirect)


def _admit(simulator: Simulator, session_token: str, origin: str | None) -> Token:
    token = simulator.tokens.find(session_token)
    if token is None or token.expired:
        raise HTTPException(401, "Invalid or expired session token")
    unlisted = simulator.behaviour.starts.unlisted_origins == "allowed"
    if not token.admits(origin, unlisted=unlisted):
        raise HTTPException(401, "Origin not allowed")
    return token


def _started(room: Room) -> StartedSession:
    return StartedSession(room_url=room.url, session_id=room.session_id)

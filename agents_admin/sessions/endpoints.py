from uuid import UUID

from fastapi import APIRouter

from agents_admin.auth import OPERATOR
from agents_admin.database import Db
from agents_admin.dependencies import AppSettings, Simli
from agents_admin.errors import Conflict, NotConfigured, NotFound, VendorBusy, VendorFailed
from agents_admin.models import AgentSession, SessionStatus
from agents_admin.paging import Page, Paging, Rows
from agents_admin.problems import document
from agents_admin.sessions import service
from agents_admin.sessions.schemas import SessionDetail, SessionRead, TurnCount
from agents_admin.turns.service import count_turns

router = APIRouter(tags=["sessions"])


@router.post(
    "/agents/{agent_id}/sessions",
    response_model=SessionRead,
    status_code=201,
    dependencies=[OPERATOR],
    responses=document(NotFound, Conflict, VendorFailed, VendorBusy, NotConfigured),
    summary="Start a session",
)
async def start_session(
    agent_id: UUID, db: Db, simli: Simli, settings: AppSettings
) -> AgentSession:
    """Start a conversation at Simli; the answer's `room_url` is where to join it.

    If Simli fails, the problem's `session_id` is the failed session, which keeps the reason.
    """
    return await service.start_session(db, simli, settings, agent_id)


@router.get("/sessions", response_model=Page[SessionRead], summary="List sessions, newest first")
async def list_sessions(
    db: Db, page: Paging, agent_id: UUID | None = None, status: SessionStatus | None = None
) -> Rows[AgentSession]:
    return await service.list_sessions(db, page, agent_id, status)


@router.get("/sessions/{session_id}", responses=document(NotFound), summary="Get a session")
async def get_session(session_id: UUID, db: Db) -> SessionDetail:
    """With the number of its turns: an active session without any was never called by Simli."""
    session = SessionRead.model_validate(await service.get_session(db, session_id))
    count = TurnCount.model_validate(await count_turns(db, session_id))
    return SessionDetail(**session.model_dump(), **count.model_dump())

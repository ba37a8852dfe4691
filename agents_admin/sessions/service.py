import logging
from uuid import UUID

import uuid6
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agents_admin.agents.service import get_agent
from agents_admin.audit.changes import record_change
from agents_admin.errors import Conflict, NotFound, VendorFailed, vendor_failed
from agents_admin.models import (
    Agent,
    AgentSession,
    AuditAction,
    SessionStatus,
    TranscriptState,
    utc_now,
)
from agents_admin.paging import PageRequest, Rows, newest_first
from agents_admin.sessions.start_request import (
    make_start_request,
    require_session_keys,
    session_lifetime,
)
from agents_admin.settings import Settings
from agents_admin.simli import SimliClient, SimliError, StartedSession

logger = logging.getLogger(__name__)


async def start_session(
    db: AsyncSession, simli: SimliClient, settings: Settings, agent_id: UUID
) -> AgentSession:
    """Start a conversation with an agent. Raises VendorFailed, and keeps the reason.

    The row is committed before Simli is called. Should this process die in between, or be
    cancelled, it stays `starting` and can be found; the other way round, Simli would bill for a
    session that nobody here has heard of.
    """
    keys = require_session_keys(settings)
    agent = await get_agent(db, agent_id)
    _require_active(agent)
    _require_settings_of(agent, settings)
    session = _new_session(agent)
    db.add(session)
    record_change(db, AuditAction.START, session)
    await db.commit()

    try:
        started = await simli.start_session(make_start_request(agent, session, keys, settings))
    except SimliError as exc:
        logger.warning("session %s failed at Simli: %s", session.id, type(exc).__name__)
        problem = vendor_failed(exc, session_id=str(session.id))
        await _record_failure(db, session, problem)
        raise problem from exc
    # Should the commit fail, this line is all that tells which of Simli's sessions it is.
    logger.info("session %s is %s at Simli", session.id, started.session_id)
    await _record_start(db, session, started, create_transcript=agent.create_transcript)
    return session


async def list_sessions(
    db: AsyncSession, page: PageRequest, agent_id: UUID | None, status: SessionStatus | None
) -> Rows[AgentSession]:
    query = select(AgentSession)
    if agent_id:
        query = query.where(AgentSession.agent_id == agent_id)
    if status:
        query = query.where(AgentSession.status == status)
    return await newest_first(db, AgentSession, query, page)


async def get_session(db: AsyncSession, session_id: UUID) -> AgentSession:
    """Raises NotFound."""
    session = await db.get(AgentSession, session_id)
    if session is None:
        raise NotFound(f"There is no session {session_id}.")
    return session


def _require_active(agent: Agent) -> None:
    """Raises Conflict."""
    if agent.archived_at:
        raise Conflict(
            "The agent is archived, and starts no sessions. Unarchive it first:"
            f" POST /v1/agents/{agent.id}/unarchive."
        )


def _require_settings_of(agent: Agent, settings: Settings) -> None:
    """Raises Conflict when they have changed since the agent was told of them."""
    if agent.model not in settings.models:
        raise Conflict(f"The agent's model {agent.model!r} is no longer in the settings' `models`.")
    if agent.voice_policy and agent.voice_policy not in settings.voices:
        raise Conflict(
            f"The agent's voice policy {agent.voice_policy!r} is no longer in the settings'"
            " `voices`."
        )


def _new_session(agent: Agent) -> AgentSession:
    now = utc_now()
    return AgentSession(
        id=uuid6.uuid7(),
        agent_id=agent.id,
        agent_version=agent.version,
        agent_name=agent.name,
        model=agent.model,
        language=agent.language,
        created_at=now,
        expires_at=now + session_lifetime(agent),
    )


async def _record_failure(db: AsyncSession, session: AgentSession, problem: VendorFailed) -> None:
    session.status = SessionStatus.FAILED
    session.failure = problem.detail
    session.ended_at = utc_now()
    await db.commit()


async def _record_start(
    db: AsyncSession, session: AgentSession, started: StartedSession, *, create_transcript: bool
) -> None:
    session.status = SessionStatus.ACTIVE
    session.simli_session_id = started.session_id
    session.room_url = started.room_url
    session.started_at = utc_now()
    if create_transcript:
        session.transcript_state = TranscriptState.PENDING
    await db.commit()

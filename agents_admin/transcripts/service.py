from typing import Any
from uuid import UUID

import uuid6
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agents_admin.audit.changes import record_change
from agents_admin.database import insert_into
from agents_admin.errors import Conflict, NotFound, vendor_failed
from agents_admin.models import (
    AgentSession,
    AuditAction,
    SessionStatus,
    Transcript,
    TranscriptSource,
    TranscriptState,
    utc_now,
)
from agents_admin.sessions.service import get_session
from agents_admin.simli import SimliClient, SimliError, TranscriptAnswer, TranscriptReady
from agents_admin.transcripts.entries import read_entries, says_nothing

WHAT_TO_DO = {
    TranscriptState.NONE: "Simli was not asked for one: its agent has `create_transcript` off, "
    "or it never started. Its turns are kept in any case.",
    TranscriptState.PENDING: "Pull it when the conversation is over.",
    TranscriptState.STORED: "It has been deleted.",
    TranscriptState.UNAVAILABLE: "Simli never had one; pulling again asks once more.",
}


async def get_transcript(db: AsyncSession, session_id: UUID) -> Transcript:
    """Raises NotFound, which says what to do."""
    session = await get_session(db, session_id)
    transcript = await _find(db, session_id)
    if transcript is None:
        state = session.transcript_state
        detail = f"There is no transcript of session {session_id}. {WHAT_TO_DO[state]}"
        raise NotFound(detail, transcript_state=state)
    return transcript


async def pull_transcript(
    db: AsyncSession, simli: SimliClient, session: AgentSession
) -> Transcript | None:
    """Ask Simli now, and store what it has. None: it has nothing yet.

    One that is stored already is given when Simli has none any more. Raises Conflict when there
    is nothing to ask for, and VendorFailed.
    """
    simli_session_id = _require_transcript(session)
    await db.commit()

    answer = await _ask(simli, simli_session_id)
    if isinstance(answer, TranscriptReady) and not says_nothing(answer.raw):
        await _store(db, session, answer.raw)
    return await _find(db, session.id)


def _require_transcript(session: AgentSession) -> str:
    if session.simli_session_id is None:
        raise Conflict("The session never started at Simli, so there is no transcript of it.")
    if session.transcript_state is TranscriptState.NONE:
        raise Conflict("The session was started without a transcript. Its turns are kept.")
    return session.simli_session_id


async def _ask(simli: SimliClient, simli_session_id: str) -> TranscriptAnswer:
    try:
        return await simli.transcript(simli_session_id)
    except SimliError as exc:
        raise vendor_failed(exc) from exc


async def _store(db: AsyncSession, session: AgentSession, raw: Any) -> None:
    """Keep one row for each session, also when two pull it at once."""
    values = {
        "raw": raw,
        "entries": read_entries(raw),
        "source": TranscriptSource.SIMLI,
        "pulled_at": utc_now(),
    }
    insert = insert_into(Transcript, db).values(id=uuid6.uuid7(), session_id=session.id, **values)
    await db.execute(insert.on_conflict_do_update(index_elements=["session_id"], set_=values))
    session.transcript_state = TranscriptState.STORED
    if session.status is not SessionStatus.ENDED:
        session.status = SessionStatus.ENDED
        session.ended_at = utc_now()
    record_change(db, AuditAction.PULL_TRANSCRIPT, session)
    await db.commit()


async def _find(db: AsyncSession, session_id: UUID) -> Transcript | None:
    return await db.scalar(select(Transcript).where(Transcript.session_id == session_id))

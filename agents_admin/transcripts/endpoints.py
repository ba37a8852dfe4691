from uuid import UUID

from fastapi import APIRouter, Response, status
from fastapi.encoders import jsonable_encoder
from fastapi.responses import JSONResponse

from agents_admin.auth import OPERATOR
from agents_admin.database import Db
from agents_admin.dependencies import Simli
from agents_admin.errors import Conflict, NotFound, VendorBusy, VendorFailed
from agents_admin.models import Transcript
from agents_admin.problems import document
from agents_admin.sessions.service import get_session
from agents_admin.transcripts import service
from agents_admin.transcripts.schemas import TranscriptPending, TranscriptRead

router = APIRouter(prefix="/sessions/{session_id}/transcript", tags=["transcripts"])


@router.get(
    "",
    response_model=TranscriptRead,
    responses=document(NotFound),
    summary="Get a stored transcript",
)
async def get_transcript(session_id: UUID, db: Db) -> Transcript:
    """Without asking Simli. A 404's `transcript_state` tells whether it is worth a pull."""
    return await service.get_transcript(db, session_id)


@router.post(
    "/pull",
    response_model=TranscriptRead,
    dependencies=[OPERATOR],
    responses={
        202: {"model": TranscriptPending, "description": "Simli has none yet"},
        **document(NotFound, Conflict, VendorFailed, VendorBusy),
    },
    summary="Ask Simli for a transcript",
)
async def pull_transcript(session_id: UUID, db: Db, simli: Simli) -> Transcript | Response:
    """Store what Simli has now. Pulling again updates it.

    The session counts as ended then, and its key opens the streaming server no more.
    """
    session = await get_session(db, session_id)
    if transcript := await service.pull_transcript(db, simli, session):
        return transcript
    pending = TranscriptPending(session_id=session_id, transcript_state=session.transcript_state)
    return JSONResponse(jsonable_encoder(pending), status.HTTP_202_ACCEPTED)

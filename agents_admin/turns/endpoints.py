from uuid import UUID

from fastapi import APIRouter

from agents_admin.database import Db
from agents_admin.errors import NotFound
from agents_admin.problems import document
from agents_admin.sessions.service import get_session
from agents_admin.turns import service
from agents_admin.turns.schemas import TurnList, TurnRead

router = APIRouter(tags=["turns"])


@router.get(
    "/sessions/{session_id}/turns",
    responses=document(NotFound),
    summary="List the turns of a session, in order",
)
async def list_turns(session_id: UUID, db: Db) -> TurnList:
    """What this server was asked and what it answered, whatever Simli's transcript says."""
    await get_session(db, session_id)
    turns = await service.list_turns(db, session_id)
    reads = map(TurnRead.model_validate, turns)
    return TurnList(
        items=[read.model_copy(update={"index": index}) for index, read in enumerate(reads)]
    )

from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Query
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from agents_admin.simulator.endpoints.keys import AccountByAnyKey
from agents_admin.simulator.simulator import CurrentSimulator
from agents_admin.simulator.transcripts import is_ready, transcript

router = APIRouter()

_MISSING = {"type": "missing", "loc": ("query", "sessionId"), "msg": "Field required"}


async def find_session_id(
    session_id: str,
    simulator: CurrentSimulator,
    heard_in: Annotated[str | None, Query(alias="sessionId")] = None,
) -> str:
    """The id in the path means nothing: Simli renamed it there, which left its function's
    argument a required query parameter.
    """
    if simulator.behaviour.transcripts.id_in == "path":
        return session_id
    if heard_in is None:
        raise RequestValidationError([_MISSING])
    return heard_in


@router.get("/auto/transcript/{session_id}", response_model=None)
async def get_transcript(
    account: AccountByAnyKey,
    session_id: Annotated[str, Depends(find_session_id)],
    simulator: CurrentSimulator,
) -> Any:
    """Return what was said and heard, once the conversation is over and the delay has passed."""
    room = simulator.rooms.of_session(session_id)
    if room is None or room.account != account or not room.config.create_transcript:
        raise HTTPException(404, "Transcript not found")
    transcripts = simulator.behaviour.transcripts
    if is_ready(room, transcripts):
        return transcript(room, transcripts)
    match transcripts.meanwhile:
        case "not_found":
            raise HTTPException(404, "Transcript not found")
        case "accepted":
            return JSONResponse(None, 202)
        case "empty":
            return []

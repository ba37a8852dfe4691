"""Simli Auto: start a session, look into its room, fetch its transcript."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, HTTPException, Query, Request
from fastapi.responses import HTMLResponse

from agents_admin.simulator import page
from agents_admin.simulator.payloads import StartedSession, StartSession, TranscriptEntry
from agents_admin.simulator.simulator import CurrentSimulator


def require_key(
    simulator: CurrentSimulator, x_simli_api_key: Annotated[str, Header()] = ""
) -> None:
    if not simulator.admits(x_simli_api_key):
        raise HTTPException(401, "Invalid API key")


router = APIRouter()
authenticated = APIRouter(prefix="/auto", dependencies=[Depends(require_key)])


@authenticated.post("/start/configurable")
async def start_configurable(
    config: StartSession, simulator: CurrentSimulator, request: Request
) -> StartedSession:
    """Start a session; the visitor of the script joins at once and calls the custom LLM."""
    room = simulator.start(config, str(request.base_url))
    return StartedSession(room_url=room.url, session_id=room.session_id)


@authenticated.get("/transcript/{session_id}")
async def get_transcript(
    session_id: str, simulator: CurrentSimulator, heard_in: Annotated[str, Query(alias="sessionId")]
) -> list[TranscriptEntry]:
    """Return what was said and heard, once the conversation is over.

    The id in the path means nothing: Simli renamed it there, which left its function's
    argument a required query parameter.
    """
    room = simulator.rooms.of_session(heard_in)
    if room is None or room.end_reason is None or not room.config.create_transcript:
        raise HTTPException(404, "Transcript not found")
    return room.transcript()


@router.get("/rooms/{name}", response_class=HTMLResponse)
async def show_room(name: str, simulator: CurrentSimulator) -> str:
    """Show a person what was said and heard so far. Joining a room needs no key."""
    room = simulator.rooms.named(name)
    if room is None:
        raise HTTPException(404, "Room not found")
    return page.render(room)


router.include_router(authenticated)

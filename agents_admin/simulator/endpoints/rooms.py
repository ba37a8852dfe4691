"""What Simli has a video call for. Joining a room needs no key."""

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException
from fastapi.responses import HTMLResponse

from agents_admin.simulator import page
from agents_admin.simulator.listening import ListeningLog, listening_log
from agents_admin.simulator.rooms import Room
from agents_admin.simulator.simulator import CurrentSimulator

router = APIRouter(prefix="/rooms/{name}")


async def find_room(name: str, simulator: CurrentSimulator) -> Room:
    room = simulator.rooms.named(name)
    if room is None:
        raise HTTPException(404, "Room not found")
    return room


FoundRoom = Annotated[Room, Depends(find_room)]


@router.get("", response_class=HTMLResponse)
async def show_room(room: FoundRoom) -> str:
    """Show a person what was said and heard so far."""
    return page.render(room)


@router.get("/log")
async def export_log(room: FoundRoom) -> ListeningLog:
    """Return the same for a program."""
    return listening_log(room)

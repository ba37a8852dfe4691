"""The transcript of a room, in every shape in which Simli might give it: none is published."""

from datetime import UTC, datetime, timedelta
from typing import Any, assert_never

from agents_admin.simulator.behaviour import Transcripts
from agents_admin.simulator.rooms import Room


def is_ready(room: Room, transcripts: Transcripts) -> bool:
    if room.ended_at is None:
        return False
    return room.ended_at + timedelta(seconds=transcripts.delay_s) <= datetime.now(UTC)


def transcript(room: Room, transcripts: Transcripts) -> Any:
    """Return what was said and heard. What nobody heard is not in it."""
    entries = [
        {"role": spoken.role, "content": spoken.content, "timestamp": spoken.at.isoformat()}
        for spoken in room.spoken
        if spoken.content
    ]
    match transcripts.shape:
        case "list":
            return entries
        case "wrapped":
            return {"transcript": entries}
        case "nothing":
            return {}
        case "text":
            return "\n".join(f"{entry['role']}: {entry['content']}" for entry in entries)
        case never:
            assert_never(never)

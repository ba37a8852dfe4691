from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from agents_admin.models import SessionStatus, TranscriptState


class SessionRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    agent_id: UUID | None = Field(description="Null when the agent has been deleted.")
    agent_version: int | None = Field(
        description="The version of the agent that it runs; null for sessions from before versions."
    )
    agent_name: str
    model: str
    language: str
    status: SessionStatus
    failure: str | None = Field(description="Why the session failed, and what to do.")
    simli_session_id: str | None
    room_url: str | None = Field(description="Where to join the conversation.")
    transcript_state: TranscriptState
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    expires_at: datetime


class TurnCount(BaseModel):
    """An active session without turns: the avatar runs, but Simli has never called this server."""

    model_config = ConfigDict(from_attributes=True)

    turn_count: int
    first_turn_at: datetime | None
    last_turn_at: datetime | None


class SessionDetail(SessionRead, TurnCount):
    pass

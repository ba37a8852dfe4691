from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from agents_admin.models.base import Base, Keyed, utc_now


class SessionStatus(StrEnum):
    STARTING = "starting"
    """Simli has been asked, or will be in a moment. After a crash: nobody knows the answer."""
    ACTIVE = "active"
    ENDED = "ended"
    FAILED = "failed"


class TranscriptState(StrEnum):
    NONE = "none"
    """Nothing to wait for: Simli was not asked for a transcript, or the session never started."""
    PENDING = "pending"
    STORED = "stored"
    UNAVAILABLE = "unavailable"


class AgentSession(Keyed, Base):
    """One conversation with an agent. Outlives the agent, so it keeps what it was started with."""

    __tablename__ = "sessions"

    agent_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("agents.id", ondelete="SET NULL"), index=True
    )
    agent_version: Mapped[int | None]
    """Which version of the agent runs here; None for sessions from before agents had versions."""
    agent_name: Mapped[str] = mapped_column(String(200))
    model: Mapped[str] = mapped_column(String(200))
    language: Mapped[str] = mapped_column(String(35))
    status: Mapped[SessionStatus] = mapped_column(default=SessionStatus.STARTING, index=True)
    failure: Mapped[str | None] = mapped_column(Text)
    simli_session_id: Mapped[str | None] = mapped_column(String(200))
    room_url: Mapped[str | None] = mapped_column(Text)
    transcript_state: Mapped[TranscriptState] = mapped_column(default=TranscriptState.NONE)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    """When the session's key stops opening the streaming server."""

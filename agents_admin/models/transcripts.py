from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from agents_admin.models.base import Base, Keyed


class TranscriptSource(StrEnum):
    SIMLI = "simli"


class Transcript(Keyed, Base):
    """What was said in a session, as Simli heard it."""

    __tablename__ = "transcripts"

    session_id: Mapped[UUID] = mapped_column(
        ForeignKey("sessions.id", ondelete="CASCADE"), unique=True
    )
    # JSON, not PostgreSQL's JSONB: that one refuses characters which JSON allows (\u0000),
    # and this is kept as it came.
    raw: Mapped[Any] = mapped_column(JSON)
    entries: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    """Each `{role, text, at}`; empty where the shape of `raw` is not known."""
    source: Mapped[TranscriptSource]
    pulled_at: Mapped[datetime]

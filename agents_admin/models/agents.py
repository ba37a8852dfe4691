from datetime import datetime
from enum import StrEnum

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from agents_admin.models.base import Base, Keyed, utc_now


class VoiceProvider(StrEnum):
    """Who speaks; the values are Simli's."""

    ELEVENLABS = "ElevenLabs"
    PLAYHT = "PlayHT"
    CARTESIA = "Cartesia"
    USER = "User"


class Agent(Keyed, Base):
    """A persona: face, voice, prompt and the model that answers. None leaves a choice to Simli."""

    __tablename__ = "agents"

    name: Mapped[str] = mapped_column(String(200))
    face_id: Mapped[str | None] = mapped_column(String(200))
    voice_provider: Mapped[VoiceProvider | None]
    voice_id: Mapped[str | None] = mapped_column(String(200))
    voice_model: Mapped[str | None] = mapped_column(String(200))
    language: Mapped[str] = mapped_column(String(35))
    first_message: Mapped[str | None] = mapped_column(Text)
    system_prompt: Mapped[str | None] = mapped_column(Text)
    model: Mapped[str] = mapped_column(String(200))
    voice_policy: Mapped[str | None] = mapped_column(String(200))
    """How its answers are made fit to be heard; None leaves that to the model."""
    max_session_length_s: Mapped[int]
    max_idle_time_s: Mapped[int]
    create_transcript: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(default=utc_now, onupdate=utc_now)

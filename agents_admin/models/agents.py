from datetime import datetime
from enum import StrEnum

from sqlalchemy import JSON, String, Text
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
    labels: Mapped[dict[str, str]] = mapped_column(JSON, default=dict, server_default="{}")
    archived_at: Mapped[datetime | None]
    """Since when it starts no sessions; None while it does."""
    simli_agent_id: Mapped[str | None] = mapped_column(String(200), unique=True, index=True)
    """Its copy at Simli, which is ours to change; None where there is none."""
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(default=utc_now, onupdate=utc_now)

    # Counts every change, and refuses one that was made to an older version than is stored.
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy types it so

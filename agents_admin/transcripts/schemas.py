from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from agents_admin.models import TranscriptSource, TranscriptState


class EntryRead(BaseModel):
    role: str | None = Field(description="`user`, `assistant`, or whatever Simli says.")
    text: str
    at: datetime | None


class TranscriptRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    session_id: UUID
    source: TranscriptSource
    pulled_at: datetime
    entries: list[EntryRead] = Field(
        description="Empty when the shape of Simli's answer is not known: see `raw`."
    )
    raw: Any = Field(description="Simli's answer as it came.")


class TranscriptPending(BaseModel):
    """Simli has no transcript yet."""

    session_id: UUID
    transcript_state: TranscriptState
    detail: str = "Simli has no transcript of this session yet. Pull again in a while."

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from llm_server import Outcome


class TurnRead(BaseModel):
    """One request and its answer. Durations are seconds since the request was read."""

    model_config = ConfigDict(from_attributes=True)

    index: int = Field(0, description="Place in the session, from 0.")
    id: UUID
    started_at: datetime
    model: str
    answered_by: str | None
    user_text: str | None
    answer_text: str
    outcome: Outcome
    finish_reason: str | None
    error: str | None
    prompt_tokens: int | None
    completion_tokens: int | None
    ttft_s: float | None
    first_sentence_s: float | None
    duration_s: float


class TurnList(BaseModel):
    items: list[TurnRead]

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from llm_server import Outcome
from llm_server.events import AsideKind, ToolOutcome


class AsideRead(BaseModel):
    """Words of the server's own: the model did not say them, and the visitor heard them."""

    kind: AsideKind = Field(
        description="`filler`: while the answer was late. `working`: while a tool ran. "
        "`apology`: instead of an answer, or of its rest."
    )
    text: str
    at: int = Field(description="How many characters of `answer_text` came before it.")


class AttemptRead(BaseModel):
    """A model that was asked, and how it fared until somebody began to answer."""

    model: str
    outcome: str = Field(
        description="`answered`, `overtaken` by another, or a short stable word for what failed."
    )
    began_s: float = Field(description="When it was asked.")
    first_content_s: float | None = Field(description="What it then took to begin.")


class ToolRead(BaseModel):
    """A tool that ran, never with what, and what it said."""

    name: str = Field(description="As the model called it.")
    duration_s: float
    outcome: ToolOutcome = Field(
        description="`invalid` arguments, and an `unknown` tool, are the model's mistakes."
    )


class TurnRead(BaseModel):
    """One request and its answer. Durations are seconds since the request was read."""

    model_config = ConfigDict(from_attributes=True)

    index: int = Field(0, description="Place in the session, from 0.")
    id: UUID
    started_at: datetime
    model: str
    answered_by: str | None
    user_text: str | None
    answer_text: str = Field(description="What was sent of the model's words.")
    asides: list[AsideRead] = Field(description="What was sent besides, in order.")
    sent_text: str = Field(description="Both together, in the order in which they were heard.")
    attempts: list[AttemptRead] = Field(description="The models that were asked.")
    tools: list[ToolRead] = Field(description="The tools that ran for it.")
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

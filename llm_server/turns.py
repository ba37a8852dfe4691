"""The record of one turn: what was asked, what was sent back, how long it took."""

import logging
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

logger = logging.getLogger(__name__)


class Outcome(StrEnum):
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    """The caller hung up: a barge-in, or the end of the session."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One request and its answer. Durations are seconds since the request was read."""

    id: UUID
    started_at: datetime
    """Aware, in UTC."""
    model: str
    """The model asked for, or the one the session key decides."""
    answered_by: str | None = None
    """The model that answered: `model`, one of its fallbacks, or None if none did."""
    session_id: UUID | None = None
    agent_id: UUID | None = None
    user_text: str | None = None
    """The last user message; None when the caller sent none."""
    answer_text: str = ""
    """What was sent. After a hang-up: only what was sent until then."""
    outcome: Outcome
    finish_reason: str | None = None
    error: str | None = None
    """A short stable word for what failed, also when an apology was sent instead."""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    ttft_s: float | None = None
    """Until the first text or tool delta left the backend."""
    first_sentence_s: float | None = None
    """Until the first whole sentence had been sent: what a text-to-speech can begin with."""
    duration_s: float


class TurnSink(Protocol):
    """Where turns go when their last byte has left."""

    def record(self, turn: Turn) -> None:
        """Take a turn at once and without waiting: a caller's stream is on this thread.

        Must not raise.
        """
        ...


class LogTurnSink:
    """Writes a line for each turn: how it went, never what was said."""

    def record(self, turn: Turn) -> None:
        logger.info(
            "turn %s session=%s model=%s answered_by=%s outcome=%s error=%s ttft_s=%s"
            " duration_s=%.3f",
            turn.id,
            turn.session_id,
            turn.model,
            turn.answered_by,
            turn.outcome,
            turn.error,
            f"{turn.ttft_s:.3f}" if turn.ttft_s is not None else None,
            turn.duration_s,
        )

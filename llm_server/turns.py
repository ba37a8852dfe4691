"""The record of one turn: what was asked, what was sent back, how long it took."""

import logging
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from llm_server.events import AsideKind, Attempted, ToolRan

logger = logging.getLogger(__name__)


class Outcome(StrEnum):
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    """The caller hung up: a barge-in, or the end of the session."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Words of the server's own in an answer."""

    kind: AsideKind
    text: str
    at: int
    """How many characters of the model's words were sent before it."""


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
    """What was sent of the model's words. After a hang-up: only what was sent until then."""
    asides: tuple[Said, ...] = ()
    """What was sent besides, on the server's own account: a filler, an apology."""
    attempts: tuple[Attempted, ...] = ()
    """The backends that were asked, in the order in which it was known how they fared."""
    tools: tuple[ToolRan, ...] = ()
    """The tools that ran here for it."""
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

    @property
    def request_id(self) -> str:
        """What the caller got as `x-request-id`, and as the completion's id."""
        return request_id(self.id)


def request_id(turn_id: UUID) -> str:
    return f"chatcmpl-{turn_id.hex}"


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
        fields = {
            "request": turn.request_id,
            "session": turn.session_id,
            "model": turn.model,
            "answered_by": turn.answered_by,
            "attempts": _attempts(turn),
            "outcome": turn.outcome.value,
            "error": turn.error,
            "ttft_s": _rounded(turn.ttft_s),
            "first_sentence_s": _rounded(turn.first_sentence_s),
            "duration_s": _rounded(turn.duration_s),
        }
        words = " ".join(f"{name}={value}" for name, value in fields.items() if value is not None)
        # The fields are for the JSON log, in which they are members of their own.
        logger.info("turn %s", words, extra={"fields": fields})


def _attempts(turn: Turn) -> str | None:
    """Only where more happened than that the first one answered."""
    if len(turn.attempts) < 2:
        return None
    return ",".join(f"{attempt.model}:{attempt.outcome}" for attempt in turn.attempts)


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)

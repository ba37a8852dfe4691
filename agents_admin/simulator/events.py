"""What an observer is told of the conversations: one small record for each thing that happens."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class EndReason(StrEnum):
    VISITOR_LEFT = "visitor_left"  # the script is through
    MAX_IDLE_TIME = "max_idle_time"
    MAX_SESSION_LENGTH = "max_session_length"
    NO_CUSTOM_LLM = "no_custom_llm"  # a built-in LLM would answer at Simli; here is none
    FAILED = "failed"  # a defect of the simulator or of its observer
    SHUTDOWN = "shutdown"

    @property
    def closing_reason(self) -> str | None:
        """Simli's own word for it, where it has one."""
        return {"max_idle_time": "IDLE", "max_session_length": "MAX"}.get(self)


@dataclass(frozen=True, slots=True)
class HeardSentence:
    text: str
    at_s: float
    """Since the visitor stopped speaking."""
    mangled: tuple[str, ...]
    """What a voice would make noise of: `url`, `markdown`, `emoji`."""


@dataclass(frozen=True, slots=True)
class HeardTurn:
    """One answer as the visitor heard it. All times count from when the visitor stopped speaking.

    `said` is empty if the custom LLM was called before anybody spoke. `heard` is what goes into
    the history: cut where the visitor interrupted, and trimmed. `cut_off` is the end of it: a
    sentence that had begun when the visitor interrupted, so that no voice came to speak it.
    `error` is the kind of the failure (`NotFoundError 404`), never its text.
    """

    said: str
    said_at: datetime
    heard: str
    sentences: tuple[HeardSentence, ...]  # as released to the text-to-speech engine
    cut_off: str
    ttft_s: float | None  # no text came: None
    first_sentence_s: float | None
    duration_s: float
    pieces: int
    interrupted: bool
    error: str | None

    @property
    def silent(self) -> bool:
        """Did the visitor wait in vain?"""
        return not self.heard and not self.interrupted

    @property
    def remark(self) -> str:
        """What a person should know of it; nothing, if all is well."""
        if self.silent:
            return f"silent: {self.error or 'the answer was empty'}"
        return "interrupted" if self.interrupted else self.error or ""


@dataclass(frozen=True, slots=True)
class ConversationStarted:
    session_id: str
    room_url: str
    first_message: str | None


@dataclass(frozen=True, slots=True)
class TurnStarted:
    session_id: str
    index: int
    said: str


@dataclass(frozen=True, slots=True)
class AnswerPiece:
    session_id: str
    index: int
    text: str


@dataclass(frozen=True, slots=True)
class SentenceHeard:
    session_id: str
    index: int
    sentence: HeardSentence


@dataclass(frozen=True, slots=True)
class TurnEnded:
    session_id: str
    index: int
    turn: HeardTurn


@dataclass(frozen=True, slots=True)
class ConversationEnded:
    session_id: str
    reason: EndReason


Event = (
    ConversationStarted | TurnStarted | AnswerPiece | SentenceHeard | TurnEnded | ConversationEnded
)


class Observer(Protocol):
    """Is told of every event, in order, inside the event loop: it must not block.

    An observer that raises ends the conversation it was told about, with `EndReason.FAILED`.
    """

    def __call__(self, event: Event, /) -> None: ...


def ignore(event: Event, /) -> None:
    """Observe nothing."""

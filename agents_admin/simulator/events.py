"""What an observer is told of the conversations: one small record for each thing that happens."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class EndReason(StrEnum):
    VISITOR_LEFT = "visitor_left"  # the script is through
    MAX_SESSION_LENGTH = "max_session_length"
    NO_CUSTOM_LLM = "no_custom_llm"  # a built-in LLM would answer at Simli; here is none
    FAILED = "failed"  # a defect of the simulator or of its observer
    SHUTDOWN = "shutdown"


@dataclass(frozen=True, slots=True)
class HeardTurn:
    """One answer as the visitor heard it. All times count from the request, in seconds.

    `heard` is what goes into the history: cut where the visitor interrupted, and trimmed.
    `error` is the kind of the LLM's failure (`NotFoundError 404`), never its text.
    """

    said: str
    heard: str
    sentences: tuple[str, ...]  # as released to the text-to-speech engine
    ttft_s: float | None  # no text came: None
    first_sentence_s: float | None
    duration_s: float
    pieces: int
    interrupted: bool
    error: str | None


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
    sentence: str
    at_s: float


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

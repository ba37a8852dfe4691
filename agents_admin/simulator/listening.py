"""The listening log of a room: what was heard and when, for programs."""

from dataclasses import dataclass
from datetime import datetime

from agents_admin.simulator.events import HeardSentence, HeardTurn
from agents_admin.simulator.mangled import mangled
from agents_admin.simulator.rooms import Room


@dataclass(frozen=True, slots=True)
class LoggedTurn:
    said: str
    said_at: datetime
    heard: tuple[HeardSentence, ...]
    cut_off: str
    """What had begun when the visitor interrupted, and was not spoken."""
    silent: bool
    interrupted: bool
    error: str | None
    first_sentence_s: float | None
    duration_s: float


@dataclass(frozen=True, slots=True)
class ListeningLog:
    session_id: str
    room_url: str
    started_at: datetime
    ended_at: datetime | None
    end_reason: str | None
    closing_reason: str | None
    """Simli's own word for it: IDLE or MAX."""
    first_message: str | None
    first_message_mangled: tuple[str, ...]
    turns: tuple[LoggedTurn, ...]


def listening_log(room: Room) -> ListeningLog:
    reason, greeting = room.end_reason, room.config.first_message
    return ListeningLog(
        session_id=room.session_id,
        room_url=room.url,
        started_at=room.started_at,
        ended_at=room.ended_at,
        end_reason=reason,
        closing_reason=reason and reason.closing_reason,
        first_message=greeting,
        first_message_mangled=mangled(greeting or ""),
        turns=tuple(_logged(turn) for turn in room.turns),
    )


def _logged(turn: HeardTurn) -> LoggedTurn:
    return LoggedTurn(
        said=turn.said,
        said_at=turn.said_at,
        heard=turn.sentences,
        cut_off=turn.cut_off,
        silent=turn.silent,
        interrupted=turn.interrupted,
        error=turn.error,
        first_sentence_s=turn.first_sentence_s,
        duration_s=turn.duration_s,
    )

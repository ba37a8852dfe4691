"""Watch one turn while it is sent, and make its record."""

from datetime import UTC, datetime
from time import perf_counter
from uuid import UUID

import uuid6

from llm_server.events import (
    Answering,
    Aside,
    Attempted,
    Delta,
    Event,
    Failed,
    Finish,
    ToolRan,
    Usage,
)
from llm_server.keys import Caller
from llm_server.protocol import ChatRequest
from llm_server.turns import Outcome, Said, Turn, request_id
from llm_server.voice.sentences import END_CHARS, has_sentence


class TurnTimer:
    """Counts what was really sent, so that a turn cut off by a barge-in holds no more than that.

    Call `arrived` with each event as it comes from the backend, and `sent` after it has left.
    `record` at the end: a turn is taken as cancelled unless it was completed or failed before.
    `began` is the `perf_counter` at which the request came, before it was read.
    """

    def __init__(self, caller: Caller, request: ChatRequest, began: float | None = None) -> None:
        self.id: UUID = uuid6.uuid7()
        self._session = caller.session
        self._model = request.model
        self._user_text = request.user_text
        self._started_at = datetime.now(UTC)
        self._start = perf_counter()
        self._began = began or self._start
        self._text: list[str] = []
        self._tail = ""
        self._answered_by: str | None = None
        self._attempts: dict[tuple[str, float], Attempted] = {}
        self._tools: list[ToolRan] = []
        self._asides: list[Said] = []
        self._finish_reason: str | None = None
        self._usage: Usage | None = None
        self._ttft_s: float | None = None
        self._first_sentence_s: float | None = None
        self._outcome = Outcome.CANCELLED
        self._error: str | None = None
        self._duration_s: float | None = None

    @property
    def request_id(self) -> str:
        """The turn's id, as the caller knows it."""
        return request_id(self.id)

    def arrived(self, event: Event) -> None:
        if self._ttft_s is None and _is_answer(event):
            self._ttft_s = self._elapsed()

    def sent(self, event: Event) -> None:
        # No `match`: this runs for each chunk, and the first question is nearly always the last.
        if isinstance(event, Delta):
            if event.index == 0 and (text := event.text):
                if isinstance(event, Aside):
                    at = sum(map(len, self._text))
                    self._asides.append(Said(kind=event.kind, text=text, at=at))
                else:
                    self._say(text)
        elif isinstance(event, Finish):
            if event.index == 0:
                self._finish_reason = event.reason
        elif isinstance(event, Usage):
            self._usage = event
        else:
            self._note(event)

    def _note(self, event: Event) -> None:
        match event:
            case Answering():
                self._answered_by = event.model
            case Attempted():
                # Who answered may break off later: then that is how it fared.
                self._attempts[event.model, event.began_s] = event
            case ToolRan():
                self._tools.append(event)
            case Failed():
                self.fail(event.kind)

    def _say(self, text: str) -> None:
        self._text.append(text)
        if self._first_sentence_s is None:
            # Only the tail is searched again: an answer may be long and have no end mark at all.
            unended = self._tail + text
            if has_sentence(unended, seen=len(self._tail)):
                self._first_sentence_s = self._elapsed()
            self._tail = unended[-END_CHARS:]

    def fail(self, error: str) -> None:
        """Note what went wrong. What is said instead does not make it a completed turn."""
        self._outcome, self._error = Outcome.FAILED, error

    def complete(self) -> None:
        """All of the answer was sent. Its usage may still come."""
        self._duration_s = self._elapsed()
        if self._outcome is not Outcome.FAILED:
            self._outcome = Outcome.COMPLETED
        if self._first_sentence_s is None and self._text:
            # The end of the answer ends its last sentence, whatever its last character.
            self._first_sentence_s = self._elapsed()

    def record(self) -> Turn:
        session = self._session
        usage = self._usage.usage if self._usage else {}
        return Turn(
            id=self.id,
            started_at=self._started_at,
            model=self._model,
            answered_by=self._answered_by,
            session_id=session.session_id if session else None,
            agent_id=session.agent_id if session else None,
            user_text=self._user_text,
            answer_text="".join(self._text),
            asides=tuple(self._asides),
            attempts=tuple(self._attempts.values()),
            tools=tuple(self._tools),
            outcome=self._outcome,
            finish_reason=self._finish_reason,
            error=self._error,
            prompt_tokens=usage.get("prompt_tokens"),
            completion_tokens=usage.get("completion_tokens"),
            ttft_s=self._ttft_s,
            first_sentence_s=self._first_sentence_s,
            duration_s=self._elapsed() if self._duration_s is None else self._duration_s,
        )

    def server_timing(self) -> str:
        """A `Server-Timing` header: reading the request, and waiting for the upstream since."""
        read_ms = (self._start - self._began) * 1000
        return f"auth;dur={read_ms:.1f}, upstream;dur={self._elapsed() * 1000:.1f}"

    def _elapsed(self) -> float:
        return perf_counter() - self._start


def _is_answer(event: Event) -> bool:
    return isinstance(event, Delta) and event.is_answer and not isinstance(event, Aside)

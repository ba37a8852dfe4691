"""What an avatar says while a tool takes its time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from llm_server.protocol import ChatRequest
from llm_server.tools.settings import Handling


@dataclass(frozen=True, slots=True)
class Line:
    text: str
    after_s: float
    """Since the round began."""


class Lines:
    """The lines of one answer: at most one a round, and never the same twice in a row.

    Only an avatar says them: a plain API caller gets what the model said.
    """

    def __init__(self, request: ChatRequest, defaults: Sequence[str]) -> None:
        session = request.session
        self._language = session.language.partition("-")[0].lower() if session else None
        self._defaults = defaults
        # Turns begin with different phrases, and no replica has to remember the last one.
        self._number: int = sum(message["role"] == "user" for message in request.messages)
        self._last = ""

    def next(self, waiting: Iterable[Handling]) -> Line | None:
        """The line that is due first while these are waited for, if any is."""
        if self._language is None:
            return None
        phrases = ((self._phrase(handling.says), handling.says_after_s) for handling in waiting)
        lines = [Line(*phrase) for phrase in phrases if phrase[0] not in ("", self._last)]
        return min(lines, key=lambda line: line.after_s, default=None)

    def said(self, line: Line) -> None:
        self._last = line.text
        self._number += 1

    def _phrase(self, says: dict[str, list[str]] | None) -> str:
        """One's own come first; `{}` is none at all."""
        if says == {}:
            return ""
        phrases = (says or {}).get(self._language or "", self._defaults)
        return phrases[self._number % len(phrases)] if phrases else ""

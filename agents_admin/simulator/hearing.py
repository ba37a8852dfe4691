"""One answer as the visitor hears it, measured."""

import time

from agents_admin.simulator.events import AnswerPiece, HeardTurn, Observer, SentenceHeard
from agents_admin.simulator.script import Line
from agents_admin.simulator.sentences import SentenceAggregator


class Hearing:
    """Takes the pieces of one answer until it ends or the visitor interrupts.

    The clock starts with the object. Text counts as heard when it arrives: how long a voice
    would take to say it is not simulated.
    """

    def __init__(self, session_id: str, index: int, line: Line, observe: Observer) -> None:
        self._began = time.monotonic()
        self._session_id, self._index, self._line = session_id, index, line
        self._observe = observe
        self._aggregator = SentenceAggregator()
        self._sentences: list[str] = []
        self._text = ""
        self._pieces = 0
        self._ttft_s: float | None = None
        self._first_sentence_s: float | None = None

    @property
    def interrupted(self) -> bool:
        limit = self._line.interrupt_after
        return limit is not None and len(self._text) >= limit

    def take(self, piece: str) -> None:
        """Hear a piece, up to the character at which the visitor interrupts."""
        if self._ttft_s is None:
            self._ttft_s = self._elapsed_s()
        self._pieces += 1
        heard = self._audible(piece)
        self._text += heard
        self._observe(AnswerPiece(self._session_id, self._index, heard))
        for sentence in self._aggregator.add(heard):
            self._release(sentence)

    def finish(self, error: str | None = None) -> HeardTurn:
        """Close the turn. A rest without an end mark is spoken, unless the visitor interrupted.

        After an error too: Pipecat marks the end of the answer in either case.
        """
        rest = self._aggregator.finish()
        if rest and not self.interrupted:
            self._release(rest)
        return HeardTurn(
            said=self._line.say,
            heard=self._text.strip(),
            sentences=tuple(self._sentences),
            ttft_s=self._ttft_s,
            first_sentence_s=self._first_sentence_s,
            duration_s=self._elapsed_s(),
            pieces=self._pieces,
            interrupted=self.interrupted,
            error=error,
        )

    def _audible(self, piece: str) -> str:
        limit = self._line.interrupt_after
        return piece if limit is None else piece[: limit - len(self._text)]

    def _release(self, sentence: str) -> None:
        at_s = self._elapsed_s()
        if self._first_sentence_s is None:
            self._first_sentence_s = at_s
        self._sentences.append(sentence)
        self._observe(SentenceHeard(self._session_id, self._index, sentence, at_s))

    def _elapsed_s(self) -> float:
        return time.monotonic() - self._began

"""One answer as the visitor hears it, measured."""

import time
from datetime import UTC, datetime

from agents_admin.simulator.events import (
    AnswerPiece,
    HeardSentence,
    HeardTurn,
    Observer,
    SentenceHeard,
)
from agents_admin.simulator.mangled import mangled
from agents_admin.simulator.sentences import SentenceAggregator


class Hearing:
    """Takes the pieces of one answer until it ends or the visitor interrupts.

    The clock starts with the object, when the visitor stops speaking. Text counts as heard when
    it arrives: how long a voice would take to say it is not simulated.
    """

    def __init__(self, session_id: str, index: int, said: str, observe: Observer) -> None:
        self.interrupted = False
        self.said_at = datetime.now(UTC)
        self._began = time.monotonic()
        self._session_id, self._index, self._said = session_id, index, said
        self._observe = observe
        self._aggregator = SentenceAggregator()
        self._sentences: list[HeardSentence] = []
        self._text = ""
        self._pieces = 0
        self._ttft_s: float | None = None

    def take(self, piece: str, limit: int | None) -> None:
        """Hear a piece, up to the character at which the visitor interrupts."""
        if self._ttft_s is None:
            self._ttft_s = self._elapsed_s()
        self._pieces += 1
        heard = piece if limit is None else piece[: limit - len(self._text)]
        self._text += heard
        self._observe(AnswerPiece(self._session_id, self._index, heard))
        for sentence in self._aggregator.add(heard):
            self._release(sentence)
        self.interrupted = limit is not None and len(self._text) >= limit

    def finish(self, error: str | None = None) -> HeardTurn:
        """Close the turn. A rest without an end mark is spoken, unless the visitor interrupted.

        After an error too: Pipecat marks the end of the answer in either case.
        """
        rest = self._aggregator.finish()
        if rest and not self.interrupted:
            self._release(rest)
            rest = ""
        return HeardTurn(
            said=self._said,
            said_at=self.said_at,
            heard=self._text.strip(),
            sentences=tuple(self._sentences),
            cut_off=rest,
            ttft_s=self._ttft_s,
            first_sentence_s=self._sentences[0].at_s if self._sentences else None,
            duration_s=self._elapsed_s(),
            pieces=self._pieces,
            interrupted=self.interrupted,
            error=error,
        )

    def _release(self, text: str) -> None:
        sentence = HeardSentence(text, self._elapsed_s(), mangled(text))
        self._sentences.append(sentence)
        self._observe(SentenceHeard(self._session_id, self._index, sentence))

    def _elapsed_s(self) -> float:
        return time.monotonic() - self._began

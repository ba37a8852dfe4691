"""What an avatar says while a tool takes its time."""

from collections.abc import Iterable
from dataclasses import dataclass

from llm_server.protocol import ChatRequest
from llm_server.tools.settings import Handling

DEFAULTS: dict[str, list[str]] = {
    "de": ["Einen Moment, ich sehe nach.", "Sekunde, ich schaue kurz.", "Augenblick bitte."],
    "en": ["Let me look that up.", "One moment, please.", "Just a second, let me check."],
    "es": ["Un momento, lo consulto.", "Déjeme comprobarlo.", "Un segundo, por favor."],
    "fr": ["Un instant, je regarde.", "Je vérifie tout de suite.", "Une seconde, s'il vous plaît."],
    "it": ["Un attimo, controllo.", "Mi lasci verificare.", "Un secondo, per favore."],
    "nl": ["Een moment, ik kijk het na.", "Ik zoek het even op.", "Een ogenblik, alstublieft."],
    "pt": ["Um momento, vou verificar.", "Deixe-me consultar.", "Só um segundo, por favor."],
}


@dataclass(frozen=True, slots=True)
class Line:
    text: str
    after_s: float
    """Since the round began."""


class Lines:
    """The lines of one answer: at most one a round, and never the same twice in a row.

    Only an avatar says them: a plain API caller gets what the model said.
    """

    def __init__(self, request: ChatRequest) -> None:
        session = request.session
        self._language = session.language.partition("-")[0].lower() if session else None
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
        """One's own phrases come first, then the defaults, and English for want of others."""
        if says is not None and not says:
            return ""
        known = {**DEFAULTS, **(says or {})}
        phrases = known.get(self._language or "en", known["en"])
        return phrases[self._number % len(phrases)]

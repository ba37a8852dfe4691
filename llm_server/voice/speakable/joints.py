"""Make the places where something was left out sound as if nothing had been there."""

import re

from llm_server.voice.speakable.scripts import comma, full_stop, needs_space
from llm_server.voice.speakable.signals import (
    GAP,
    LONG_PAUSE,
    MARKED_LINE,
    SHORT_PAUSE,
    SIGNALS,
)

_PARTS = re.compile(
    rf"(?P<signal>[{SIGNALS}])|(?P<newline>\n)|(?P<blanks>[^\S\n{SIGNALS}]+)|(?P<words>\S+)"
)

# After these, speech pauses by itself.
_PAUSES = frozenset(".,;:!?…‥。．，、；：！？।॥؟،؛۔։።፡။។")
_OPENING = frozenset("([{“‘„«‹¿¡「『（《〈")
_CLOSING = frozenset(".,;:!?…)]}”’»›。，、；：！？」』）》〉؟،؛۔।")
# May stand after the mark that ends a sentence.
AFTER_END = "\"'”’»›)]}」』）》〉"

_telling = re.compile(rf"[^\s{re.escape(AFTER_END)}](?=[\s{re.escape(AFTER_END)}]*\Z)").search


class Joints:
    """Resolves the signals. In prose it holds nothing back; in a marked line, white space."""

    def __init__(self) -> None:
        self.has_spoken = False
        self._last = ""
        # The last character that tells whether a sentence has ended.
        self._telling = ""
        self._gap = False
        self._comma = False
        self._marked = False
        self._blank = ""
        self._signals = {
            GAP: self._open_gap,
            MARKED_LINE: self._begin_line,
            SHORT_PAUSE: self._pause_briefly,
            LONG_PAUSE: self._pause,
        }

    @property
    def at_rest(self) -> bool:
        return not (self._gap or self._marked)

    def feed(self, text: str) -> str:
        return "".join([self._part(part) for part in _PARTS.finditer(text)])

    def flush(self) -> str:
        return ""

    def passed(self, text: str) -> None:
        self._last = text[-1]
        self._note(text)

    def _part(self, part: re.Match[str]) -> str:
        match part.lastgroup:
            case "words":
                return self._words(part[0])
            case "blanks":
                return self._blanks(part[0])
            case "newline":
                return self._newline()
        return self._signals[part[0]]()

    def _words(self, words: str) -> str:
        joint = self._joint(words[0])
        self._gap = self._comma = False
        self._blank = ""
        self.passed(words)
        return joint + words

    def _joint(self, following: str) -> str:
        if not self._last or self._last.isspace():
            return ""
        if self._comma and self._telling not in _PAUSES:
            return comma(self._telling)
        if self._gap and (following in _CLOSING or self._last in _OPENING):
            return ""
        if self._blank or not self._gap:
            return self._blank
        return " " if needs_space(self._last, following) else ""

    def _blanks(self, blanks: str) -> str:
        if self._marked:
            self._blank = self._blank or blanks[0]
            return ""
        if self._comma or (self._gap and self._is_apart()):
            return ""
        self._gap = False
        self._last = blanks[-1]
        return blanks

    def _is_apart(self) -> bool:
        return not self._last or self._last.isspace() or self._last in _OPENING

    def _newline(self) -> str:
        self._marked = self._comma = False
        self._blank = ""
        if self._gap and self._last in ("", "\n"):
            return ""
        self._gap = False
        self._last = "\n"
        return "\n"

    def _open_gap(self) -> str:
        self._gap = True
        return ""

    def _begin_line(self) -> str:
        self._marked = self._gap = True
        return ""

    def _pause_briefly(self) -> str:
        self._comma = self._gap = True
        return ""

    def _pause(self) -> str:
        self._gap = True
        self._marked = self._comma = False
        self._blank = ""
        if not self._last or self._last.isspace() or self._telling in _PAUSES:
            return ""
        stop = full_stop(self._telling)
        self.passed(stop)
        return stop

    def _note(self, text: str) -> None:
        if telling := _telling(text):
            self._telling = telling[0]
        self.has_spoken = self.has_spoken or bool(text.strip())

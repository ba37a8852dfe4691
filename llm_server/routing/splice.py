"""Go on with an answer that broke off, without saying anything twice."""

import re
from collections.abc import Sequence

from llm_server.scripts import EAST_ASIAN, SOUTH_EAST_ASIAN

# In scripts without spaces, each character is a word of its own.
_UNSPACED = EAST_ASIAN + SOUTH_EAST_ASIAN
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+")
_SENTENCE_END = re.compile(r"[.!?…。！？][\"'”’)\]]*\s*$")

# Words before the break with which a continuation may begin again. None begins further back:
# a model would rather tell all of it once more, which is looked for too.
MOST_REPEATED = 60

# Less of a word than this may begin another one by chance: "a" and "apple".
LEAST_CUT_CHARS = 2

Words = list[str]


class Splice:
    """Takes the continuation piece by piece, and gives what has not been said before.

    `exact`: the model was handed the very beginning that it goes on with, to the letter.

    Words are compared, not case or marks. What may still turn out to be a repetition is held
    back; a listener misses nothing, because it has been heard.
    """

    def __init__(self, said: str, *, exact: bool = False) -> None:
        self._said = said
        self._exact = exact
        words = _words(said)
        starts = {0, *range(max(0, len(words) - MOST_REPEATED), len(words))}
        # The longest first: who begins at the very beginning repeats all of it.
        self._tails = [words[start:] for start in sorted(starts) if words]
        # The answer may have broken off in the middle of a word.
        self._is_cut = bool(words) and said[-1].isalnum()
        self._held: str | None = ""

    def feed(self, text: str) -> str:
        if self._held is None:
            return text
        self._held += text
        words = _words(self._held)
        # The last word may go on in the next piece.
        growing = words.pop() if words and self._held[-1].isalnum() else ""
        if any(_may_become(tail, words, growing) for tail in self._tails):
            return ""
        return self._release()

    def flush(self) -> str:
        """At the end: what was held back and has not been said."""
        return "" if self._held is None else self._release()

    def _release(self) -> str:
        held, self._held = self._held or "", None
        places = list(_WORD.finditer(held))
        words = [place[0].lower() for place in places]
        for tail in self._tails:
            last = len(tail) - 1
            if words[: last + 1] == tail:
                return _after_marks(self._said, held[places[last].end() :])
            if self._is_cut and _completes(tail, words):
                return held[places[last].start() + len(tail[last]) :]
        if self._exact:
            return held.lstrip() if self._said[-1:].isspace() else held
        return _joint(self._said, held) + held


def _words(text: str) -> Words:
    return [word.lower() for word in _WORD.findall(text)]


def _may_become(tail: Words, words: Words, growing: str) -> bool:
    """Whether more of the continuation could still make it a repetition of this tail."""
    known = len(words)
    if known >= len(tail) or words != tail[:known]:
        return False
    return tail[known].startswith(growing)


def _completes(tail: Words, words: Sequence[str]) -> bool:
    """Whether the words repeat the tail, and end the word in which it was cut."""
    last = len(tail) - 1
    return (
        len(words) > last
        and words[:last] == tail[:last]
        and words[last].startswith(tail[last])
        and (last > 0 or len(tail[last]) >= LEAST_CUT_CHARS)
    )


def _after_marks(said: str, rest: str) -> str:
    """The rest of a repetition, without the marks and spaces that ended what was said."""
    marks = re.search(r"\W*$", said)
    for mark in marks[0] if marks else "":
        rest = rest.removeprefix(mark)
    return rest


def _joint(said: str, text: str) -> str:
    """What belongs between the two, so that neither words nor sentences run together."""
    if not said or said[-1].isspace() or not text or text[0].isspace():
        return ""
    if _SENTENCE_END.search(said) or not text[0].isupper():
        return " "
    return "… "  # A new sentence begins where the old one had no end.

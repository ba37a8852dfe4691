"""Go on with an answer that broke off, without saying anything twice."""

import re
from itertools import islice

from llm_server.scripts import EAST_ASIAN, SOUTH_EAST_ASIAN

# In scripts without spaces, each character is a word of its own.
_UNSPACED = EAST_ASIAN + SOUTH_EAST_ASIAN
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+")
_LAST_WORD = re.compile(rf"(?:{_WORD.pattern})\Z")
# What no space belongs before, such as the "'t" of "don't".
_ATTACHED = re.compile(rf"[\s{_UNSPACED}.,;:!?…)\]”、。，！？：；]|['’]\w|\Z")
_MARKS_AT_END = re.compile(r"\W*\Z")

# Words before the break with which a continuation may begin again. None begins further back:
# a model would rather tell all of it once more, which is looked for too.
MOST_REPEATED = 60

# Who goes on to the letter repeats by chance as many words: "very very", and "谢谢".
LEAST_REPEATED_EXACTLY = 3

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
        # The longest first: who begins at the very beginning repeats all of it.
        starts = [0, *range(max(1, len(words) - MOST_REPEATED), len(words))]
        least = LEAST_REPEATED_EXACTLY if exact else 0
        self._tails = [words[start:] for start in starts if len(words) - start >= least]
        # The answer may have broken off in the middle of its last word.
        self._cut = _last_word(said)
        self._marks = ""
        self._held: str | None = ""

    def feed(self, text: str) -> str:
        if self._held is None:
            return self._after_marks(text)
        self._held += text
        words = _words(self._held)
        # The last word may go on in the next piece.
        growing = words.pop() if _last_word(self._held) else ""
        return "" if self._may_repeat(words, growing) else self._release()

    def flush(self) -> str:
        """At the end: what was held back and has not been said."""
        words = _words(self._held or "")
        if self._held is None or (words and self._may_repeat(words)):
            return ""
        return self._release()

    def _may_repeat(self, words: Words, growing: str = "") -> bool:
        return any(_may_become(tail, words, growing) for tail in self._tails)

    def _release(self) -> str:
        held, self._held = self._held or "", None
        for tail in self._tails:
            if (end := _end_of_repetition(held, tail, self._cut)) is not None:
                self._marks = _MARKS_AT_END.findall(self._said)[0]
                return self._after_marks(held[end:])
        if self._exact:
            return held.lstrip() if self._said[-1:].isspace() else held
        return _joint(self._said, held) + held

    def _after_marks(self, text: str) -> str:
        """The rest of a repetition, without the marks and spaces that ended what was said."""
        while text and self._marks:
            text = text.removeprefix(self._marks[0])
            self._marks = self._marks[1:]
        return text


def _words(text: str) -> Words:
    return [word.casefold() for word in _WORD.findall(text)]


def _last_word(text: str) -> str:
    """The word that the text ends in the middle of, if it does."""
    word = _LAST_WORD.search(text)
    return word[0] if word else ""


def _may_become(tail: Words, words: Words, growing: str) -> bool:
    """Whether more of the continuation could still make it a repetition of this tail."""
    known = len(words)
    if known >= len(tail) or words != tail[:known]:
        return False
    return tail[known].startswith(growing)


def _end_of_repetition(text: str, tail: Words, cut: str) -> int | None:
    """How much of the text repeats the tail; None if it does not. The last word may be cut."""
    places = list(islice(_WORD.finditer(text), len(tail)))
    words = [place[0].casefold() for place in places]
    if words == tail:
        return places[-1].end() if places else 0
    is_sure = len(tail) > 1 or len(cut) >= LEAST_CUT_CHARS
    if not (cut and is_sure and len(words) == len(tail) and words[:-1] == tail[:-1]):
        return None
    start = places[-1].start()
    return start + len(cut) if text.startswith(cut, start) else None


def _joint(said: str, text: str) -> str:
    """What belongs between the two, so that no words run together."""
    return "" if not said or said[-1].isspace() or _ATTACHED.match(text) else " "

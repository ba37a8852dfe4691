"""Text in any pieces -> the sentences a voice pipeline hands to its text-to-speech engine.

Modelled on Pipecat's sentence aggregation, which reads character by character and asks a
tokenizer (Punkt, English) as soon as one character beyond an end mark is known:

- `Sure. ` is held: the space says nothing yet, the next word's first character decides.
- `One moment.. ` is released at its second mark: that mark is the look-ahead of the first.
- `Let me check... ` releases `Let me check..`, and a lone `.` stays behind.
- `Let me check… ` and a comma end nothing.

Punkt itself is replaced by a list of abbreviations, so rare words may differ.
"""

import re

_LATIN_MARKS = ".!?"
_WIDE_MARKS = "。！？｡।॥؟۔"  # scripts in which no space need follow
_MARKS = frozenset(_LATIN_MARKS + _WIDE_MARKS)
_CLOSERS = "\"'”’»)]}*_」』）】"
_OPENERS = "\"'“‘«([{*_「『（【"

_BEFORE_NUMBERS = frozenset({"no", "nos", "fig", "vol", "ext", "tel"})
_ABBREVIATED = re.compile(
    r"""
      mrs? | ms | drs? | prof | rev | hon | sr | jr | st | ave | blvd | rd
    | inc | ltd | co | corp | dept | vs | etc | est | approx
    | jan | feb | aug | sept? | oct | nov | dec
    | (?:[^\W\d]\.)+[^\W\d]  # a.m  U.S  e.g
    | (?-i:[A-HJ-Z])          # an initial; "So do I." is none
    """,
    re.IGNORECASE | re.VERBOSE,
)


class SentenceAggregator:
    """Collects the pieces of one answer and releases its sentences, trimmed."""

    def __init__(self) -> None:
        self._held = ""

    def add(self, piece: str) -> list[str]:
        """Take a piece of any size; return the sentences that it completes."""
        released = (self._add(character) for character in piece)
        return [sentence for sentence in released if sentence]

    def finish(self) -> str:
        """Return what is left when the stream ends: it is spoken with or without an end mark."""
        rest, self._held = self._held.strip(), ""
        return rest

    def _add(self, character: str) -> str:
        if character in _MARKS and self._held[-1:] in _MARKS:
            return self._release(self._held + character, "")
        if not character.isspace() and _ends_sentence(self._held, character):
            return self._release(self._held, character)
        self._held += character
        return ""

    def _release(self, sentence: str, rest: str) -> str:
        self._held = rest
        return sentence.strip()


def _ends_sentence(text: str, following: str) -> bool:
    """Does the text end with a sentence, given the first non-space character behind it?"""
    trimmed = text.rstrip()
    core = trimmed.rstrip(_CLOSERS)
    mark, spaced = core[-1:], len(trimmed) < len(text)
    if mark not in _MARKS:
        return False
    if mark in _WIDE_MARKS:
        return spaced or following not in _CLOSERS
    return spaced and not (mark == "." and _is_abbreviated(core[:-1], following))


def _is_abbreviated(text: str, following: str) -> bool:
    """Is the period behind this text part of its last word? `9 a.m`, `Dr`, `J`, `No` before 5."""
    words = text.split()
    if not words or text[-1].isspace():
        return False
    word = words[-1].lstrip(_OPENERS)
    if word.lower() in _BEFORE_NUMBERS:
        return following.isdigit()
    if word[-1:].isdigit():
        return following.islower()
    return bool(_ABBREVIATED.fullmatch(word))

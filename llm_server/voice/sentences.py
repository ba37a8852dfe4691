"""Find where sentences end: a text-to-speech begins to speak with the first whole one.

Good for all languages alike, by their marks alone. Where a full stop may be both, it is taken for
an abbreviation's: the sentence is then found one later, and none is ever cut in two. Thai has no
marks, and so no ends.
"""

import re
from collections.abc import Iterator

_MARKS = ".!?…؟۔।॥։።။។"

# An end mark, closing quotes or brackets, then white space. Without the white space "3.5" and
# "example.com" would be ends, also of a piece that stops after "3."; in scripts written without
# spaces the mark alone is enough. In Greek a semicolon asks.
_END = re.compile(
    rf"(?<![{_MARKS}])(?P<marks>[{_MARKS}]+|(?<=[\u0370-\u03ff\u1f00-\u1fff]);|\u037e)"
    r"[\"'”’»«“)\]]*\s"
    r"|[。！？｡]"
)

# No end, with all its marks and quotes, is longer; nor is an abbreviation.
END_CHARS = 16

# All but the last full stop of what is abbreviated or numbered. Of whole words only those that are
# not at home at the end of a sentence: "etc." and "no." are.
_ABBREVIATION = re.compile(
    r"""
    (?:[^\W\d_]{1,2}\.)+[^\W\d_]{1,2}  # e.g, z.B, t.ex, U.S, p.m
    | \d{1,2}  # The day of a date, the number of an item.
    | approx|capt|col|dept|dr|fig|gen|gov|hon|jr|lt|mr|mrs|ms|mt|prof|rep|rev|sen|sgt|sr|st|vs
    | bzw|ca|dipl|evtl|ggf|inkl|ing|nr|vgl
    | mlle|mme|av|dra|drs|sra|srta|uds|dott|avv|sig
    | bijv|dhr|mevr|mw
    | np|tzn|tzw|ul|bkz|örn|sn|ст|ул
    """,
    re.VERBOSE | re.IGNORECASE,
)

# Words of one letter that do end sentences: "So do I.", "Это я.", "Sì, lo è."
_WORDS_OF_ONE_LETTER = frozenset("IЯяéè")


# Most pieces of an answer have no mark at all, and this sees it ten times faster.
_has_mark = re.compile(rf"[{_MARKS};\u037e。！？｡]").search


def sentence_ends(text: str, start: int = 0) -> Iterator[int]:
    """Where whole sentences are over: after the mark and, if it has one, its white space.

    Only marks from `start` on are looked at.
    """
    for match in _END.finditer(text, start):
        if match["marks"] != "." or not _abbreviated(text, match.start()):
            yield match.end()


def has_sentence(text: str, seen: int = 0) -> bool:
    """Whether at least one whole sentence is in the text.

    Of a text that grows, the last `END_CHARS` that were searched are enough, with `seen` of them:
    their ends were looked at when more was known of what is before them.
    """
    return _has_mark(text) is not None and any(end > seen for end in sentence_ends(text))


def last_sentence_end(text: str) -> int:
    """Where the last whole sentence is over, its white space included; 0 if there is none."""
    return max(sentence_ends(text), default=0)


def _abbreviated(text: str, stop: int) -> bool:
    """Whether the full stop there belongs to the word before it."""
    *_, word = ["", *text[max(0, stop - END_CHARS) : stop].split()]
    word = word.lstrip("\"'“„«([")
    if len(word) == 1 and word.lower() != word.upper():
        # An initial, or a part of "z. B."; scripts without upper case have neither.
        return word not in _WORDS_OF_ONE_LETTER
    return _ABBREVIATION.fullmatch(word) is not None

"""What a text-to-speech engine would read out as noise, as Simli filters none of it."""

import re

_KINDS = {
    "url": re.compile(r"\b(?:https?://|www\.)\S+|\b\S+@\S+\.\w+", re.IGNORECASE),
    "markdown": re.compile(
        r"""
          \*\*.+?\*\* | __.+?__ | ~~.+?~~ | `  # bold, struck through, code
        | (?<![\w*])\*[^\s*](?:[^*]*[^\s*])?\*(?![\w*])  # *emphasis*
        | ^\s*(?:\#{1,6}|[-*+>]|\d{1,2}[.)])\s+(?=\S)  # heading, list, quotation
        | ^\s*\|.*\|\s*$  # table
        | !?\[[^\]]+\]\([^)]*\)  # link, image
        """,
        re.VERBOSE | re.MULTILINE,
    ),
    "emoji": re.compile(
        "[\U0001f000-\U0001faff\u2600-\u27bf\u2b50\u2b55\u231a\u231b\u23e9-\u23fa\ufe0f\u20e3]"
    ),
}


def mangled(text: str) -> tuple[str, ...]:
    """Return which of `url`, `markdown` and `emoji` are in it."""
    return tuple(kind for kind, pattern in _KINDS.items() if pattern.search(text))

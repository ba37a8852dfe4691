"""What differs between scripts: spaces between words, marks of a pause, letters that join."""

import re

# Han, kana, and the punctuation they are written with: no spaces, and full stops of their own.
_IDEOGRAPHIC = "\u2e80-\u312f\u31a0-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff"
_HANGUL = "\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff"
_ARABIC = "\u0600-\u06ff\u0750-\u077f\u0870-\u08ff\ufb50-\ufdff\ufe70-\ufefc"

# In these, words are made of more than letters: a mark or an address may stand right beside one.
CJK = _IDEOGRAPHIC + _HANGUL
# Letters that a zero-width (non-)joiner shapes, or a zero-width space divides: Arabic to Myanmar,
# Mongolian and Khmer, and the Indic blocks that came later.
SHAPED = _ARABIC + "\u0700-\u109f\u1780-\u18af\u1900-\u1cff\ua800-\uabff\U00011000-\U00011fff"

_is_ideographic = re.compile(f"[{_IDEOGRAPHIC}]").match
_is_arabic = re.compile(f"[{_ARABIC}]").match
_is_cjk = re.compile(f"[{CJK}]").match


def is_spaced_word(char: str) -> bool:
    """Whether it is part of a word that white space would end."""
    return char.isalnum() and not _is_cjk(char)


def needs_space(left: str, right: str) -> bool:
    return not (_is_ideographic(left) and _is_ideographic(right))


def full_stop(after: str) -> str:
    return "。" if _is_ideographic(after) else "."


def comma(after: str) -> str:
    """With the space that belongs to it."""
    if _is_ideographic(after):
        return "、"
    return "، " if _is_arabic(after) else ", "

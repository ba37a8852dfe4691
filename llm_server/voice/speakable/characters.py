"""Leave out characters that a text-to-speech would spell out or stumble over."""

import re

from llm_server.voice.speakable.scripts import SHAPED
from llm_server.voice.speakable.signals import GAP

# Pictures, by blocks of Unicode. What is read aloud stays: © ® ™, digits, arrows such as →, musical
# ♭ and ♯, circled digits. Of a keycap (1️⃣) the digit stays.
PICTURES = (
    "\u231a\u231b\u2328\u23cf\u23e9-\u23fa"  # clocks, buttons
    "\u25aa\u25ab\u25b6\u25c0\u25fb-\u25fe"  # shapes that are emoji
    "\u2600-\u266c\u2670-\u26ff"  # weather, stars, zodiac, ☎ ⚠
    "\u2700-\u2767\u2794-\u27bf"  # dingbats: ✓ ✨ ❤ ➤
    "\u2934\u2935\u2b05-\u2b07\u2b1b\u2b1c\u2b50\u2b55\u3030\u303d"  # ⬅ ⬛ ⭐ 〰
    "\U0001f000-\U0001faff"  # all later emoji, flags, skin tones
)

# Nothing is heard of them, and nothing stands between what they stand between.
INVISIBLE = (
    "\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f"  # control characters that are no white space
    "\u00ad\u2060-\u2065\u206a-\u206f\ufeff"  # soft hyphens, word joiners, byte order marks
    "\ufe0e\ufe0f\u20e3\U000e0000-\U000e007f"  # how an emoji looks; keycaps; tags of flags
    "\ud800-\udfff"  # halves of characters
)

# Zero-width space, non-joiner and joiner. Marks of direction stay: right-to-left text has them.
JOINERS = "\u200b-\u200d"

UNSPOKEN = PICTURES + INVISIBLE + JOINERS

_UNSPOKEN = re.compile(f"([{PICTURES}]+)|[{INVISIBLE}]+|(?<![{SHAPED}])[{JOINERS}]")
_is_shaped = re.compile(f"[{SHAPED}]").match


class Characters:
    at_rest = True

    def __init__(self) -> None:
        # The last character, if a joiner may follow it.
        self._shaped = ""

    def feed(self, text: str) -> str:
        if not text:
            return ""
        said = _UNSPOKEN.sub(_instead, self._shaped + text)[len(self._shaped) :]
        self.passed(text)
        return said

    def flush(self) -> str:
        return ""

    def passed(self, text: str) -> None:
        self._shaped = text[-1] if _is_shaped(text[-1]) else ""


def _instead(unspoken: re.Match[str]) -> str:
    return GAP if unspoken[1] else ""

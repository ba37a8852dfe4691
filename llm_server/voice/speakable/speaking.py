"""Turn the text of a model into text that a text-to-speech can speak, piece by piece."""

import re

from llm_server.voice.speakable import inline
from llm_server.voice.speakable.blocks import Blocks
from llm_server.voice.speakable.characters import UNSPOKEN, Characters
from llm_server.voice.speakable.hidden import MARKS as HIDDEN_MARKS
from llm_server.voice.speakable.hidden import Hidden
from llm_server.voice.speakable.joints import AFTER_END, Joints
from llm_server.voice.speakable.signals import SIGNALS

# Three searches are faster than one that is all of them.
_MARK = re.compile(
    f"[{re.escape(inline.MARKS + HIDDEN_MARKS + AFTER_END)}{UNSPOKEN}{SIGNALS}]",
)
_ADDRESS_MAY_BEGIN = re.compile(r"(?<![a-zA-Z])h(?:ttp|tt?\Z|\Z)")
_IMAGE_MAY_BEGIN = re.compile(r"(?<![^\s(\[])!")
_SIGNALS = re.compile(f"[{SIGNALS}]")


class Speakable:
    """Turns model text into text that a TTS can speak, piece by piece.

    What it says does not depend on where the pieces end. Plain text passes at once and unchanged.
    """

    def __init__(self) -> None:
        self._blocks = Blocks()
        self._joints = Joints()
        self._stages = (Hidden(), self._blocks, inline.Inline(), Characters(), self._joints)
        self._at_rest = False
        # The last plain text, of which the stages have not been told.
        self._plain = ""

    def feed(self, text: str) -> str:
        """What can be spoken now, which may be nothing."""
        if self._at_rest and _is_plain(text):
            self._plain = text
            return text
        self._tell_of_plain()
        text = _SIGNALS.sub("", text)
        for stage in self._stages:
            text = stage.feed(text)
        self._at_rest = all(stage.at_rest for stage in self._stages)
        return text

    def flush(self) -> str:
        """What was held back, at the end of the answer."""
        self._tell_of_plain()
        text = ""
        for stage in self._stages:
            text = stage.feed(text) + stage.flush()
        return text if self._joints.has_spoken else text + self._code()

    def _tell_of_plain(self) -> None:
        if self._plain:
            for stage in self._stages:
                stage.passed(self._plain)
            self._plain = ""

    def _code(self) -> str:
        """Rather than nothing at all, the beginning of the code."""
        code = Characters().feed(self._blocks.fences.code)
        return _SIGNALS.sub("", code).strip()


def _is_plain(text: str) -> bool:
    """Whether no stage that is at rest would change it, or learn from it more than its last words.

    This is asked of every piece.
    """
    return not (
        _MARK.search(text)
        or ("h" in text and _ADDRESS_MAY_BEGIN.search(text))
        or ("!" in text and _IMAGE_MAY_BEGIN.search(text))
        or not text.strip()
    )


def speakable(text: str) -> str:
    """The whole of an answer at once."""
    speaking = Speakable()
    return speaking.feed(text) + speaking.flush()

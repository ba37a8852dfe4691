"""Leave out the marks of emphasis, and tell them from the same marks in arithmetic and names.

An opening mark goes at once, without a look for the closing one: speech would have to wait for
it. One that is never closed is therefore not heard either: "*Prices exclude tax." A closing mark
goes only where there was an opening one in the same paragraph: "rated 5*", "f***".
"""

import re

from llm_server.voice.speakable.scripts import is_spaced_word
from llm_server.voice.speakable.signals import LONG_PAUSE
from llm_server.voice.speakable.stage import Stage, Waits, is_blank

# How many marks in a row are emphasis. More are a mask, or a line to fill in.
LENGTHS = {"*": (1, 2, 3), "_": (1, 2, 3), "~": (2,)}

_RUNS = {mark: re.compile(f"{re.escape(mark)}*") for mark in LENGTHS}
_LIMIT = 4
# *️⃣
_KEYCAP = "\ufe0f"

_PYTHON = """
    add all call class contains del dict doc enter eq exit file getattr getitem hash import init
    iter len main name new next path post_init repr setattr setitem slots str version
"""
_NAMES = frozenset(_PYTHON.split())
_NAME = re.compile(r"[a-z_]*")
_NAME_LIMIT = 12


class Emphasis:
    """Remembers what is open in a paragraph."""

    def __init__(self) -> None:
        self.begin_paragraph()

    def begin_paragraph(self) -> None:
        self._open = dict.fromkeys(LENGTHS, 0)
        self._is_whole_line = False

    def read(self, stage: Stage) -> Waits[None]:
        mark = yield from stage.peek()
        length = len((yield from stage.run(_RUNS[mark], _LIMIT)))
        after = yield from stage.peek(length)
        before = stage.before
        if length not in LENGTHS[mark] or before == mark:
            stage.pass_on(length)
        elif self._open[mark] and _closes(mark * length, before, after):
            stage.skip(length)
            self._close(stage, mark, length, after)
        elif not _opens(mark * length, before, after):
            stage.pass_on(length)
        elif name := (yield from _python_name(stage, mark * length)):
            stage.pass_on(name)
        else:
            stage.skip(length)
            self._is_whole_line = length > 1 and before in ("", "\n")
            self._open[mark] += length

    def _close(self, stage: Stage, mark: str, length: int, after: str) -> None:
        self._open[mark] = max(0, self._open[mark] - length)
        # A line that is bold from end to end is a heading.
        if self._is_whole_line and not self._open[mark]:
            if after in ("\n", "\r"):
                stage.say(LONG_PAUSE)
            self._is_whole_line = False


def _python_name(stage: Stage, marks: str) -> Waits[int]:
    """The length of a name such as `__init__`, which is not bold."""
    if marks != "__":
        return 0
    name = yield from stage.run(_NAME, _NAME_LIMIT, ahead=2)
    return 2 + len(name) if name.endswith("__") and name[:-2] in _NAMES else 0


def _opens(marks: str, before: str, after: str) -> bool:
    if is_blank(after) or after == _KEYCAP:
        return False
    if marks[0] == "_":
        return not (before.isalnum() or before in (".", "/"))
    if len(marks) == 1 and before in (")", "]", "}"):
        return False
    if is_spaced_word(before):
        return len(marks) > 1 and before.isalpha() and after.isalpha()
    return True


def _closes(marks: str, before: str, after: str) -> bool:
    if is_blank(before):
        return False
    if marks[0] == "_":
        return not after.isalnum()
    # 5*3
    inside = is_spaced_word(before) and is_spaced_word(after)
    return not (inside and (before.isdecimal() or after.isdecimal()))

"""Leave out fenced code: nobody can speak it."""

import re

from llm_server.voice.speakable.lines import BLANKS, LINE, RUN_LIMIT, Line, Rest
from llm_server.voice.speakable.stage import Waits

_MARKS = {mark: re.compile(f"{mark}*") for mark in "`~"}
_NO_TICKS = re.compile(r"[^`\n]*")
_BEFORE_END = re.compile(r"[ \t>]*")
# What follows the opening marks; more than that is no inline code.
_INFO_LIMIT = 100


class Fences:
    """Keeps the beginning of the code, for an answer that has no other words."""

    CODE_LIMIT = 200

    def __init__(self) -> None:
        self.code = ""

    def read(self, line: Line) -> Waits[Rest]:
        mark = yield from line.peek()
        marks = yield from line.run(_MARKS[mark], RUN_LIMIT)
        if len(marks) < 3 or (yield from _is_inline_code(line, marks)):
            return Rest.TEXT
        yield from line.leave_out()
        while not (yield from _ends(line, marks)):
            yield from self._code_line(line)
        return (yield from line.leave_out())

    def _code_line(self, line: Line) -> Waits[None]:
        room = self.CODE_LIMIT - len(self.code)
        self.code += f"{(yield from line.run(LINE, room))}\n"[:room]
        yield from line.leave_out()


def _is_inline_code(line: Line, marks: str) -> Waits[bool]:
    if marks[0] == "~":
        return False
    info = yield from line.run(_NO_TICKS, _INFO_LIMIT, ahead=len(marks))
    return (yield from line.peek(len(marks) + len(info))) == "`"


def _ends(line: Line, marks: str) -> Waits[bool]:
    """Whether this line is the closing one. The end of the answer closes, too."""
    if not (yield from line.peek()):
        return True
    indent = len((yield from line.run(_BEFORE_END, RUN_LIMIT)))
    closing = len((yield from line.run(_MARKS[marks[0]], RUN_LIMIT, ahead=indent)))
    if closing < len(marks):
        return False
    blanks = len((yield from line.run(BLANKS, RUN_LIMIT, ahead=indent + closing)))
    return (yield from line.peek(indent + closing + blanks)) in ("", "\n")

"""Headings, quotes, items, and the lines that divide."""

import re

from llm_server.voice.speakable.lines import BLANKS, RUN_LIMIT, Line, Rest
from llm_server.voice.speakable.signals import GAP
from llm_server.voice.speakable.stage import Waits, is_blank

_HASHES = re.compile(r"#*")
_NO_HASH = re.compile(r"[^#\n]*")
_BOX = re.compile(r"[\[\] xX]*")
_BOXES = ("[ ] ", "[x] ", "[X] ")
# The second row of a table may begin with a dash: `--- | :---`.
_DIVIDERS = {
    mark: re.compile(rf"(?:[{re.escape(marks)}]|[^\S\n])*")
    for mark, marks in {"-": "-|:", "*": "*", "_": "_", "=": "="}.items()
}


def heading(line: Line) -> Waits[Rest]:
    hashes = yield from line.run(_HASHES, limit=7)
    if len(hashes) > 6 or not is_blank((yield from line.peek(len(hashes)))):
        return Rest.TEXT
    line.skip(len(hashes))
    line.begin_marked()
    while (yield from line.pass_all(_NO_HASH)) == "#":
        yield from _closing_hashes(line)
    return Rest.TEXT


def _closing_hashes(line: Line) -> Waits[None]:
    """`# Title #` has them, `# Learn C#` has none."""
    hashes = len((yield from line.run(_HASHES, RUN_LIMIT)))
    if is_blank(line.before) and (yield from line.peek(hashes)) in ("", "\r", "\n"):
        line.skip(hashes)
    else:
        line.pass_on(hashes)


def quote(line: Line) -> Waits[Rest]:
    line.skip()
    yield from line.skip_all(BLANKS)
    return Rest.ANOTHER_MARK


def bullet(line: Line) -> Waits[Rest]:
    if not is_blank((yield from line.peek(1))):
        return Rest.TEXT
    return (yield from dot(line))


def dot(line: Line) -> Waits[Rest]:
    """A bullet that is nothing else, even with no blank behind it."""
    line.skip()
    line.begin_marked()
    yield from line.skip_all(BLANKS)
    if (yield from line.run(_BOX, limit=4)) in _BOXES:
        line.skip(4)
    return Rest.ANOTHER_MARK


def divider(line: Line) -> Waits[Rest]:
    mark = yield from line.peek()
    row = yield from line.run(_DIVIDERS[mark], RUN_LIMIT)
    following = yield from line.peek(len(row))
    if row.count(mark) < 3 or (following not in ("", "\n") and len(row) < RUN_LIMIT):
        return Rest.TEXT
    line.say(GAP)
    if (yield from line.skip_all(_DIVIDERS[mark])) not in ("", "\n"):
        return Rest.ANOTHER_MARK
    return (yield from line.leave_out())


def bullet_or_divider(line: Line) -> Waits[Rest]:
    rest = yield from divider(line)
    return (yield from bullet(line)) if rest is Rest.TEXT else rest


class Numbers:
    """The numbers of items, which are said: "1. Mix. 2. Bake."

    A number that does not go on counting begins no item: "3. Oktober", "1984. What a year."
    """

    def __init__(self) -> None:
        # Of all lists, for an item of the outer one may follow the inner one.
        self._counted = {0}

    def read(self, line: Line) -> Waits[Rest]:
        digits = ""
        while (char := (yield from line.peek())).isdecimal():
            digits = (digits + char)[:4]
            line.pass_on()
        if char not in (".", ")"):
            return Rest.TEXT
        line.pass_on()
        if int(digits) - 1 not in self._counted or not is_blank((yield from line.peek())):
            return Rest.TEXT
        self._counted.add(int(digits))
        yield from line.pass_all(BLANKS)
        line.begin_marked()
        return Rest.ANOTHER_MARK

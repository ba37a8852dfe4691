"""Say a row of a table with a short pause after each cell."""

import re

from llm_server.voice.speakable.lines import RUN_LIMIT, Line, Rest
from llm_server.voice.speakable.signals import SHORT_PAUSE
from llm_server.voice.speakable.stage import Waits

_CELL = re.compile(r"[^|\\\n]*")
_RULE = re.compile(r"[-:=\t ]*")


def row(line: Line) -> Waits[Rest]:
    """Cells are between `|`. A last one that is not closed by a `|` is a cell as well."""
    line.begin_marked()
    while (mark := (yield from line.pass_all(_CELL))) not in ("", "\n"):
        if mark == "|":
            line.skip()
            line.say(SHORT_PAUSE)
            yield from _skip_rule(line)
        elif (yield from line.peek(1)) == "|":
            line.skip()
            line.pass_on()
        else:
            line.pass_on()
    return Rest.TEXT


def _skip_rule(line: Line) -> Waits[None]:
    """Leave out the `:---` that a cell of the second row is made of, but not the minus of -5."""
    rule = yield from line.run(_RULE, RUN_LIMIT)
    following = yield from line.peek(len(rule))
    if len(rule) == RUN_LIMIT or following in ("", "|", "\n"):
        yield from line.skip_all(_RULE)

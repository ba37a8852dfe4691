"""Leave out the marks at the beginning of a line, and let what they mark end in a pause.

# Heading                   Heading.
- item    * item    •item   item.
- [x] task                  task.
1. item    2) item          1. item.    2) item.
> quote                     quote
| a | b |                   a, b.
---    ***    ===           nothing
``` … ```    ~~~ … ~~~      nothing, if there are other words
[1]: https://example.com    nothing
[^1]: note                  note
"""

import re

from llm_server.voice.speakable.fences import Fences
from llm_server.voice.speakable.lines import BLANKS, LINE, Line, Rest, Rule
from llm_server.voice.speakable.lists import (
    Numbers,
    bullet,
    bullet_or_divider,
    divider,
    dot,
    heading,
    quote,
)
from llm_server.voice.speakable.stage import Waits
from llm_server.voice.speakable.tables import row

# What models like to begin an item with.
_DOTS = "•◦‣⁃∙●○■□◆◇▪▸►★☆✓✔✅☑✗✘❌➜➤➡👉🔹🔸🔷🔶📌"
_LABEL = re.compile(r"[^\[\]\n]*")
_LABEL_LIMIT = 80


class Blocks(Line):
    def __init__(self) -> None:
        self.fences = Fences()
        self._number = Numbers().read
        self._rules: dict[str, Rule] = {
            "#": heading,
            ">": quote,
            "-": bullet_or_divider,
            "*": bullet_or_divider,
            "+": bullet,
            **dict.fromkeys(_DOTS, dot),
            "_": divider,
            "=": divider,
            "|": row,
            "`": self.fences.read,
            "~": self.fences.read,
            "[": _definition,
        }
        super().__init__()

    def _read(self) -> Waits[None]:
        while (yield from self.peek()):
            self.end_signal = ""
            if (yield from self._marks()) is Rest.TEXT:
                yield from self._rest()

    def _marks(self) -> Waits[Rest]:
        rest = Rest.ANOTHER_MARK
        while rest is Rest.ANOTHER_MARK:
            mark = yield from self.pass_all(BLANKS)
            rule = self._number if mark.isdecimal() else self._rules.get(mark)
            rest = (yield from rule(self)) if rule else Rest.TEXT
        return rest

    def _rest(self) -> Waits[None]:
        self.at_rest = not self.end_signal
        line_end = yield from self.pass_all(LINE)
        self.at_rest = False
        self.say(self.end_signal)
        self.pass_on(len(line_end))


def _definition(line: Line) -> Waits[Rest]:
    """Where a reference link leads to. Of a footnote, the text is said."""
    label = yield from line.run(_LABEL, _LABEL_LIMIT, ahead=1)
    after = 3 + len(label)
    if not (yield from line.follows("]:", ahead=after - 2)):
        return Rest.TEXT
    if label.startswith("^"):
        line.skip(after)
        yield from line.skip_all(BLANKS)
        return Rest.TEXT
    blanks = yield from line.run(BLANKS, limit=5, ahead=after)
    if not (yield from line.follows("http", ahead=after + len(blanks))):
        return Rest.TEXT
    return (yield from line.leave_out())

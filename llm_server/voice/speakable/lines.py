"""What the rules for the beginning of a line share."""

import re
from collections.abc import Callable
from enum import Enum, auto

from llm_server.voice.speakable.signals import GAP, LONG_PAUSE, MARKED_LINE
from llm_server.voice.speakable.stage import Stage, Waits

LINE = re.compile(r"[^\n]*")
BLANKS = re.compile(r"[^\S\n]*")
# A row of marks or blanks need not be seen to its end to know what it is.
RUN_LIMIT = 17


class Rest(Enum):
    """What a rule leaves of its line."""

    TEXT = auto()
    # One mark is gone, and another may follow: `> - quoted item`.
    ANOTHER_MARK = auto()
    NOTHING = auto()


class Line(Stage):
    """A stage at one of its lines."""

    end_signal = ""

    def begin_marked(self) -> None:
        self.say(MARKED_LINE)
        self.end_signal = LONG_PAUSE

    def leave_out(self) -> Waits[Rest]:
        """The rest of the line, and its end."""
        self.say(self.end_signal + GAP)
        if (yield from self.skip_all(LINE)):
            self.skip()
        return Rest.NOTHING


Rule = Callable[[Line], Waits[Rest]]

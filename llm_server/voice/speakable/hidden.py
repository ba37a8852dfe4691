"""Leave out what is not for the ear at all: thoughts, comments, the marks of a citation."""

import re

from llm_server.voice.speakable.signals import GAP
from llm_server.voice.speakable.stage import Stage, Waits

# From the first to the second, both included; without the second, to the end of the answer.
HIDDEN = {
    "<think>": "</think>",
    "<thinking>": "</thinking>",
    "<thought>": "</thought>",
    "<reasoning>": "</reasoning>",
    "<!--": "-->",
    "\ue200": "\ue201",
}
MARKS = "".join({begin[0] for begin in HIDDEN})

_PLAIN = re.compile(f"[^{MARKS}]*")
_NOT_END = {end: re.compile(f"[^{end[0]}]*") for end in HIDDEN.values()}
# "the `<think>` tag" speaks of the tag.
_QUOTES = frozenset("`\"'“‘«")


class Hidden(Stage):
    def _read(self) -> Waits[None]:
        while True:
            self.at_rest = True
            following = yield from self.pass_all(_PLAIN)
            self.at_rest = False
            if not following:
                return
            yield from self._mark()

    def _mark(self) -> Waits[None]:
        for begin, end in HIDDEN.items():
            if self.before not in _QUOTES and (yield from self.follows(begin)):
                self.skip(len(begin))
                self.say(GAP)
                return (yield from self._skip_past(end))
        self.pass_on()

    def _skip_past(self, end: str) -> Waits[None]:
        while (yield from self.skip_all(_NOT_END[end])):
            if (yield from self.follows(end)):
                return self.skip(len(end))
            self.skip()

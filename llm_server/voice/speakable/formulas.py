"""The delimiters of LaTeX go, and so does the backslash that keeps a mark from being one."""

import re
from string import punctuation

from llm_server.voice.speakable.signals import GAP
from llm_server.voice.speakable.stage import Stage, Waits

_DOLLARS = re.compile(r"\$*")
# A single one is a price.
_DELIMITER = "$$"


def dollar(stage: Stage) -> Waits[None]:
    dollars = yield from stage.run(_DOLLARS, limit=3)
    if dollars != _DELIMITER or stage.before == "$":
        return stage.pass_on(len(dollars))
    stage.say(GAP)
    stage.skip(len(dollars))


def backslash(stage: Stage) -> Waits[None]:
    r"""`\(`, `\]` delimit a formula; `\*` is a star; `\n` of a path is none of them."""
    marked = yield from stage.peek(1)
    if not marked or marked not in punctuation:
        return stage.skip() if marked == "\n" else stage.pass_on()
    stage.skip()
    if marked in "()[]":
        stage.say(GAP)
        return stage.skip()
    stage.pass_on()

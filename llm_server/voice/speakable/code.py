"""Say what is between backticks as it is."""

import re

from llm_server.voice.speakable.scripts import is_spaced_word
from llm_server.voice.speakable.stage import Stage, Waits

_TICKS = re.compile(r"`*")
_TEXT = re.compile(r"[^`\n]*")
_LIMIT = 16


def inline_code(stage: Stage) -> Waits[None]:
    """To the same number of backticks, or to the end of the line."""
    ticks = yield from stage.run(_TICKS, _LIMIT)
    after = yield from stage.peek(len(ticks))
    if len(ticks) == 1 and is_spaced_word(stage.before) and is_spaced_word(after):
        return stage.pass_on()  # don`t
    stage.skip(len(ticks))
    while (yield from stage.pass_all(_TEXT)) == "`":
        closing = yield from stage.run(_TICKS, _LIMIT)
        if closing == ticks:
            return stage.skip(len(closing))
        stage.pass_on(len(closing))

"""Of a link the text stays and the address goes. The marks of citations go."""

import re
from collections.abc import Callable

from llm_server.voice.speakable.signals import GAP
from llm_server.voice.speakable.stage import Stage, Waits, is_blank

_LABEL = re.compile(r"[^\[\]\n]*")
_LABEL_LIMIT = 200
_REFERENCE_LIMIT = 80
_IN_ADDRESS = re.compile(r"[^()\n]*")
_IN_LENTICULAR = re.compile(r"[^】\n]*")

# [1]  [1, 2]  [3-5]  [^note]  【4†source】
_CITATION = re.compile(r"\d{1,3}(?:\s*[,;–-]\s*\d{1,3})*|\^\S+|\d+(?::\d+)?†.*")


class Links:
    """Remembers brackets around brackets: `[![alt](…)](…)`, `[[1]](…)`."""

    def __init__(self, inline: Callable[[str], str]) -> None:
        self._inline = inline
        self.begin_paragraph()

    def begin_paragraph(self) -> None:
        self._open = 0

    def bracket(self, stage: Stage) -> Waits[None]:
        label = yield from stage.run(_LABEL, _LABEL_LIMIT, ahead=1)
        end = yield from stage.peek(1 + len(label))
        if end == "[" and label in ("", "!"):
            stage.skip(1 + len(label))
            self._open += 1
        elif end == "]":
            yield from self._bracketed(stage, label)
        else:
            stage.pass_on()

    def closing_bracket(self, stage: Stage) -> Waits[None]:
        if not self._open:
            return stage.pass_on()
        self._open -= 1
        stage.skip()
        if (yield from stage.peek()) == "(":
            yield from _skip_address(stage)

    def _bracketed(self, stage: Stage, label: str) -> Waits[None]:
        after = 2 + len(label)
        following = yield from stage.peek(after)
        reference = 0 if following != "[" else (yield from _reference(stage, after))
        is_citation = _CITATION.fullmatch(label) is not None
        if not (following == "(" or reference or is_citation):
            return stage.pass_on()
        stage.say(GAP if is_citation or not label else self._inline(label))
        stage.skip(after + reference)
        if following == "(":
            yield from _skip_address(stage)


def _reference(stage: Stage, ahead: int) -> Waits[int]:
    """The length of the second half of `[text][label]`."""
    label = yield from stage.run(_LABEL, _REFERENCE_LIMIT, ahead=ahead + 1)
    closed = (yield from stage.peek(ahead + 1 + len(label))) == "]"
    return len(label) + 2 if closed else 0


def _skip_address(stage: Stage) -> Waits[None]:
    """To the bracket that closes it, or else to the end of the line."""
    depth = 0
    while (mark := (yield from stage.skip_all(_IN_ADDRESS))) in ("(", ")"):
        stage.skip()
        depth += 1 if mark == "(" else -1
        if not depth:
            return


def image(stage: Stage) -> Waits[None]:
    """The exclamation mark before a link."""
    begins = is_blank(stage.before) or stage.before in "([*_"
    if begins and (yield from stage.peek(1)) == "[":
        return stage.skip()
    stage.pass_on()


def lenticular(stage: Stage) -> Waits[None]:
    """Brackets of citations, and of plain text in Chinese and Japanese."""
    label = yield from stage.run(_IN_LENTICULAR, _REFERENCE_LIMIT, ahead=1)
    closed = (yield from stage.peek(1 + len(label))) == "】"
    if closed and _CITATION.fullmatch(label):
        stage.say(GAP)
        return stage.skip(2 + len(label))
    stage.pass_on()

"""Of an address, say the host: https://www.example.com/a?b=c is "example.com"."""

import re

from llm_server.voice.speakable.scripts import CJK, is_spaced_word
from llm_server.voice.speakable.stage import Stage, Waits

_HOST = re.compile(r"[\w-]*")
_PATH_CHAR = rf"[^\s<>\"'`*.,;:!?()\[\]{{}}|\\“”‘’«»…—–{CJK}]"
_PATH = re.compile(f"{_PATH_CHAR}*")
# These belong to the path if more of it follows, and to the sentence if not.
_BETWEEN = re.compile(r"[.,;:!?'()]*")
_BETWEEN_LIMIT = 8
_is_path = re.compile(_PATH_CHAR).match


def address(stage: Stage) -> Waits[None]:
    """An `h` that may begin one. In a word it does not."""
    scheme = 0 if is_spaced_word(stage.before) else (yield from _scheme(stage))
    if not scheme:
        return stage.pass_on()
    stage.skip(scheme)
    if (yield from stage.follows("www.")):
        stage.skip(4)
    yield from _host(stage)
    yield from _skip_path(stage)


def _scheme(stage: Stage) -> Waits[int]:
    for scheme in ("http://", "https://"):
        if (yield from stage.follows(scheme)):
            return len(scheme)
    return 0


def _host(stage: Stage) -> Waits[None]:
    while (yield from stage.pass_all(_HOST)) == "." and (yield from stage.peek(1)).isalnum():
        stage.pass_on()


def _skip_path(stage: Stage) -> Waits[None]:
    opened = False
    while True:
        yield from stage.skip_all(_PATH)
        between = yield from stage.run(_BETWEEN, _BETWEEN_LIMIT)
        if not _is_path((yield from stage.peek(len(between)))):
            # …/Foo_(bar) has its own bracket; (https://example.com) does not.
            return stage.skip(1 if opened and between.startswith(")") else 0)
        opened = opened or "(" in between
        stage.skip(len(between))

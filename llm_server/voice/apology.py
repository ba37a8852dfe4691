"""Say something when there is no answer: an avatar that gets an error says nothing at all."""

import logging
from collections.abc import Sequence
from contextlib import aclosing
from typing import TypeGuard

from llm_server.backends.base import Aside, Delta, Event, Events, Failed, Finish, aside
from llm_server.errors import ApiError, EmptyAnswer
from llm_server.voice.phrases import Phrases
from llm_server.voice.sentences import END_CHARS, sentence_ends
from llm_server.voice.speech import has_words

logger = logging.getLogger(__name__)


async def never_silent(events: Events, phrases: Phrases) -> Events:
    """Pass events on; turn a failure, or an answer without words, into a short apology.

    The error itself goes to the turn's record, as `Failed`, and to the log.
    """
    tail, spoken, finished = "", False, False
    try:
        async with aclosing(events):
            async for batch in events:
                text = _spoken(batch)
                tail, spoken = (tail + text)[-END_CHARS:], spoken or has_words(text)
                if not finished and any(isinstance(event, Finish) for event in batch):
                    finished = True
                    if not spoken:
                        yield [Failed(EmptyAnswer.code or ""), aside(phrases.apology)]
                yield batch
    except ApiError as exc:
        if finished:
            logger.warning("%s, after the whole answer", exc.kind)
            return
        logger.warning("an answer failed (%s), apologising", exc.kind)
        said = _broken_off(phrases, tail) if spoken else phrases.apology
        yield [Failed(exc.kind), aside(said), Finish()]


def _broken_off(phrases: Phrases, tail: str) -> str:
    """What is said instead of the rest of an answer."""
    ended = any(end == len(tail) + 1 for end in sentence_ends(f"{tail} "))
    between = "" if tail[-1].isspace() else " " if ended else "… "
    return between + phrases.broken_off


def _spoken(batch: Sequence[Event]) -> str:
    """What is heard of the answer. A caller who runs the tools speaks when they are done."""
    deltas = [event for event in batch if _is_answer(event)]
    return "".join(
        delta.text or ("tool call" if delta.members.get("tool_calls") else "") for delta in deltas
    )


def _is_answer(event: Event) -> TypeGuard[Delta]:
    """A filler, or a line while a tool works, is none."""
    return isinstance(event, Delta) and event.index == 0 and not isinstance(event, Aside)

"""Say something when there is no answer: an avatar that gets an error says nothing at all."""

import logging
from collections.abc import Sequence
from contextlib import aclosing

from llm_server.backends.base import Aside, Delta, Event, Events, Failed, Finish, aside
from llm_server.errors import ApiError, EmptyAnswer
from llm_server.voice.phrases import Phrases
from llm_server.voice.sentences import END_CHARS, sentence_ends

logger = logging.getLogger(__name__)


async def never_silent(events: Events, phrases: Phrases) -> Events:
    """Pass events on; turn a failure, or an answer without words, into a short apology.

    The error itself goes to the turn's record, as `Failed`, and to the log.
    """
    tail, answered, finished = "", False, False
    try:
        async with aclosing(events):
            async for batch in events:
                tail = (tail + _spoken(batch))[-END_CHARS:]
                answered = answered or any(map(_has_words, batch))
                if not finished and any(isinstance(event, Finish) for event in batch):
                    finished = True
                    if not answered:
                        yield [Failed(EmptyAnswer.code or ""), aside(phrases.apology, "apology")]
                yield batch
    except ApiError as exc:
        if finished:
            logger.warning("%s, after the whole answer", exc.kind)
            return
        logger.warning("an answer failed (%s), apologising", exc.kind)
        yield [Failed(exc.kind), aside(_apology(phrases, tail, answered), "apology"), Finish()]


def _apology(phrases: Phrases, tail: str, answered: bool) -> str:
    """What is said instead of an answer, or instead of the rest of one."""
    if not answered:
        return phrases.apology
    ended = any(end == len(tail) + 1 for end in sentence_ends(f"{tail} "))
    between = "" if not tail or tail[-1].isspace() else " " if ended else "… "
    return between + phrases.broken_off


def _spoken(batch: Sequence[Event]) -> str:
    return "".join(event.text for event in batch if isinstance(event, Delta) and not event.index)


def _has_words(event: Event) -> bool:
    """Whether the model says something, and not we in its place.

    After a tool call the caller, who runs it, speaks.
    """
    if not isinstance(event, Delta) or isinstance(event, Aside) or event.index:
        return False
    return bool(event.text.strip() or event.members.get("tool_calls"))

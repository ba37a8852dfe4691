"""Say something when there is no answer: an avatar that gets an error says nothing at all."""

import logging
from contextlib import aclosing

from llm_server.errors import ApiError, EmptyAnswer, internal_error
from llm_server.events import Aside, Batch, Delta, Event, Events, Failed, Finish, aside
from llm_server.tracebacks import place_of
from llm_server.voice.phrases import Phrases
from llm_server.voice.sentences import END_CHARS, sentence_ends
from llm_server.voice.speech import has_words

logger = logging.getLogger(__name__)


async def never_silent(events: Events, phrases: Phrases) -> Events:
    """Pass events on; turn a failure, or an answer without words, into a short apology.

    The error itself goes to the turn's record, as `Failed`, and to the log.
    """
    tail, answered, finished = "", False, False
    try:
        async with aclosing(events):
            async for batch in events:
                tail = (tail + _heard(batch))[-END_CHARS:]
                answered = answered or any(map(_is_answer, batch))
                if not finished and any(isinstance(event, Finish) for event in batch):
                    finished = True
                    if not answered:
                        yield [Failed(EmptyAnswer.code or ""), aside(phrases.apology, "apology")]
                yield batch
    except Exception as exc:
        # A mistake of this server's own must not be heard as silence, either.
        error = exc if isinstance(exc, ApiError) else internal_error()
        if error is not exc:
            logger.error("answering raised %s", place_of(exc))
        if finished:
            logger.warning("%s, after the whole answer", error.kind)
            return
        logger.warning("an answer failed (%s), apologising", error.kind)
        said = _broken_off(phrases, tail) if answered else phrases.apology
        yield [Failed(error.kind), aside(said, "apology"), Finish()]


def _broken_off(phrases: Phrases, tail: str) -> str:
    """What is said instead of the rest of an answer."""
    ended = any(end == len(tail) + 1 for end in sentence_ends(f"{tail} "))
    between = "" if not tail or tail[-1].isspace() else " " if ended else "… "
    return between + phrases.broken_off


def _heard(batch: Batch) -> str:
    return "".join(event.text for event in batch if isinstance(event, Delta) and not event.index)


def _is_answer(event: Event) -> bool:
    """Whether the model says something, and not the server in its place.

    After a tool call the caller, who runs it, speaks.
    """
    if not isinstance(event, Delta) or isinstance(event, Aside) or event.index:
        return False
    return has_words(event.text) or bool(event.members.get("tool_calls"))

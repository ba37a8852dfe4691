"""Say something when there is no answer: an avatar that gets an error says nothing at all."""

import logging
from contextlib import aclosing

from llm_server.backends.base import Delta, Event, Events, Finish, text_delta
from llm_server.errors import ApiError
from llm_server.timing import TurnTimer
from llm_server.voice.phrases import phrases_for

logger = logging.getLogger(__name__)


async def never_silent(events: Events, turn: TurnTimer, language: str) -> Events:
    """Pass events on; turn a failure, or an answer without words, into a short apology.

    The error itself goes to the turn's record and to the log.
    """
    apology = phrases_for(language).apology
    spoken = finished = False
    try:
        async with aclosing(events):
            async for batch in events:
                spoken = spoken or any(map(_speaks, batch))
                finished = finished or any(isinstance(event, Finish) for event in batch)
                if finished and not spoken:
                    spoken = True
                    turn.fail("empty_answer")
                    yield [text_delta(apology)]
                yield batch
    except ApiError as exc:
        if finished:
            logger.warning("turn %s: %s, after the whole answer", turn.id, exc.kind)
            return
        turn.fail(exc.kind)
        logger.warning("turn %s failed (%s), apologising", turn.id, exc.kind)
        yield [text_delta(f" {apology}" if spoken else apology), Finish()]


def _speaks(event: Event) -> bool:
    """A caller who runs the tools speaks when they are done."""
    return isinstance(event, Delta) and bool(event.text.strip() or event.members.get("tool_calls"))

"""Say something when there is no answer: an avatar that gets an error says nothing at all."""

import logging
from contextlib import aclosing

from llm_server.backends.base import Delta, Event, Events, Finish, text_delta
from llm_server.errors import ApiError
from llm_server.timing import TurnTimer

logger = logging.getLogger(__name__)

APOLOGIES = {
    "de": "Entschuldigung, das hat gerade nicht geklappt. Können Sie das bitte noch einmal sagen?",
    "en": "Sorry, something went wrong on my side. Could you say that again?",
    "es": "Perdón, algo ha fallado. ¿Puede repetirlo, por favor?",
    "fr": "Pardon, quelque chose n'a pas marché. Pouvez-vous répéter, s'il vous plaît ?",
    "it": "Mi scusi, qualcosa non ha funzionato. Può ripetere, per favore?",
    "nl": "Sorry, er ging iets mis. Kunt u dat nog eens zeggen?",
    "pt": "Desculpe, algo correu mal. Pode repetir, por favor?",
}


def apology(language: str) -> str:
    """The apology in this language (`de`, `de-AT`, …), or else in English."""
    return APOLOGIES.get(language.partition("-")[0].lower(), APOLOGIES["en"])


async def never_silent(events: Events, turn: TurnTimer, language: str) -> Events:
    """Pass events on; turn a failure, or an answer without words, into a short apology.

    The error itself goes to the turn's record and to the log.
    """
    spoken = finished = False
    try:
        async with aclosing(events):
            async for batch in events:
                spoken = spoken or any(map(_speaks, batch))
                finished = finished or any(isinstance(event, Finish) for event in batch)
                if finished and not spoken:
                    spoken = True
                    turn.fail("empty_answer")
                    yield [text_delta(apology(language))]
                yield batch
    except ApiError as exc:
        if finished:
            logger.warning("turn %s: %s, after the whole answer", turn.id, exc.kind)
            return
        turn.fail(exc.kind)
        logger.warning("turn %s failed (%s), apologising", turn.id, exc.kind)
        yield [text_delta(f" {apology(language)}" if spoken else apology(language)), Finish()]


def _speaks(event: Event) -> bool:
    """A caller who runs the tools speaks when they are done."""
    return isinstance(event, Delta) and bool(event.text.strip() or event.members.get("tool_calls"))

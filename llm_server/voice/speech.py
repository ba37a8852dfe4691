"""Only what can be spoken reaches who listens."""

from contextlib import aclosing

from llm_server.events import Aside, Delta, Event, Events, Finish, text_delta
from llm_server.voice.speakable import Speakable


async def only_speakable(events: Events) -> Events:
    """Pass events on, with the text of the first choice as it can be spoken."""
    speech = Speakable()
    async with aclosing(events):
        async for batch in events:
            yield [said for event in batch for said in _said(speech, event)]


def _said(speech: Speakable, event: Event) -> list[Event]:
    if isinstance(event, Delta):
        return _speakable_delta(speech, event)
    if isinstance(event, Finish) and event.index == 0 and (rest := speech.flush()):
        return [text_delta(rest), event]
    return [event]


def _speakable_delta(speech: Speakable, delta: Delta) -> list[Event]:
    text = spoken_text(delta)
    if isinstance(delta, Aside) or delta.index or not text:
        return [delta]
    speakable = speech.feed(text)
    if speakable == delta.members.get("content"):
        return [delta]
    # A piece of which nothing is left may still hold other members.
    return [delta.with_text(speakable)] if speakable or len(delta.members) > 1 else []


def spoken_text(delta: Delta) -> str:
    """The text of a delta. A refusal is an answer, too: only its member has another name."""
    refusal = delta.members.get("refusal")
    return delta.text or (refusal if isinstance(refusal, str) else "")


def has_words(text: str) -> bool:
    """Whether anything is heard of it: of marks and white space alone, nothing is."""
    return any(map(str.isalnum, text))

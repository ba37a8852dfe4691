"""What counts as content: something that a listener hears, or simply anything."""

from llm_server.events import Batch, Delta, Event, Finish
from llm_server.routing.attempt import IsContent
from llm_server.routing.pace import Pace
from llm_server.voice.speakable import Speakable
from llm_server.voice.speech import has_words, spoken_text


def content_of(pace: Pace) -> IsContent:
    """Tells, batch after batch of one answer, whether it has content."""
    if pace.spoken:
        return _FirstWords().are_in
    # Who has no word to add does not make half an answer a whole one.
    return speaks if pace.going_on else _anything


def speaks(batch: Batch) -> bool:
    """Whether there is text in it, or a tool call."""
    return any(isinstance(event, Delta) and _speaks(event) for event in batch)


def _anything(batch: Batch) -> bool:
    return True


def _speaks(delta: Delta) -> bool:
    return bool(spoken_text(delta) or delta.members.get("tool_calls"))


class _FirstWords:
    """Looks for the first words that can be spoken, or the first tool call.

    Marks, white space and thoughts in the text are none.
    """

    def __init__(self) -> None:
        self._speech = Speakable()

    def are_in(self, batch: Batch) -> bool:
        return any(map(self._has_words, batch))

    def _has_words(self, event: Event) -> bool:
        if isinstance(event, Finish):
            # What might have been a mark was none.
            return has_words(self._speech.flush())
        if not isinstance(event, Delta):
            return False
        spoken = self._speech.feed(spoken_text(event))
        return has_words(spoken) or bool(event.members.get("tool_calls"))

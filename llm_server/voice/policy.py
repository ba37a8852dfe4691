"""What can be said of how an avatar speaks."""

from typing import Annotated

from pydantic import Field

from llm_server.sections import Seconds, Section
from llm_server.voice.phrases import PhraseSettings
from llm_server.voice.steering import SteeringSettings


class VoiceSettings(Section):
    """How answers are made fit to be heard."""

    speakable: bool = True
    """Take out what a text-to-speech would mangle: markdown, links, emoji, thoughts."""
    filler_after_s: Seconds | None = 0.7
    """Say "One moment" when nothing has been said for so long. Null is never."""
    give_up_s: Seconds = 8
    """Apologise when nobody has answered by then."""
    usage_wait_s: Annotated[float, Field(ge=0)] = 0.25
    """How long the end of the answer may be held up for its usage, if the caller asked for it.

    A text-to-speech speaks the last sentence only at the end.
    """
    steering: SteeringSettings | None = None
    """Ask the model to begin with a short sentence, so that it is heard early."""
    max_words: Annotated[int, Field(gt=0)] | None = None
    """End an answer with the sentence in which this word falls."""
    phrases: dict[str, PhraseSettings] = Field(default_factory=dict)
    """Your own fillers and apologies by language, such as `de` or `pt-BR`."""

"""Ask the model to begin with a short sentence: the first is heard when it is whole.

The instruction is the same in each turn and stands at the end of the instructions, so that an
upstream's prompt cache stays good, and no longer prompt before it is lost to it.
"""

from collections.abc import Sequence

from pydantic import Field

from llm_server.conversation.system import with_instruction
from llm_server.protocol import Json
from llm_server.sections import Section

# Models count characters in these, where there are no spaces between words.
_UNSPACED = frozenset({"ja", "zh", "yue", "th", "lo", "km", "my"})
_CHARACTERS_PER_WORD = 2

SPEAKABLE = (
    "Your answer is read aloud: write plain sentences only, without lists, headings, emoji,"
    " links or formatting."
)


class SteeringSettings(Section):
    """What a model is asked for, so that its answers are quick to be heard."""

    first_sentence_words: int = Field(default=8, gt=0)
    """How long the first sentence may be."""
    speakable: bool = False
    """Ask also for text that can be read aloud."""


def steer_first_sentence(
    messages: Sequence[Json], language: str, settings: SteeringSettings
) -> list[Json]:
    """The conversation with the instruction at the end of its system message.

    English, whatever the language: models follow it best, and answer in the conversation's.
    """
    return with_instruction(messages, instruction(language, settings))


def instruction(language: str, settings: SteeringSettings) -> str:
    words = settings.first_sentence_words
    length = f"{words} words"
    if language.lower().partition("-")[0] in _UNSPACED:
        length = f"{words * _CHARACTERS_PER_WORD} characters"
    short = f"Begin with one short, complete sentence of at most {length}, then go on."
    return f"{short} {SPEAKABLE}" if settings.speakable else short

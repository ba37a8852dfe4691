"""What the server says itself, in the language of a session.

A text-to-speech waits until it is sure that a sentence is over: after "One moment. " Pipecat's
waits for the answer's first character, and of "One moment… " and the answer it makes one sentence.
A second end mark is the character that it waits for: "One moment.. " is spoken at once, and sounds
the same. So does "请稍等。。 " in scripts with marks of their own.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import resources
from random import Random
from typing import Annotated

import yaml
from pydantic import AfterValidator, Field

from llm_server.scripts import EAST_ASIAN
from llm_server.sections import Section

# Older codes, and where a language is written in another script.
_ALIASES = {
    "no": "nb",
    "nn": "nb",
    "iw": "he",
    "in": "id",
    "zh-tw": "zh-hant",
    "zh-hk": "zh-hant",
    "zh-mo": "zh-hant",
}


def spoken_at_once(phrase: str) -> str:
    """The phrase with marks and a space after which it is spoken, whatever it ended in."""
    words = phrase.rstrip(" .…,。，、")
    if not words:
        raise ValueError("expected words")
    if re.search(f"[{EAST_ASIAN}！？]$", words):
        return f"{words}！ " if words[-1] in "！？" else f"{words}。。 "
    return f"{words}! " if words[-1] in "!?؟" else f"{words}.. "


Line = Annotated[str, AfterValidator(spoken_at_once)]
Sentence = Annotated[str, Field(min_length=1)]


class PhraseSettings(Section):
    """The phrases of one language. What is left out stays as it is built in."""

    fillers: tuple[Line, ...] | None = Field(default=None, min_length=1)
    """Said when the answer is late, before it. Dots at the end are added."""
    working: tuple[Line, ...] | None = Field(default=None, min_length=1)
    """Said while a tool takes its time. Dots at the end are added."""
    broken_off: Sentence | None = None
    """Said when an answer broke off in the middle."""
    apology: Sentence | None = None
    """Said instead of an answer."""


@dataclass(frozen=True, slots=True)
class Phrases:
    """All phrases of one language; fillers and working lines in a form that is spoken at once."""

    fillers: tuple[str, ...]
    working: tuple[str, ...]
    broken_off: str
    apology: str


class PhraseBook:
    """The phrases of all languages: the built-in ones, and your own."""

    def __init__(self, own: Mapping[str, PhraseSettings] | None = None) -> None:
        self._phrases = dict(_BUILT_IN)
        # A language comes before its regions, which differ from it.
        for language, settings in sorted((own or {}).items(), key=lambda item: len(item[0])):
            changed = settings.model_dump(exclude_none=True)
            tag = next(_tags(language))
            self._phrases[tag] = replace(self.phrases_for(language), **changed)

    def phrases_for(self, language: str) -> Phrases:
        """The phrases of a BCP 47 tag, or of what it is a part of: `de-AT`, `de`; else English."""
        return next(self._phrases[tag] for tag in _tags(language) if tag in self._phrases)


def choose(lines: Sequence[str], last: str | None, random: Random) -> str:
    """One of the lines, but not the same as last time: that sounds like a machine."""
    others = [line for line in lines if line != last]
    return random.choice(others or lines)


def _tags(language: str) -> Iterator[str]:
    """The tag of the language, and of what it is a part of, down to English."""
    tag = language.lower().replace("_", "-")
    while tag:
        yield _ALIASES.get(tag, tag)
        tag = tag.rpartition("-")[0]
    yield "en"


def _load() -> dict[str, Phrases]:
    """The file has the form of the settings."""
    text = (resources.files(__package__) / "phrases.yaml").read_text(encoding="utf-8")
    return {
        language.lower(): Phrases(**PhraseSettings.model_validate(phrases).model_dump())
        for language, phrases in yaml.safe_load(text).items()
    }


_BUILT_IN = _load()

_BOOK = PhraseBook()


def phrases_for(language: str) -> Phrases:
    """The built-in phrases of a language."""
    return _BOOK.phrases_for(language)

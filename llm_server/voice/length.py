"""Keep an answer short enough to listen to, whatever the model thinks of its instructions."""

import re
from contextlib import aclosing
from typing import TypeGuard
from unicodedata import category

from msgspec.structs import replace

from llm_server.events import Aside, Delta, Event, Events, Finish, Usage
from llm_server.scripts import EAST_ASIAN, SOUTH_EAST_ASIAN
from llm_server.voice.sentences import sentence_ends

# Without spaces, two characters of Chinese or Japanese and four of Thai take about as long to say
# as a word. Vowel signs stay with what they are written on.
_UNSPACED = EAST_ASIAN + SOUTH_EAST_ASIAN
_WORD = re.compile(
    rf"[{EAST_ASIAN}]{{1,2}}"
    rf"|[{SOUTH_EAST_ASIAN}]{{1,4}}(?:(?=[{SOUTH_EAST_ASIAN}])\W)*"
    rf"|[^\W{_UNSPACED}][^\s{_UNSPACED}]*"
)

# Thai has no marks, but a space where a clause is over.
_CLAUSE_END = re.compile(rf"(?<=[{SOUTH_EAST_ASIAN}])\s")

# A sentence that goes on for so many times the words allowed is not waited for.
PATIENCE = 2


async def at_most(events: Events, words: int) -> Events:
    """Pass events on until the sentence is over in which this word falls; then finish, "length".

    Where none ends within twice the words, the answer ends after a word. What is cut does
    not depend on the pieces the text comes in. Only the model's own words count, of choice 0: a
    spoken answer has no other. The source is closed once the last words have left; its usage is
    lost, unless it came with them.
    """
    limit = _Limit(words)
    async with aclosing(events):
        async for batch in events:
            for place, event in enumerate(batch):
                if _is_speech(event) and (last := limit.last_words(event.text)) is not None:
                    usage = [later for later in batch[place + 1 :] if isinstance(later, Usage)]
                    cut = replace(event, members={**event.members, "content": last})
                    yield [*batch[:place], cut, Finish("length"), *usage]
                    return
            yield batch


def _is_speech(event: Event) -> TypeGuard[Delta]:
    return (
        isinstance(event, Delta)
        and not isinstance(event, Aside)
        and event.index == 0
        and bool(event.text)
    )


class _Limit:
    """What was said so far, and how many words that is."""

    def __init__(self, words: int) -> None:
        self._words = words
        self._text = ""
        self._starts: list[int] = []

    def last_words(self, text: str) -> str | None:
        """What may be said of the next piece, if that has to be the last."""
        said = len(self._text)
        self._text += text
        self._find_words()
        sentence, word = self._sentence_end(), self._word_end()
        if sentence is not None and (word is None or sentence <= word):
            return self._text[said:sentence]
        return None if word is None else self._text[said:word] + _full_stop(self._text[word - 1])

    def _find_words(self) -> None:
        # The last word may go on.
        unsure = self._starts.pop() if self._starts else 0
        self._starts += [word.start() for word in _WORD.finditer(self._text, unsure)]

    def _sentence_end(self) -> int | None:
        if len(self._starts) < self._words:
            return None
        start = self._starts[self._words - 1]
        clause = _CLAUSE_END.search(self._text, start)
        sentence = next(sentence_ends(self._text, start), None)
        return min((end for end in (clause and clause.end(), sentence) if end), default=None)

    def _word_end(self) -> int | None:
        last = self._words * PATIENCE
        if len(self._starts) < last:
            return None
        word = _WORD.match(self._text, self._starts[last - 1])
        # Only what follows tells that a word is over.
        return word.end() if word and word.end() < len(self._text) else None


def _full_stop(last: str) -> str:
    if category(last).startswith("P"):
        return ""
    return "。" if re.match(f"[{EAST_ASIAN}]", last) else "."

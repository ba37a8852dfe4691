"""Read text that comes in pieces as if it were all there."""

import re
from collections.abc import Callable, Generator
from typing import TypeVar

T = TypeVar("T")

# A read that stops where the text does, and goes on when there is more.
Waits = Generator[None, None, T]


class Stage:
    """One pass over the text. What it says does not depend on where the pieces end.

    `_read` is written once, from the first character to the last. It looks ahead as far as it has
    to, and no further: what is being looked at is held back.
    """

    def __init__(self) -> None:
        # The character before the next one, as the model wrote it.
        self.before = ""
        # Whether a piece of plain text would be said as it is.
        self.at_rest = False
        self._text = ""
        self._at = 0
        self._ended = False
        self._said: list[str] = []
        self._reading = self._read()

    def feed(self, text: str) -> str:
        self._text = self._text[self._at :] + text
        self._at = 0
        next(self._reading, None)
        said, self._said = "".join(self._said), []
        return said

    def flush(self) -> str:
        self._ended = True
        return self.feed("")

    def passed(self, text: str) -> None:
        """Plain text went by while the stage was at rest."""
        self.before = text[-1]

    def _read(self) -> Waits[None]:
        raise NotImplementedError

    def peek(self, ahead: int = 0) -> Waits[str]:
        """The next character, or one further ahead; empty at the end."""
        while self._at + ahead >= len(self._text) and not self._ended:
            yield
        return self._text[self._at + ahead : self._at + ahead + 1]

    def follows(self, words: str, ahead: int = 0) -> Waits[bool]:
        """Whether this stands here, in small or capital letters. Waits only while it still may."""
        while True:
            start = self._at + ahead
            there = self._text[start : start + len(words)].lower()
            if there == words or self._ended or not words.startswith(there):
                return there == words
            yield

    def run(self, pattern: re.Pattern[str], limit: int, ahead: int = 0) -> Waits[str]:
        """The run of characters that stands here, cut at the limit. A pattern is `[…]*`."""
        while True:
            start = self._at + ahead
            found = pattern.match(self._text, start, start + limit)
            assert found
            whole = found.end() < len(self._text) or found.end() == start + limit
            if whole or self._ended:
                return found[0]
            yield

    def say(self, text: str) -> None:
        self._said.append(text)

    def skip(self, count: int = 1) -> None:
        if count:
            self._at += count
            self.before = self._text[self._at - 1]

    def pass_on(self, count: int = 1) -> None:
        self.say(self._text[self._at : self._at + count])
        self.skip(count)

    def pass_all(self, pattern: re.Pattern[str]) -> Waits[str]:
        """Say a run of any length as it comes; return what stands after it."""
        return self._go_along(pattern, self.pass_on)

    def skip_all(self, pattern: re.Pattern[str]) -> Waits[str]:
        """Leave out a run of any length; return what stands after it."""
        return self._go_along(pattern, self.skip)

    def _go_along(self, pattern: re.Pattern[str], go: Callable[[int], None]) -> Waits[str]:
        while True:
            found = pattern.match(self._text, self._at)
            assert found
            go(found.end() - self._at)
            if self._at < len(self._text) or self._ended:
                return self._text[self._at : self._at + 1]
            yield


def is_blank(char: str) -> bool:
    """Whether it is white space, or the beginning or the end of the text."""
    return not char or char.isspace()

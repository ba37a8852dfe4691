"""What is said does not depend on the pieces, and it is said as soon as it can be."""

import re
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm_server.voice.speakable import Speakable, speakable
from tests.llm_server.voice.texts import PROSE, pieces, prose, texts

settings.register_profile("stable", deadline=None, derandomize=True, max_examples=300)
settings.load_profile("stable")

HELD_LIMIT = 512


def say(pieces: Iterable[str]) -> str:
    speaking = Speakable()
    return "".join([speaking.feed(piece) for piece in pieces]) + speaking.flush()


@given(pieces(texts))
def test_what_is_said_does_not_depend_on_the_pieces(cut: list[str]) -> None:
    assert say(cut) == speakable("".join(cut))


@given(texts)
def test_what_is_said_is_the_same_character_by_character(text: str) -> None:
    assert say(text) == speakable(text)


# The one exception: the first letters of an address, and of an image after white space.
_MAY_BEGIN_A_MARK = re.compile(r"((?<!\w)h(t(tps?)?)?|(?<!\S)!)\Z")


@given(pieces(prose))
def test_prose_passes_at_once_and_unchanged(cut: list[str]) -> None:
    speaking = Speakable()
    fed = said = ""

    for piece in cut:
        fed += piece
        said += speaking.feed(piece)
        assert said == _MAY_BEGIN_A_MARK.sub("", fed)

    assert said + speaking.flush() == fed


@pytest.mark.parametrize("text", PROSE)
def test_prose_of_any_language_passes_at_once_and_unchanged(text: str) -> None:
    speaking = Speakable()
    words = re.findall(r"\s*\S+", text)

    assert [speaking.feed(word) for word in words] == words


@given(texts)
def test_little_is_held_back(text: str) -> None:
    """Whatever comes next, it was said but for a bounded rest: a flush shows what that was."""
    speaking = Speakable()
    speaking.feed(text)

    assert len(speaking.flush()) <= HELD_LIMIT


@given(st.text(alphabet="*_~`#>|-[]()!<&$ \nah1.", max_size=60))
def test_marks_alone_are_as_independent_of_the_pieces(text: str) -> None:
    assert say(text) == speakable(text)

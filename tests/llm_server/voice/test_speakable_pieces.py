"""What is said does not depend on the pieces, and it is said as soon as it can be."""

import re
import sys
from collections.abc import Iterable
from types import FrameType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_server.voice.speakable import Speakable, speakable
from tests.llm_server.voice.texts import PROSE, pieces, prose, stable, texts

HELD_LIMIT = 512


def say(pieces: Iterable[str]) -> str:
    speaking = Speakable()
    return "".join([speaking.feed(piece) for piece in pieces]) + speaking.flush()


@stable
@given(pieces(texts))
def test_what_is_said_does_not_depend_on_the_pieces(cut: list[str]) -> None:
    assert say(cut) == speakable("".join(cut))


@stable
@given(texts)
def test_what_is_said_is_the_same_character_by_character(text: str) -> None:
    assert say(text) == speakable(text)


# The one exception: the first letters of an address, and of an image after white space.
_MAY_BEGIN_A_MARK = re.compile(r"((?<!\w)h(t(tps?)?)?|(?<!\S)!)\Z")


@stable
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
    assert Speakable().feed(text) == text


@pytest.mark.parametrize("piece", [" world", " there,", " with", " größer", " 你好", " schön!"])
def test_a_plain_piece_is_not_even_copied(piece: str) -> None:
    speaking = Speakable()
    speaking.feed("Hello **bold** 😀 you")

    assert speaking.feed(piece) is piece


@stable
@given(texts)
def test_little_is_held_back(text: str) -> None:
    """Whatever comes next, it was said but for a bounded rest: a flush shows what that was."""
    speaking = Speakable()
    speaking.feed(text)

    assert len(speaking.flush()) <= HELD_LIMIT


@stable
@given(st.text(alphabet="*_~`#>|-[]()!<&$ \nah1.", max_size=60))
def test_marks_alone_are_as_independent_of_the_pieces(text: str) -> None:
    assert say(text) == speakable(text)


# Marks that begin what never ends, again and again.
REPEATED = [
    *[
        "[",
        "[[",
        "[a](b",
        "![",
        "](",
        "【",
        "[a] [",
        "*",
        "**a ",
        "a_",
        "_ ",
        "~",
        "`",
        "`a",
        "``` ",
    ],
    *["<", "<b ", "<b a=", "<a@", "<!--", "<think>", "&", "&a", "$", "\\", "!", "h", "https://a.("],
    *["#", "- ", "1. ", "1", "|", "| a ", "> ", "```\n", "---\n", "\n", "x\n", "😀", "\u200d", '"'],
]
# The same marks, once, before something long.
LONG = [f"{mark}{'a ' * 2000}" for mark in REPEATED] + [f"{mark}{'a' * 4000}" for mark in REPEATED]


@pytest.mark.parametrize("mark", REPEATED)
def test_twice_the_text_is_twice_the_work(mark: str) -> None:
    assert _calls(mark * 800) < 2.2 * _calls(mark * 400)


def _calls(text: str) -> int:
    """How many functions are called, character by character."""
    count = 0

    def count_call(_frame: FrameType, event: str, _arg: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(count_call)
    try:
        say(text)
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("mark", ["[", "*", "`a", "a_", "|"])
def test_a_megabyte_of_marks_is_no_trouble(mark: str) -> None:
    text = mark * (1_000_000 // len(mark))

    assert len(speakable(text)) <= len(text)


@pytest.mark.parametrize("text", LONG)
def test_little_is_held_back_of_what_never_ends(text: str) -> None:
    speaking = Speakable()

    for piece in re.findall(r"(?s).{1,97}", text):
        speaking.feed(piece)

    assert len(speaking.flush()) <= HELD_LIMIT

import re
from collections.abc import Sequence

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from llm_server.routing.splice import LEAST_CUT_CHARS, MOST_REPEATED, Splice

# Each word is there once: what repeats itself may have been cut in several places.
SPACED = (
    *("Guten", "Tag", "3.5", "Euro", "don't", "O'Brien", "“Ja”", "er;", "İzmir", "Straße", "x’s"),
    *("snake_case", "naïve", "cafe\u0301", "नमस्ते", "1,000", "(vielleicht)", "e-mail:", "Ende…"),
)
UNSPACED = "今日はとても良い天気ですね。明後日雨が降るかもしれません"

SPACES = st.sampled_from([" ", " ", " ", "\n", "\n\n", "  "])
WORD_STARTS = re.compile(r"\S+")


def words(text: str) -> list[str]:
    """Of text that is written with spaces or without; white space and marks make no difference."""
    return re.findall(r"\w", text)


@st.composite
def broken_off(draw: st.DrawFn) -> tuple[str, int, int]:
    """A text, where it broke off, and where the continuation begins again."""
    some = draw(st.lists(st.sampled_from(SPACED), min_size=2, unique=True))
    text = "".join(word + draw(SPACES) for word in some).rstrip()
    cut = draw(st.integers(1, len(text)))
    starts = [word.start() for word in WORD_STARTS.finditer(text) if word.start() < cut]
    return text, cut, draw(st.sampled_from(starts))


@st.composite
def pieces_of(draw: st.DrawFn, text: str) -> list[str]:
    ends = sorted(draw(st.sets(st.integers(0, len(text)), max_size=8)))
    return [text[a:b] for a, b in zip([0, *ends], [*ends, len(text)], strict=True)]


def spliced(said: str, pieces: Sequence[str], *, exact: bool = False) -> str:
    splice = Splice(said, exact=exact)
    return "".join([*map(splice.feed, pieces), splice.flush()])


@given(st.data(), broken_off())
def test_whoever_begins_again_at_a_word_says_nothing_twice(
    data: st.DataObject, broken: tuple[str, int, int]
) -> None:
    text, cut, start = broken
    said, again = text[:cut], text[start:]
    # One letter may be a word of its own, and marks alone are none.
    assume(len(words(said[start:])) >= LEAST_CUT_CHARS)

    rest = spliced(said, data.draw(pieces_of(again)))

    assert words(said + rest) == words(text)
    assert len((said + rest).split()) == len(text.split())


@given(st.data(), st.integers(1, len(UNSPACED)), st.integers(0, len(UNSPACED) - 1))
def test_every_character_of_an_unspaced_script_is_a_word(
    data: st.DataObject, cut: int, start: int
) -> None:
    said, again = UNSPACED[:cut], UNSPACED[min(start, cut) :]

    assert said + spliced(said, data.draw(pieces_of(again))) == UNSPACED


@given(st.data())
def test_the_very_beginning_is_known_however_long_ago_it_was(data: st.DataObject) -> None:
    text = " ".join(f"word{n}" for n in range(3 * MOST_REPEATED))
    said = text[: data.draw(st.integers(len(text) // 2, len(text) - 1))]

    assert said + spliced(said, data.draw(pieces_of(text))) == text


@given(st.data())
def test_who_goes_on_to_the_letter_is_not_changed(data: st.DataObject) -> None:
    some = data.draw(st.lists(st.sampled_from(SPACED), min_size=1, unique=True))
    text = " ".join(word for word in some for _ in range(2))
    cut = data.draw(st.integers(0, len(text)))
    said, rest = text[:cut], text[cut:]
    pieces = data.draw(pieces_of(rest))

    # The model was handed what was said without the white space at its end.
    lost = said[len(said.rstrip()) :]
    assert said + spliced(said, [lost, *pieces], exact=True) == text


@pytest.mark.parametrize(
    ("said", "again", "rest"),
    [
        ("I don", "don't know.", "'t know."),
        ("I don'", "don't know.", "t know."),
        ("It is 3.", "It is 3.5 km.", "5 km."),
        ("It is 3", "3.5 km.", ".5 km."),
        ("I like appl", "apples.", "es."),
        ("Hello. ", "Hello. How are you?", "How are you?"),
        ("Hello,", "HELLO, World", " World"),
        ("He said “y", "said “yes”.", "es”."),
        ("snake_", "snake_case.", "case."),
        ("In İst", "in İstanbul.", "anbul."),
        ("今天天", "今天天气很好", "气很好"),
        ("สวัส", "สวัสดี", "ดี"),
        ("One two.", "One three.", " One three."),
        ("One. Two.", "Three. One. Two.", " Three. One. Two."),
        ("It is so", "Something else.", " Something else."),
        ("It is so", "much better.", " much better."),
        ("It is so", ", I think.", ", I think."),
        ("It is so", ".", "."),
        ("I don", "’t know", "’t know"),
        ("今天", "天气", "气"),
        ("今天", "下雨", "下雨"),
        ("", "Hello.", "Hello."),
        ("“", "“Hello”", "Hello”"),
    ],
)
def test_what_was_said_is_gone_on_with(said: str, again: str, rest: str) -> None:
    assert spliced(said, [again]) == rest
    assert spliced(said, list(again)) == rest


@pytest.mark.parametrize(
    ("said", "again"),
    [
        ("One two three four.", "One two"),
        ("One two three four.", "One two three four."),
        ("One two. Three", "Three"),
        ("Hello there", "Hello there"),
    ],
)
def test_a_continuation_that_only_repeats_says_nothing(said: str, again: str) -> None:
    assert not words(spliced(said, list(again)))


@pytest.mark.parametrize(
    ("said", "rest"),
    [("It is very", " very good."), ("谢", "谢你"), ("No", " no, not that."), ("appl", "es")],
)
def test_who_goes_on_to_the_letter_may_say_a_word_again(said: str, rest: str) -> None:
    assert spliced(said, list(rest), exact=True) == rest


def test_who_should_go_on_to_the_letter_and_begins_again_is_found_out() -> None:
    said = "The answer to that is forty"

    assert spliced(said, ["The answer to that is forty-two."], exact=True) == "-two."


def test_nothing_more_is_held_back_once_it_is_known_to_be_new() -> None:
    splice = Splice("One two three")

    assert splice.feed("two") == ""
    assert splice.feed(" three") == ""
    assert splice.feed(" four") == " four"
    assert splice.feed(" two three") == " two three"


def test_what_begins_otherwise_is_passed_on_at_once() -> None:
    assert Splice("One two three").feed("Six ") == " Six "

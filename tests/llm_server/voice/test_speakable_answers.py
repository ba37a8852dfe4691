"""Whole answers, as models write them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_server.voice.speakable import Speakable, speakable
from tests.llm_server.voice.answers import ANSWERS
from tests.llm_server.voice.texts import stable


@pytest.fixture(params=ANSWERS.values(), ids=list(ANSWERS))
def answer(request: pytest.FixtureRequest) -> tuple[str, str]:
    written_and_said: tuple[str, str] = request.param
    return written_and_said


def test_an_answer_is_heard_without_its_marks(answer: tuple[str, str]) -> None:
    written, said = answer

    assert speakable(written) == said


def test_an_answer_is_heard_the_same_token_by_token(answer: tuple[str, str]) -> None:
    written, said = answer
    speaking = Speakable()

    pieces = [speaking.feed(token) for token in re.findall(r"(?s)\s?\w+|.", written)]

    assert "".join(pieces) + speaking.flush() == said


def test_what_is_heard_has_no_marks_left(answer: tuple[str, str]) -> None:
    _, said = answer

    assert speakable(said) == said


@stable
@given(st.data())
def test_an_answer_that_breaks_off_is_heard_up_to_there(data: st.DataObject) -> None:
    """Nothing that was said is taken back by what would have come."""
    written, _ = data.draw(st.sampled_from(list(ANSWERS.values())))
    end = data.draw(st.integers(0, len(written)))

    said_then = Speakable().feed(written[:end])

    assert speakable(written).startswith(said_then)

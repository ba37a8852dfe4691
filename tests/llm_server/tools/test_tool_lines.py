from dataclasses import replace
from typing import Any

import pytest

from llm_server.keys import SessionClaims
from llm_server.protocol import ChatRequest
from llm_server.tools.lines import Lines
from llm_server.tools.settings import Handling
from tests.llm_server.tools.scripted import QUESTION

DEFAULTS = ("Moment.. ", "Sekunde.. ", "Gleich.. ")


def line(claims: SessionClaims, language: str, **handling: Any) -> str | None:
    session = replace(claims, language=language)
    line = Lines(ChatRequest("anna", QUESTION, session=session), DEFAULTS).next(
        [Handling(**handling)]
    )
    return line.text if line else None


@pytest.mark.parametrize(
    ("language", "says", "said"),
    [
        ("de-AT", None, DEFAULTS[1]),
        ("de-AT", {"de": "Ich sehe nach."}, "Ich sehe nach.. "),
        ("ja", {"ja": "お待ちください。"}, "お待ちください。。 "),
        ("de", {"en": "I'll see."}, DEFAULTS[1]),
        ("en", {"en": ["One.", "Two."]}, "Two.. "),
        ("en", {}, None),
    ],
)
def test_a_line_is_in_the_language_of_the_session(
    claims: SessionClaims, language: str, says: Any, said: str | None
) -> None:
    assert line(claims, language, says=says) == said


def test_the_line_that_is_due_first_is_said(claims: SessionClaims) -> None:
    lines = Lines(ChatRequest("anna", QUESTION, session=claims), DEFAULTS)
    late = Handling(says={"de": "Spät"}, says_after_s=3)
    early = Handling(says={"de": "Früh"}, says_after_s=1)

    first = lines.next([late, early])
    assert first
    lines.said(first)
    second = lines.next([late, early])

    assert (first.text, first.after_s) == ("Früh.. ", 1)
    assert second
    assert second.text == "Spät.. "


def test_one_answer_has_different_lines(claims: SessionClaims) -> None:
    lines = Lines(ChatRequest("anna", QUESTION, session=claims), DEFAULTS)
    said = []
    for _ in range(3):
        line = lines.next([Handling()])
        assert line
        lines.said(line)
        said.append(line.text)

    assert sorted(said) == sorted(DEFAULTS)


def test_turns_begin_with_different_lines(claims: SessionClaims) -> None:
    first = Lines(ChatRequest("anna", QUESTION, session=claims), DEFAULTS).next([Handling()])
    second = Lines(ChatRequest("anna", QUESTION * 2, session=claims), DEFAULTS).next([Handling()])

    assert first != second

"""What the demo shows and believes, without its servers."""

from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from agents_admin.demo.checks import failures
from agents_admin.demo.show import show_event, show_turns
from agents_admin.simulator import AnswerPiece, HeardTurn

Json = dict[str, Any]
Conversation = tuple[list[HeardTurn], list[Json]]

GREETING = "Welcome!"
FILLER = {"kind": "filler", "text": "One moment.. ", "at": 0}


def console() -> Console:
    return Console(file=StringIO(), force_terminal=True, color_system="standard", width=80)


def written(console: Console) -> str:
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def stored(number: int, **values: Any) -> Json:
    """A turn as the admin API gives it."""
    return {
        "index": number,
        "model": "clerk",
        "answered_by": "clerk",
        "user_text": f"Question {number}",
        "answer_text": "At nine.",
        "sent_text": "At nine.",
        "asides": [],
        "outcome": "completed",
        "ttft_s": 0.1,
        "first_sentence_s": 0.2,
        "duration_s": 0.3,
        **values,
    }


def heard(number: int, text: str = "At nine.", *, interrupted: bool = False) -> HeardTurn:
    return HeardTurn(
        said=f"Question {number}",
        said_at=datetime.now(UTC),
        heard=text,
        sentences=(),
        cut_off="",
        ttft_s=0.1,
        first_sentence_s=0.2,
        duration_s=0.3,
        pieces=2,
        interrupted=interrupted,
        error=None,
    )


def wrong(heard_turns: list[HeardTurn], turns: list[Json]) -> list[str]:
    entries = [{"role": "assistant", "text": GREETING}]
    for turn in heard_turns:
        entries += [{"role": "user", "text": turn.said}, {"role": "assistant", "text": turn.heard}]
    return failures(heard_turns, turns, {"entries": entries}, GREETING)


@pytest.fixture
def conversation() -> Conversation:
    """Six turns: a filler in the first, and the last one interrupted."""
    heard_turns = [heard(0, "One moment.. At nine."), *map(heard, range(1, 5))]
    turns = [stored(0, asides=[FILLER], sent_text="One moment.. At nine.")]
    turns += map(stored, range(1, 5))
    heard_turns.append(heard(5, "At ni", interrupted=True))
    turns.append(stored(5, outcome="cancelled"))
    return heard_turns, turns


def test_what_was_heard_is_all_that_was_sent(conversation: Conversation) -> None:
    assert wrong(*conversation) == []


def test_words_that_nobody_heard_are_noticed(conversation: Conversation) -> None:
    _, turns = conversation
    turns[0] |= {"sent_text": "At nine."}

    assert wrong(*conversation) == ["Turn 1: what was heard and what is stored differ."]


def test_a_conversation_without_an_interruption_is_noticed(conversation: Conversation) -> None:
    heard_turns, turns = conversation
    heard_turns[5], turns[5] = heard(5), stored(5)

    assert wrong(*conversation) == ["Nobody was interrupted."]


def test_a_filler_is_shown_in_dim_letters() -> None:
    screen = console()

    show_event(screen, AnswerPiece("session", 0, "One moment.. "))
    show_event(screen, AnswerPiece("session", 0, "At nine."))

    assert written(screen) == "\x1b[2mOne moment.. \x1b[0mAt nine."


def test_the_turns_tell_who_stepped_in_and_what_the_server_said_itself() -> None:
    screen = console()

    show_turns(screen, [stored(0), stored(1, answered_by="spare", asides=[FILLER])])

    shown = written(screen)
    assert shown.count("answered by") == 1
    assert "answered by spare" in shown
    assert "filler: One moment.." in shown

from copy import deepcopy
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_server.conversation.history import HistorySettings, estimated_tokens, recent
from llm_server.protocol import Json
from tests.llm_server.conversation.messages import (
    assistant,
    call,
    conversations,
    result,
    system,
    user,
)

LIMITS = st.one_of(
    st.builds(HistorySettings, turns=st.integers(1, 6)),
    st.builds(HistorySettings, tokens=st.integers(1, 40)),
    st.builds(HistorySettings, turns=st.integers(1, 6), tokens=st.integers(1, 40)),
)


def after(turns: int) -> list[Json]:
    """What is sent with turn number `turns`; a whole turn is nine tokens."""
    history = [system("Be kind."), assistant("Hello!")]
    for number in range(turns):
        history += [user(f"question {number:03}"), assistant("four words of a mind.")]
    return history[:-1]


def first_turn(messages: list[Json]) -> str:
    return next(str(m["content"])[-3:] for m in messages if m["role"] == "user")


def test_a_history_without_a_limit_is_the_same_list() -> None:
    messages = after(50)

    assert recent(messages, HistorySettings()) is messages


@pytest.mark.parametrize("limit", [HistorySettings(turns=20), HistorySettings(tokens=1000)])
def test_a_history_within_its_limit_is_the_same_list(limit: HistorySettings) -> None:
    messages = after(20)

    assert recent(messages, limit) is messages


def test_instructions_stay_and_the_history_begins_with_a_user() -> None:
    kept = recent(after(21), HistorySettings(turns=20))

    assert [m["role"] for m in kept[:3]] == ["system", "user", "assistant"]
    assert first_turn(kept) == "010"


def test_the_beginning_moves_once_in_a_block_of_turns() -> None:
    limit = HistorySettings(turns=20)

    beginnings = [first_turn(recent(after(turns), limit)) for turns in range(1, 51)]

    assert beginnings == ["000"] * 20 + ["010"] * 10 + ["020"] * 10 + ["030"] * 10


def test_the_beginning_moves_once_in_a_block_of_tokens() -> None:
    limit = HistorySettings(tokens=200)

    beginnings = [first_turn(recent(after(turns), limit)) for turns in range(1, 61)]

    moved = [turn for turn, (one, next) in enumerate(pairwise(beginnings)) if one != next]
    assert moved == [21, 32, 43, 54]


def test_the_last_turn_is_kept_however_long_it_is() -> None:
    messages = [user("Hi"), assistant("Hello!"), user("word " * 1000)]

    assert recent(messages, HistorySettings(tokens=10)) == messages[2:]


def test_a_user_who_speaks_twice_has_one_turn() -> None:
    messages = [user("I want"), user("to book."), assistant("When?"), user("Now.")]

    assert recent(messages, HistorySettings(turns=2)) is messages


def test_a_user_who_speaks_before_a_tool_is_done_begins_no_turn() -> None:
    messages = [user("Book it."), call("a"), user("Hurry!"), result("a"), user("Well?")]

    assert recent(messages, HistorySettings(turns=2)) is messages
    assert recent(messages, HistorySettings(turns=1)) == messages[4:]


def test_a_tool_call_that_has_no_result_holds_nothing_up() -> None:
    messages = [user("Book it."), call("a"), user("Hurry!"), assistant("Yes."), user("Well?")]

    assert recent(messages, HistorySettings(turns=1)) == messages[4:]


@pytest.mark.parametrize(
    ("text", "tokens"),
    [("", 0), ("word", 1), ("four words are five", 5), ("你好", 2), ("你好 now", 3), ("สวัสดี", 6)],
)
def test_tokens_are_estimated_by_script(text: str, tokens: int) -> None:
    assert estimated_tokens(text) == tokens


@given(conversations(), LIMITS)
def test_a_cut_keeps_the_end_whole(messages: list[Json], limit: HistorySettings) -> None:
    before = deepcopy(messages)

    kept = recent(messages, limit)

    head = [m for m in kept if m not in messages[len(messages) - len(kept) :]]
    assert all(message["role"] in ("system", "developer") for message in head)
    assert messages == before


@given(conversations(), LIMITS)
def test_results_of_tools_stay_with_their_calls(
    messages: list[Json], limit: HistorySettings
) -> None:
    called: set[str] = set()
    for message in recent(messages, limit):
        called |= {tool_call["id"] for tool_call in message.get("tool_calls") or ()}
        assert message["role"] != "tool" or message["tool_call_id"] in called


@given(conversations(), LIMITS)
def test_a_cut_history_begins_with_a_user(messages: list[Json], limit: HistorySettings) -> None:
    kept = recent(messages, limit)

    if kept is not messages:
        roles = [m["role"] for m in kept if m["role"] not in ("system", "developer")]
        assert roles[0] == "user"


@given(conversations(), st.integers(1, 6))
def test_no_more_turns_are_kept_than_allowed(messages: list[Json], turns: int) -> None:
    kept = recent(messages, HistorySettings(turns=turns))

    roles = [message["role"] for message in kept]
    begun = [r for n, r in enumerate(roles) if r == "user" and (n == 0 or roles[n - 1] != "user")]
    assert len(begun) <= turns

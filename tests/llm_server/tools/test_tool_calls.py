"""Calls, as upstreams send them."""

from typing import Any

import pytest

from llm_server.protocol import Json
from llm_server.tools.calls import CallPieces
from tests.llm_server.tools.scripted import piece


def whole(*pieces: Json) -> list[tuple[str, str, Any]]:
    taken = CallPieces()
    for one in pieces:
        taken.add([one])
    return [(call.id, call.name, call.arguments) for call in taken.whole()]


def test_pieces_are_put_together_by_their_index() -> None:
    assert whole(
        piece(0, "a", name="find", arguments=""),
        piece(1, "b", name="count", arguments='{"n"'),
        piece(0, arguments='{"id": 7}'),
        piece(1, arguments=": 2}"),
    ) == [("a", "find", {"id": 7}), ("b", "count", {"n": 2})]


def test_calls_that_all_have_the_same_index_are_told_apart_by_their_ids() -> None:
    assert whole(
        piece(0, "a", name="find", arguments='{"id"'),
        piece(0, "a", arguments=": 7}"),
        piece(0, "b", name="find", arguments='{"id": 8}'),
    ) == [("a", "find", {"id": 7}), ("b", "find", {"id": 8})]


def test_calls_without_an_index_are_told_apart() -> None:
    assert whole(
        piece(None, "a", name="find", arguments='{"id"'),
        piece(None, arguments=": 7}"),
        piece(None, "b", name="find"),
    ) == [("a", "find", {"id": 7}), ("b", "find", {})]


def test_calls_without_index_and_id_begin_with_their_name() -> None:
    first, second = whole(piece(None, name="find"), piece(None, name="count", arguments="{}"))

    assert (first[1], second[1]) == ("find", "count")
    assert first[0] != second[0]


def test_an_id_of_two_calls_is_given_once() -> None:
    first, second = whole(piece(0, "a", name="find"), piece(1, "a", name="count"))

    assert first[0] == "a"
    assert second[0] not in ("a", "")


def test_an_empty_id_in_a_later_piece_does_not_count() -> None:
    [call] = whole(piece(0, "a", name="find"), piece(0, "", name="", arguments="{}"))

    assert call == ("a", "find", {})


@pytest.mark.parametrize(
    ("written", "arguments"),
    [
        ("", {}),
        (" \n", {}),
        (None, {}),
        ("null", {}),
        ("{}", {}),
        ({"id": 7}, {"id": 7}),
        ("7", None),
        ('{"id": 7', None),
        ("[" * 100_000, None),
    ],
)
def test_arguments_are_read_as_they_are_meant(written: Any, arguments: Json | None) -> None:
    assert (
        whole({"index": 0, "function": {"name": "find", "arguments": written}})[0][2] == arguments
    )


@pytest.mark.parametrize(
    "nonsense", [None, "find", ["find"], [{"function": "find"}], [{"index": []}]]
)
def test_what_is_no_call_harms_nobody(nonsense: Any) -> None:
    taken = CallPieces()

    taken.add(nonsense)

    assert [call.name for call in taken.whole()] in ([], [""])

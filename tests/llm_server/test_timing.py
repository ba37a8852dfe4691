from time import perf_counter
from uuid import UUID

import pytest

from llm_server.events import Answering, Delta, Event, Finish, Usage, aside, text_delta
from llm_server.keys import Caller
from llm_server.protocol import ChatRequest
from llm_server.timing import TurnTimer
from llm_server.turns import Said
from llm_server.voice.sentences import has_sentence


@pytest.fixture
def timer() -> TurnTimer:
    return TurnTimer(Caller(), ChatRequest("test", [{"role": "user", "content": "Hi!"}]))


def send(timer: TurnTimer, *events: Event) -> None:
    for event in events:
        timer.arrived(event)
        timer.sent(event)


def test_the_times_of_a_turn_are_in_order(timer: TurnTimer) -> None:
    send(timer, text_delta("Hello. "), text_delta("How are you?"), Finish())
    timer.complete()

    turn = timer.record()

    assert turn.ttft_s is not None
    assert turn.first_sentence_s is not None
    assert 0 < turn.ttft_s <= turn.first_sentence_s <= turn.duration_s


def test_the_first_token_is_timed_when_it_comes_and_not_when_it_has_left(timer: TurnTimer) -> None:
    timer.arrived(text_delta("Hel"))

    turn = timer.record()

    assert turn.ttft_s is not None
    assert turn.answer_text == ""


@pytest.mark.parametrize("members", [{"reasoning_content": "Hm."}, {"content": ""}, {"mood": 1}])
def test_only_text_and_tool_calls_are_a_first_token(
    timer: TurnTimer, members: dict[str, object]
) -> None:
    send(timer, Delta(members))

    assert timer.record().ttft_s is None


def test_a_tool_call_is_a_first_token(timer: TurnTimer) -> None:
    send(timer, Delta({"tool_calls": [{"index": 0}]}))

    assert timer.record().ttft_s is not None


def test_no_sentence_is_timed_before_it_ends(timer: TurnTimer) -> None:
    send(timer, text_delta("It is 3.5 degrees"))

    assert timer.record().first_sentence_s is None


def test_a_sentence_is_found_across_deltas(timer: TurnTimer) -> None:
    send(timer, *map(text_delta, ["It is warm", ".", "”", " "]))

    assert timer.record().first_sentence_s is not None


def test_the_end_of_an_answer_ends_its_sentence(timer: TurnTimer) -> None:
    send(timer, text_delta("It is warm"), Finish())
    timer.complete()

    assert timer.record().first_sentence_s is not None


def test_a_turn_without_an_end_was_cancelled(timer: TurnTimer) -> None:
    send(timer, text_delta("Hel"))

    turn = timer.record()

    assert (turn.outcome, turn.answer_text, turn.finish_reason) == ("cancelled", "Hel", None)


def test_an_apology_that_was_sent_whole_leaves_the_turn_a_failed_one(timer: TurnTimer) -> None:
    timer.fail("upstream_failed")
    timer.complete()

    turn = timer.record()

    assert (turn.outcome, turn.error) == ("failed", "upstream_failed")


def test_other_choices_are_not_what_was_said(timer: TurnTimer) -> None:
    send(timer, text_delta("a"), Delta({"content": "b"}, 1), Finish("length", 1), Finish())

    turn = timer.record()

    assert (turn.answer_text, turn.finish_reason) == ("a", "stop")


def test_the_servers_own_words_are_kept_apart_with_their_place(timer: TurnTimer) -> None:
    filler, apology = aside("One moment.. "), aside("… Sorry.", "apology")
    send(timer, filler, text_delta("It is "), text_delta("warm"), apology, Finish())

    turn = timer.record()

    assert turn.answer_text == "It is warm"
    assert turn.asides == (
        Said(kind="filler", text="One moment.. ", at=0),
        Said(kind="apology", text="… Sorry.", at=10),
    )


def test_who_answered_and_what_it_cost_is_recorded(timer: TurnTimer) -> None:
    send(timer, Answering("other"), Usage({"prompt_tokens": 1, "completion_tokens": 2}))

    turn = timer.record()

    assert (turn.model, turn.answered_by) == ("test", "other")
    assert (turn.prompt_tokens, turn.completion_tokens) == (1, 2)


def test_a_turn_has_an_id_and_an_aware_start(timer: TurnTimer) -> None:
    turn = timer.record()

    assert isinstance(turn.id, UUID)
    assert turn.started_at.tzinfo is not None


@pytest.mark.parametrize("text", ["Yes. ", "Really?! No", '"Go." He', "你好。", "Well…\n"])
def test_a_whole_sentence_is_found(text: str) -> None:
    assert has_sentence(text)


@pytest.mark.parametrize("text", ["", "Yes", "Yes.", "3.5 km", "example.com is", "one, two "])
def test_what_may_go_on_is_no_sentence(text: str) -> None:
    assert not has_sentence(text)


def test_the_server_timing_tells_reading_from_waiting() -> None:
    timer = TurnTimer(Caller(), ChatRequest("test", []), perf_counter() - 0.25)

    read, waited = (float(p.partition("dur=")[2]) for p in timer.server_timing().split(", "))

    assert 250 <= read < 350
    assert 0 <= waited < 100

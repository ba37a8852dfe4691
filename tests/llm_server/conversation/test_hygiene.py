from copy import deepcopy

import pytest
from hypothesis import given

from llm_server.conversation.hygiene import BEGINNING, GOING_ON, GREETING, acceptable
from llm_server.protocol import Json
from tests.llm_server.conversation.messages import (
    assistant,
    call,
    conversations,
    result,
    system,
    user,
)

IMAGE: Json = {"type": "image_url", "image_url": {"url": "data:"}}


def text(content: str) -> Json:
    return {"type": "text", "text": content}


@pytest.mark.parametrize(
    "messages",
    [
        [user("Hi")],
        [system("Be kind."), user("Hi"), assistant("Hello!"), user([text("Bye")])],
        [user("Hi"), call("a", "b"), result("a"), result("b"), user("And?")],
        [user("Hi"), system("Now be rude."), user("Hi again")],
        [user("Continue:"), assistant("Once upon", prefix=True)],
        [user("Hi"), call("a")],
    ],
)
def test_what_is_acceptable_is_the_same_list(messages: list[Json]) -> None:
    assert acceptable(messages) is messages


@pytest.mark.parametrize(
    ("messages", "made"),
    [
        ([user("I want"), user("to book.")], [user("I want to book.")]),
        ([system("A"), system("B"), user("Hi")], [system("A\n\nB"), user("Hi")]),
        ([system("A"), {"role": "developer", "content": "B"}, user("Hi")],
         [system("A\n\nB"), user("Hi")]),
        ([user("Hi"), assistant("One."), assistant("Two."), user("Go")],
         [user("Hi"), assistant("One. Two."), user("Go")]),
        ([user([text("Look:")]), user([IMAGE])], [user([text("Look:"), IMAGE])]),
        ([user("Look:"), user([IMAGE]), user("Nice?")],
         [user([text("Look:"), IMAGE, text("Nice?")])]),
        ([user("Hi", name="Ann"), user("there", name="Ann")], [user("Hi there", name="Ann")]),
    ],
)  # fmt: skip
def test_messages_of_one_role_in_a_row_become_one(messages: list[Json], made: list[Json]) -> None:
    assert acceptable(messages) == made


@pytest.mark.parametrize(
    "messages",
    [
        [user("Hi", name="Ann"), user("Hi", name="Bob")],
        [user("Hi"), assistant("No.", refusal="No."), assistant("Yes."), user("Go")],
        [user("Hi"), assistant("Wait."), call("a"), result("a")],
    ],
)
def test_messages_with_other_members_stay_apart(messages: list[Json]) -> None:
    assert acceptable(messages) is messages


def test_members_that_sdks_leave_empty_keep_nothing_apart() -> None:
    dumped = [assistant("One.", tool_calls=None, refusal=None), assistant("Two.", audio=None)]

    assert acceptable([user("Hi"), *dumped, user("Go")])[1]["content"] == "One. Two."


@pytest.mark.parametrize("nothing", ["", "  \n", None, [], [text("")]])
def test_empty_messages_are_dropped_and_their_neighbours_joined(nothing: object) -> None:
    messages = [system(nothing), user("I want"), assistant(nothing), user("that.")]

    assert acceptable(messages) == [user("I want that.")]


def test_an_image_without_words_is_not_empty() -> None:
    messages = [user([IMAGE])]

    assert acceptable(messages) is messages


def test_a_greeting_of_the_avatar_comes_after_a_beginning() -> None:
    messages = [system("Be kind."), assistant("Hello!"), user("Hi")]

    assert acceptable(messages) == [messages[0], BEGINNING, *messages[1:]]


@pytest.mark.parametrize("messages", [[], [system("Be kind.")]])
def test_a_model_that_nobody_spoke_to_is_asked_to_greet(messages: list[Json]) -> None:
    assert acceptable(messages) == [*messages, GREETING]


def test_a_model_that_spoke_last_is_asked_to_go_on() -> None:
    messages = [user("Tell me a story."), assistant("Once upon a")]

    assert acceptable(messages) == [*messages, GOING_ON]


@given(conversations())
def test_what_was_made_acceptable_is_acceptable(messages: list[Json]) -> None:
    made = acceptable(messages)

    assert acceptable(made) is made


@given(conversations())
def test_nothing_that_was_given_is_changed(messages: list[Json]) -> None:
    before = deepcopy(messages)

    acceptable(messages)

    assert messages == before


@given(conversations())
def test_roles_alternate_and_the_user_begins(messages: list[Json]) -> None:
    plain = [m for m in messages if m["role"] in ("user", "assistant") and len(m) == 2]

    roles = [message["role"] for message in acceptable(plain)]

    assert roles == ["user", "assistant"] * (len(roles) // 2) + ["user"]


@given(conversations())
def test_tool_calls_and_their_results_are_untouched(messages: list[Json]) -> None:
    def tools(all_of_them: list[Json]) -> list[Json]:
        return [m for m in all_of_them if m.get("tool_calls") or m["role"] == "tool"]

    made = acceptable(messages)

    assert tools(made) == tools(messages)
    assert all(
        made[n - 1]["role"] in ("assistant", "tool")
        for n, m in enumerate(made)
        if m["role"] == "tool"
    )

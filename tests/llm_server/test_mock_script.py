"""What the mock says: rules, turns, tool calls and their results."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from llm_server.backends.mock import MockBackend, MockOptions
from llm_server.conversation.hygiene import acceptable
from llm_server.events import BackendEvent, Delta, Finish
from llm_server.protocol import ChatRequest
from tests.llm_server.wire import Json

WEATHER = {"name": "get_weather", "arguments": {"city": "Zürich", "days": 3}}


def user(text: str) -> Json:
    return {"role": "user", "content": text}


def called(call_id: str = "call_1_0_0") -> Json:
    function = {"name": "get_weather", "arguments": "{}"}
    call = {"id": call_id, "type": "function", "function": function}
    return {"role": "assistant", "content": None, "tool_calls": [call]}


def result(text: str) -> Json:
    return {"role": "tool", "tool_call_id": "call_1_0_0", "content": text}


async def events(messages: list[Json], **options: Any) -> list[BackendEvent]:
    backend = MockBackend(MockOptions.model_validate(options))
    return [event async for event in backend.stream(ChatRequest("mock", messages))]


async def said(messages: list[Json], **options: Any) -> str:
    played = await events(messages, **options)
    return "".join(event.text for event in played if isinstance(event, Delta))


RULES = [{"when": "(?i)price|cost", "reply": "Ten."}, {"when": "^Hello", "reply": "Hi."}]


@pytest.mark.parametrize(
    ("text", "reply"), [("What COST?", "Ten."), ("Hello", "Hi."), ("Well", "What?")]
)
async def test_the_first_rule_that_matches_decides(text: str, reply: str) -> None:
    assert await said([user(text)], rules=RULES, reply="What?") == reply


async def test_a_rule_looks_at_the_last_thing_said_and_wins_over_the_turn() -> None:
    messages = [user("Hello"), {"role": "assistant", "content": "Hi."}, user("the price?")]

    assert await said(messages, rules=RULES, replies=["one", "two"]) == "Ten."


async def test_a_greeting_before_the_first_turn_is_no_turn() -> None:
    greeted = [{"role": "assistant", "content": "Welcome!"}, user("Hello")]

    assert await said(acceptable(greeted), replies=["one", "two"]) == "one"


def test_a_rule_that_is_no_regular_expression_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"rules\.0\.when"):
        MockOptions.model_validate({"rules": [{"when": "(", "reply": "x"}]})


async def test_a_tool_call_comes_in_pieces_with_its_index() -> None:
    first, *pieces, finish, _ = await events([user("?")], reply={"tool_calls": [WEATHER]})

    function = {"name": "get_weather", "arguments": ""}
    call = {"index": 0, "id": "call_1_0_0", "type": "function", "function": function}
    assert first == Delta({"tool_calls": [call]})
    arguments = [p.members["tool_calls"][0]["function"]["arguments"] for p in pieces]  # type: ignore[union-attr]
    assert len(arguments) > 3
    assert json.loads("".join(arguments)) == WEATHER["arguments"]
    assert finish == Finish("tool_calls")


async def test_the_result_of_a_tool_is_answered_as_the_script_says() -> None:
    reply = {"tool_calls": [WEATHER], "then": "It is sunny."}

    assert await said([user("?"), called(), result("sun")], reply=reply) == "It is sunny."


async def test_without_more_script_the_last_result_is_said() -> None:
    messages = [user("?"), called(), result("rain"), result("sun")]

    assert await said(messages, reply={"tool_calls": [WEATHER]}) == "sun"


async def test_tools_are_called_again_if_the_script_says_so() -> None:
    reply = {"tool_calls": [WEATHER], "then": {"tool_calls": [WEATHER], "then": "Both are sunny."}}
    once = [user("?"), called(), result("sun")]

    first, *_ = await events(once, reply=reply)
    assert isinstance(first, Delta)
    assert first.members["tool_calls"][0]["id"] == "call_1_1_0"
    assert await said([*once, called("call_1_1_0"), result("sun")], reply=reply) == (
        "Both are sunny."
    )


async def test_the_next_turn_calls_the_tool_anew() -> None:
    messages = [user("?"), called(), result("sun"), user("And now?")]

    first, *_ = await events(messages, reply={"tool_calls": [WEATHER]})

    assert isinstance(first, Delta)
    assert first.members["tool_calls"][0]["id"] == "call_2_0_0"


async def test_a_reply_can_name_its_finish_reason() -> None:
    reply = {"text": "It is", "finish_reason": "length"}

    assert Finish("length") in await events([user("?")], reply=reply)

"""Requests for chat completions, in the words of the Messages API."""

from typing import Any

import pytest

from llm_server.backends.anthropic_request import body_of
from llm_server.errors import InvalidRequest
from llm_server.protocol import ChatRequest
from tests.llm_server.wire import Json

HELLO = {"role": "user", "content": "Hi!"}
GREETING = {"role": "assistant", "content": "Hello."}
BEGINNING = {"role": "user", "content": [{"type": "text", "text": "(The conversation begins.)"}]}
WEATHER = {"type": "function", "function": {"name": "weather", "description": "How it is."}}
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}


def body(*messages: Json, sampling: bool = False, max_tokens: int = 4096, **members: Any) -> Json:
    request = ChatRequest("claude", list(messages or [HELLO]), members=members)
    return body_of(request, model="claude-x", max_tokens=max_tokens, sampling=sampling)


def turn(role: str, *texts: str) -> Json:
    return {"role": role, "content": [{"type": "text", "text": text} for text in texts]}


def call(arguments: str = '{"city": "Bern"}') -> Json:
    function = {"name": "weather", "arguments": arguments}
    return {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "toolu_1", "type": "function", "function": function}],
    }


def test_a_plain_request_has_nothing_superfluous() -> None:
    assert body() == {
        "model": "claude-x",
        "max_tokens": 4096,
        "messages": [turn("user", "Hi!")],
        "stream": True,
    }


def test_instructions_are_apart_from_the_conversation() -> None:
    sent = body(
        {"role": "system", "content": "Be kind."},
        HELLO,
        {"role": "developer", "content": [{"type": "text", "text": "Be short."}]},
    )

    assert sent["system"] == "Be kind.\n\nBe short."
    assert sent["messages"] == [turn("user", "Hi!")]


def test_turns_of_the_same_speaker_are_one() -> None:
    sent = body(HELLO, {"role": "user", "content": "Are you there?"}, GREETING, GREETING, HELLO)

    assert sent["messages"] == [
        turn("user", "Hi!", "Are you there?"),
        turn("assistant", "Hello.", "Hello."),
        turn("user", "Hi!"),
    ]


@pytest.mark.parametrize(
    ("messages", "turns"),
    [
        ([GREETING, HELLO], [BEGINNING, turn("assistant", "Hello."), turn("user", "Hi!")]),
        ([{"role": "system", "content": "Greet the visitor."}], [BEGINNING]),
    ],
)
def test_a_conversation_begins_with_the_user(messages: list[Json], turns: list[Json]) -> None:
    assert body(*messages)["messages"] == turns


@pytest.mark.parametrize("nothing", ["", " ", None, []])
def test_turns_without_words_are_left_out(nothing: object) -> None:
    sent = body(HELLO, {"role": "assistant", "content": nothing}, HELLO)

    assert sent["messages"] == [turn("user", "Hi!", "Hi!")]


@pytest.mark.parametrize(
    ("url", "source"),
    [
        (
            "data:image/png;base64,aGk=",
            {"type": "base64", "media_type": "image/png", "data": "aGk="},
        ),
        ("https://example.com/a.jpg", {"type": "url", "url": "https://example.com/a.jpg"}),
    ],
)
def test_images_are_shown(url: str, source: Json) -> None:
    parts = [{"type": "text", "text": "?"}, {"type": "image_url", "image_url": {"url": url}}]

    [sent] = body({"role": "user", "content": parts})["messages"]

    assert sent["content"] == [{"type": "text", "text": "?"}, {"type": "image", "source": source}]


def test_calls_and_their_results_are_blocks() -> None:
    results = [{"role": "tool", "tool_call_id": f"toolu_{n}", "content": "sun"} for n in (1, 2)]

    _, called, answered = body(HELLO, call(), *results, HELLO)["messages"]

    use = {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Bern"}}
    assert called == {"role": "assistant", "content": [use]}
    assert [block["type"] for block in answered["content"]] == [
        "tool_result",
        "tool_result",
        "text",
    ]
    assert answered["content"][1] == {
        "type": "tool_result",
        "tool_use_id": "toolu_2",
        "content": [{"type": "text", "text": "sun"}],
    }


def test_a_call_without_arguments_has_an_empty_input() -> None:
    _, called = body(HELLO, call(arguments=""))["messages"]

    assert called["content"][0]["input"] == {}


def test_tools_are_described() -> None:
    function = {"name": "rain", "parameters": SCHEMA, "strict": True}
    native = {"type": "web_search_20250305", "name": "web_search"}

    sent = body(tools=[WEATHER, {"type": "function", "function": function}, native])

    empty = {"type": "object", "properties": {}}
    assert sent["tools"] == [
        {"name": "weather", "description": "How it is.", "input_schema": empty},
        {"name": "rain", "input_schema": SCHEMA, "strict": True},
        native,
    ]
    assert "tool_choice" not in sent


@pytest.mark.parametrize(
    ("choice", "sent"),
    [
        ("auto", {"type": "auto"}),
        ("required", {"type": "any"}),
        ("none", {"type": "none"}),
        ({"type": "function", "function": {"name": "x"}}, {"type": "tool", "name": "x"}),
    ],
)
def test_who_chooses_the_tool_is_said(choice: object, sent: Json) -> None:
    assert body(tools=[WEATHER], tool_choice=choice)["tool_choice"] == sent


@pytest.mark.parametrize(
    ("choice", "sent"),
    [
        (None, {"type": "auto", "disable_parallel_tool_use": True}),
        ("required", {"type": "any", "disable_parallel_tool_use": True}),
        ("none", {"type": "none"}),
    ],
)
def test_calls_can_be_kept_to_one_at_a_time(choice: object, sent: Json) -> None:
    sent_body = body(tools=[WEATHER], tool_choice=choice, parallel_tool_calls=False)

    assert sent_body["tool_choice"] == sent


def test_a_choice_without_tools_is_left_out() -> None:
    assert "tool_choice" not in body(tool_choice="auto")


@pytest.mark.parametrize(
    ("members", "sent"),
    [
        ({"max_tokens": 5}, {"max_tokens": 5}),
        ({"max_completion_tokens": 6, "max_tokens": 5}, {"max_tokens": 6}),
        ({"stop": "END"}, {"stop_sequences": ["END"]}),
        ({"stop": ["a", "\n", "b"]}, {"stop_sequences": ["a", "b"]}),
        ({"user": "u-1"}, {"metadata": {"user_id": "u-1"}}),
        ({"reasoning_effort": "low"}, {"output_config": {"effort": "low"}}),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"schema": SCHEMA}}},
            {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}},
        ),
    ],
)
def test_members_have_their_counterparts(members: Json, sent: Json) -> None:
    assert body(**members).items() >= sent.items()


def test_sampling_is_sent_only_to_models_that_take_it() -> None:
    sent = body(temperature=1.5, top_p=0.5)

    assert not {"temperature", "top_p"} & sent.keys()


@pytest.mark.parametrize(
    ("members", "sent"),
    [
        ({"temperature": 0, "top_p": 0.5}, {"temperature": 0}),
        ({"temperature": 1.5}, {"temperature": 1}),
        ({"top_p": 0.5}, {"top_p": 0.5}),
        ({}, {}),
    ],
)
def test_sampling_is_either_temperature_or_top_p(members: Json, sent: Json) -> None:
    received = body(sampling=True, **members)

    assert {name: received[name] for name in ("temperature", "top_p") if name in received} == sent


@pytest.mark.parametrize(
    ("message", "members", "param"),
    [
        ({"role": "function", "content": "x"}, {}, "messages[0].role"),
        ({"role": "user", "content": [{"type": "input_audio"}]}, {}, "messages[0].content"),
        ({"role": "tool", "content": "x"}, {}, "messages[0].tool_call_id"),
        (call(arguments="{"), {}, "messages[0].tool_calls"),
        ({"role": "assistant", "tool_calls": [{}]}, {}, "messages[0].tool_calls"),
        (HELLO, {"tools": [{"type": "function"}]}, "tools[0]"),
        (HELLO, {"tools": [WEATHER], "tool_choice": "maybe"}, "tool_choice"),
    ],
)
def test_what_cannot_be_translated_is_refused_by_name(
    message: Json, members: Json, param: str
) -> None:
    with pytest.raises(InvalidRequest) as caught:
        body(message, **members)

    assert caught.value.param == param

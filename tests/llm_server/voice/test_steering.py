from copy import deepcopy

import pytest
from hypothesis import given

from llm_server.protocol import Json
from llm_server.voice.steering import SPEAKABLE, SteeringSettings, steer_first_sentence
from tests.llm_server.conversation.messages import conversations, system, user

SHORT = "Begin with one short, complete sentence of at most 8 words, then go on."


@pytest.mark.parametrize(
    ("messages", "steered"),
    [
        ([user("Hi")], [system(SHORT), user("Hi")]),
        ([system("Be kind."), user("Hi")], [system(f"Be kind.\n\n{SHORT}"), user("Hi")]),
        (
            [system("Be kind."), {"role": "developer", "content": "Be brief.", "name": "Ann"}],
            [
                system("Be kind."),
                {"role": "developer", "content": f"Be brief.\n\n{SHORT}", "name": "Ann"},
            ],
        ),
        (
            [system([{"type": "text", "text": "Be kind."}])],
            [system([{"type": "text", "text": "Be kind."}, {"type": "text", "text": SHORT}])],
        ),
        ([system(None), user("Hi")], [system(SHORT), user("Hi")]),
    ],
)
def test_the_instruction_is_at_the_end_of_the_instructions(
    messages: list[Json], steered: list[Json]
) -> None:
    assert steer_first_sentence(messages, "en", SteeringSettings()) == steered


@pytest.mark.parametrize(
    ("language", "length"),
    [("de-AT", "5 words"), ("ko", "5 words"), ("ja", "10 characters"), ("zh-TW", "10 characters")],
)
def test_the_length_is_in_what_the_language_is_counted_in(language: str, length: str) -> None:
    [message] = steer_first_sentence([], language, SteeringSettings(first_sentence_words=5))

    assert f"at most {length}," in message["content"]


def test_a_model_may_be_asked_for_speakable_text() -> None:
    [message] = steer_first_sentence([], "en", SteeringSettings(speakable=True))

    assert message["content"] == f"{SHORT} {SPEAKABLE}"


@given(conversations())
def test_nothing_else_changes(messages: list[Json]) -> None:
    before = deepcopy(messages)

    steered = steer_first_sentence(messages, "en", SteeringSettings())

    changed = [message for message in steered if message not in before]
    assert [message["role"] in ("system", "developer") for message in changed] == [True]
    assert messages == before

from itertools import pairwise
from random import Random
from uuid import UUID, uuid4

import anyio
import pytest

from llm_server.events import Events
from llm_server.voice.conversations import REMEMBERED, Conversation, Conversations
from llm_server.voice.phrases import Phrases, phrases_for
from llm_server.voice.shared_answer import SharedAnswer

ENGLISH = phrases_for("en")


async def going_on() -> Events:
    await anyio.sleep_forever()
    yield []


@pytest.fixture
def conversation() -> Conversation:
    return Conversation()


def filler(conversation: Conversation, phrases: Phrases = ENGLISH) -> str | None:
    return conversation.filler(phrases, Random(1))


def asked(conversation: Conversation, turn: int) -> SharedAnswer | None:
    """Ask, and answer if that is not being done already."""
    if running := conversation.turn(turn):
        return running
    conversation.share(going_on())
    return None


def test_a_filler_is_spoken_at_once(conversation: Conversation) -> None:
    asked(conversation, 1)

    phrase = filler(conversation)

    assert phrase in ENGLISH.fillers
    assert phrase is not None
    assert phrase.endswith((".. ", "! "))


def test_two_turns_in_a_row_have_no_fillers(conversation: Conversation) -> None:
    said = []
    for turn in range(4):
        conversation.turn(turn)
        said.append(filler(conversation) is not None)
        conversation.ended(interrupted=False)

    assert said == [True, False, True, False]


def test_two_fillers_are_not_the_same(conversation: Conversation) -> None:
    said = []
    for turn in range(40):
        conversation.turn(turn)
        said.append(filler(conversation))
        conversation.ended(interrupted=False)

    said = said[::2]
    assert all(a != b for a, b in pairwise(said))


def test_after_an_interruption_there_is_no_filler(conversation: Conversation) -> None:
    conversation.turn(1)
    conversation.ended(interrupted=True)
    conversation.turn(2)
    assert filler(conversation) is None

    conversation.ended(interrupted=False)
    conversation.turn(3)
    assert filler(conversation)


def test_to_be_superseded_is_an_interruption(conversation: Conversation) -> None:
    asked(conversation, 1)
    asked(conversation, 2)

    assert filler(conversation) is None


def test_a_turn_that_is_asked_for_again_has_no_filler(conversation: Conversation) -> None:
    conversation.turn(1)
    conversation.ended(interrupted=False)
    conversation.turn(1)

    assert filler(conversation) is None


def test_the_same_turn_is_joined_and_a_newer_one_supersedes(conversation: Conversation) -> None:
    assert asked(conversation, 1) is None
    running = asked(conversation, 1)
    assert running
    assert not running.superseded

    assert asked(conversation, 2) is None

    assert running.superseded
    assert asked(conversation, 1) is None  # What was superseded is answered anew.


def test_sessions_are_kept_apart() -> None:
    conversations = Conversations()
    first, second = uuid4(), uuid4()
    asked(conversations.of(first), 1)

    assert asked(conversations.of(second), 1) is None
    assert asked(conversations.of(first), 1)


def test_only_the_latest_sessions_are_remembered() -> None:
    conversations = Conversations()
    first, second = conversations.of(UUID(int=0)), conversations.of(UUID(int=1))
    for n in range(2, REMEMBERED):
        conversations.of(UUID(int=n))
    conversations.of(UUID(int=0))

    conversations.of(UUID(int=REMEMBERED))

    assert conversations.of(UUID(int=0)) is first
    assert conversations.of(UUID(int=1)) is not second

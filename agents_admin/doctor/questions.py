"""What is asked of a custom LLM, in the form in which Simli asks."""

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

SYSTEM = {"role": "system", "content": "You are a friendly avatar. Answer in plain words."}
GREETING = {"role": "assistant", "content": "Hello! How can I help you?"}
# Of several sentences: only an answer that takes some time shows whether it is held back.
QUESTION = {"role": "user", "content": "Please tell me in four sentences what you can do for me."}

# What a visitor heard of an answer before interrupting it, and said then.
CUT_OFF = {"role": "assistant", "content": "I can"}
INTERRUPTION = {"role": "user", "content": "Sorry to interrupt! Are you a real person?"}


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """One request; the defaults are those of Simli's pipeline.

    Two with the same words are two: they are asked for different reasons.
    """

    messages: tuple[Json, ...] = (SYSTEM, QUESTION)
    members: Json = field(default_factory=lambda: {"stream": True})
    key: str | None = None
    """Another than the target's; empty for none."""
    url: str | None = None
    enough: bytes | None = None
    """Hang up when this was heard."""


FIRST = Question(members={"stream": True, "stream_options": {"include_usage": True}})
AGAIN = Question()
WITHOUT_STREAM = Question(members={})
WITH_GREETING = Question(messages=(SYSTEM, GREETING, QUESTION))
HUNG_UP = Question(enough=b'"content"')
AFTER_HANG_UP = Question(messages=(SYSTEM, QUESTION, CUT_OFF, INTERRUPTION))
WRONG_KEY = Question(key="sk-wrong-key-of-simli-llm-doctor", enough=b"data:")
NO_KEY = Question(key="", enough=b"data:")


def at(url: str) -> Question:
    """Does anything answer there? The first bytes are enough."""
    return Question(url=url, enough=b"data:")

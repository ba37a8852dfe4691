"""The instructions at the head of a conversation."""

from collections.abc import Sequence

from llm_server.conversation.content import joined
from llm_server.protocol import Json, text_of

# OpenAI's newer models call it developer.
SYSTEM = frozenset({"system", "developer"})

PARAGRAPH = "\n\n"


def head_length(messages: Sequence[Json]) -> int:
    """How many messages of instructions the conversation begins with."""
    return next((n for n, m in enumerate(messages) if m["role"] not in SYSTEM), len(messages))


def instructions(messages: Sequence[Json]) -> str:
    """The text of the instructions that the conversation begins with."""
    texts = map(text_of, messages[: head_length(messages)])
    return PARAGRAPH.join(text for text in texts if text)


def with_instruction(messages: Sequence[Json], text: str) -> list[Json]:
    """The conversation with this text at the end of its instructions."""
    head = head_length(messages)
    if not head:
        return [*_new(text), *messages]
    last = messages[head - 1]
    content = joined(last.get("content"), text, PARAGRAPH)
    return [*messages[: head - 1], {**last, "content": content}, *messages[head:]]


def with_preamble(messages: Sequence[Json], text: str) -> list[Json]:
    """The conversation with this text before its instructions."""
    if not head_length(messages):
        return [*_new(text), *messages]
    first, *rest = messages
    return [{**first, "content": joined(text, first.get("content"), PARAGRAPH)}, *rest]


def _new(text: str) -> list[Json]:
    return [{"role": "system", "content": text}] if text else []

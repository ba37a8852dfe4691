"""The instructions at the head of a conversation."""

from collections.abc import Sequence

from llm_server.conversation.content import joined
from llm_server.protocol import Json

# OpenAI's newer models call it developer.
SYSTEM = frozenset({"system", "developer"})


def head_length(messages: Sequence[Json]) -> int:
    """How many messages of instructions the conversation begins with."""
    return next((n for n, m in enumerate(messages) if m["role"] not in SYSTEM), len(messages))


def with_instruction(messages: Sequence[Json], text: str) -> list[Json]:
    """The conversation with this text at the end of its instructions."""
    head = head_length(messages)
    if not head:
        return [{"role": "system", "content": text}, *messages]
    last = messages[head - 1]
    content = joined(last.get("content"), text, "\n\n")
    return [*messages[: head - 1], {**last, "content": content}, *messages[head:]]

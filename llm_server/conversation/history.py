"""Cut long histories, with a beginning that stays the same for many turns.

An upstream's prompt cache is good for as long as a prompt begins with the same bytes. A window
that slid by one message each turn would miss it each time, and the miss is heard: so a history is
cut by blocks, and its beginning moves once in a block of turns.
"""

import re
from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate

from pydantic import Field

from llm_server.conversation.system import head_length
from llm_server.protocol import Json, text_of
from llm_server.scripts import EAST_ASIAN, SOUTH_EAST_ASIAN
from llm_server.sections import Section

# A character of these, or of Hangul, is about a token of its own; of others, four are one.
_WHOLE_TOKENS = re.compile(f"[{EAST_ASIAN}{SOUTH_EAST_ASIAN}\uac00-\ud7af]")
CHARS_PER_TOKEN = 4


class HistorySettings(Section):
    """How much of a conversation a model is reminded of. A turn begins with the user."""

    turns: int | None = Field(default=None, gt=0)
    """At most so many turns, and at least half of them."""
    tokens: int | None = Field(default=None, gt=0)
    """At most about so many tokens, and at least half of them but for one turn.

    Instructions count too; images and tool calls do not.
    """


def recent(messages: list[Json], settings: HistorySettings) -> list[Json]:
    """The instructions and the last turns; the same list when nothing had to be cut.

    Where it is cut follows from the length of the history alone: any replica cuts at the same
    place. The last turn is always whole, however long, and a turn is kept or dropped whole, so that
    no tool call loses its result.
    """
    if settings.turns is None and settings.tokens is None:
        return messages
    head = head_length(messages)
    starts = _turn_starts(messages, head)
    first = 0
    if settings.turns is not None:
        first = _in_blocks(len(starts) - settings.turns, settings.turns)
    if settings.tokens is not None:
        first = max(first, _first_by_tokens(messages, head, starts, settings.tokens))
    return [*messages[:head], *messages[starts[first] :]] if first else messages


def estimated_tokens(text: str) -> int:
    """About how many tokens a text is. No tokenizer is right for every model, nor here offline."""
    whole = 0 if text.isascii() else len(_WHOLE_TOKENS.findall(text))
    return whole + -(-(len(text) - whole) // CHARS_PER_TOKEN)


def _in_blocks(excess: int, limit: int) -> int:
    """What to drop so that at least the excess is gone: whole blocks of half the limit."""
    block = max(1, limit // 2)
    return max(0, -(-excess // block) * block)


def _first_by_tokens(
    messages: Sequence[Json], head: int, starts: Sequence[int], tokens: int
) -> int:
    """Which turn is the first to be kept."""
    before = list(accumulate((estimated_tokens(text_of(m)) for m in messages), initial=0))
    dropped = [before[start] - before[head] for start in starts]
    first = bisect_left(dropped, _in_blocks(before[-1] - tokens, tokens))
    return min(first, len(starts) - 1)


def _turn_starts(messages: Sequence[Json], head: int) -> list[int]:
    """Where the user begins to speak, but not while a tool call waits for its result."""
    results = {_answered(message) for message in messages if message["role"] == "tool"}
    waiting: set[str] = set()
    starts = []
    before = "system"
    for index, message in enumerate(messages[head:], start=head):
        role = message["role"]
        if role == "tool":
            waiting.discard(_answered(message))
        elif role == "user" and before != "user" and not waiting:
            starts.append(index)
        waiting |= results & _called(message)
        before = role
    return starts


def _called(message: Json) -> set[str]:
    calls = message.get("tool_calls")
    if not isinstance(calls, list):
        return set()
    return {str(call.get("id")) for call in calls if isinstance(call, dict)}


def _answered(message: Json) -> str:
    # Nobody has checked that it is a string.
    return str(message.get("tool_call_id"))

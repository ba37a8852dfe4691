"""Make what an avatar sends acceptable to upstreams that are strict about it.

Simli's history begins with the avatar's greeting, holds several messages of one role in a row
where speech was recognised in fragments or cut off, and may have no user in it yet. Many chat
templates (Gemma's, Mistral's) and APIs insist on user and assistant by turns, the user first and
last.
"""

from operator import is_

from llm_server.conversation.content import is_empty, joined
from llm_server.conversation.system import SYSTEM, head_length
from llm_server.protocol import Json

# Said for a user who has said nothing. In brackets, like a stage direction: models take it as
# one, in whatever language they were told to speak.
BEGINNING: Json = {"role": "user", "content": "(The conversation begins.)"}
GREETING: Json = {"role": "user", "content": "(The conversation begins. Please greet the user.)"}

# After an assistant's words many upstreams refuse to go on, and others would continue its last
# sentence in the middle, which is heard as half a sentence.
GOING_ON: Json = {"role": "user", "content": "(Please go on.)"}

# Fragments of speech belong to one sentence; instructions are paragraphs.
_BETWEEN = {"user": " ", "assistant": " ", "system": "\n\n"}


def acceptable(messages: list[Json]) -> list[Json]:
    """The conversation by turns, begun and ended by the user, without empty messages.

    Messages of one role in a row become one, unless they have members beside their content, as
    tool calls do. Tool calls and their results stay as they are, and so do instructions in
    mid-conversation. The same list comes back when nothing had to change.
    """
    turns = _complete(_merged(messages))
    if len(turns) == len(messages) and all(map(is_, turns, messages)):
        return messages
    return turns


def _merged(messages: list[Json]) -> list[Json]:
    merged: list[Json] = []
    for message in messages:
        if _says_nothing(message):
            continue
        if merged and _belong_together(merged[-1], message):
            last = merged[-1]
            between = _BETWEEN[_role(message)]
            content = joined(last.get("content"), message.get("content"), between)
            merged[-1] = {**last, "content": content}
        else:
            merged.append(message)
    return merged


def _complete(turns: list[Json]) -> list[Json]:
    """Add what the user did not say."""
    head = head_length(turns)
    if head < len(turns) and turns[head]["role"] == "assistant":
        turns = [*turns[:head], BEGINNING, *turns[head:]]
    elif all(message["role"] != "user" for message in turns):
        turns = [*turns, GREETING]
    if turns[-1]["role"] == "assistant" and not _others(turns[-1]):
        turns = [*turns, GOING_ON]
    return turns


def _role(message: Json) -> str:
    role: str = message["role"]
    return "system" if role in SYSTEM else role


def _others(message: Json) -> Json:
    """What a message has beside its content, but for members that say nothing, as SDKs add."""
    return {k: v for k, v in message.items() if v and k not in ("role", "content")}


def _says_nothing(message: Json) -> bool:
    return (
        _role(message) in _BETWEEN
        and is_empty(message.get("content"))
        and not _others(message).keys() - {"name"}
    )


def _belong_together(first: Json, second: Json) -> bool:
    if _role(first) != _role(second) or _role(second) not in _BETWEEN:
        return False
    others = _others(first)
    # Two people of one role have different names.
    return not others.keys() - {"name"} and others == _others(second)

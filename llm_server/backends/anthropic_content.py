"""Messages of chat completions, as turns of blocks."""

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from llm_server.conversation import hygiene
from llm_server.conversation.system import SYSTEM
from llm_server.errors import InvalidRequest
from llm_server.protocol import Json, text_of

# A conversation has to begin with the user. Here it may begin with a greeting of the avatar, or
# with nothing at all when the model is to greet.
BEGINNING: Json = {
    "role": "user",
    "content": [{"type": "text", "text": text_of(hygiene.BEGINNING)}],
}

_DATA_URL = re.compile(r"data:(?P<media_type>[\w.+/-]+);base64,(?P<data>.+)", re.DOTALL)


def system_text(messages: Sequence[Json]) -> str:
    """All instructions, wherever they are in the conversation."""
    texts = [text_of(message) for message in messages if message["role"] in SYSTEM]
    return "\n\n".join(text for text in texts if text)


def conversation(messages: Sequence[Json]) -> list[Json]:
    """Turns of user and assistant by turns, the first of the user."""
    turns: list[Json] = []
    for index, message in enumerate(messages):
        if message["role"] in SYSTEM:
            continue
        turn = _turn(message, f"messages[{index}]")
        if turns and turns[-1]["role"] == turn["role"]:
            turns[-1]["content"] += turn["content"]
        elif turn["content"]:
            turns.append(turn)
    return turns if turns and turns[0]["role"] == "user" else [BEGINNING, *turns]


def _turn(message: Json, param: str) -> Json:
    match message["role"]:
        case "user":
            return {"role": "user", "content": _blocks(message.get("content"), param)}
        case "assistant":
            calls = [_call(call, param) for call in message.get("tool_calls") or ()]
            return {"role": "assistant", "content": [*_text(text_of(message)), *calls]}
        case "tool":
            return {"role": "user", "content": [_result(message, param)]}
        case role:
            raise InvalidRequest(f"There is no role {role!r}.", param=f"{param}.role")


def _text(text: str) -> list[Json]:
    # Blocks without words are refused.
    return [{"type": "text", "text": text}] if text.strip() else []


def _blocks(content: Any, param: str) -> list[Json]:
    if not isinstance(content, list):
        return _text(content or "")
    return [block for part in content for block in _part(part, f"{param}.content")]


def _part(part: Json, param: str) -> list[Json]:
    match part:
        case {"type": "text", "text": str(text)}:
            return _text(text)
        case {"type": "image_url", "image_url": {"url": str(url)}}:
            return [{"type": "image", "source": _source(url)}]
        case _:
            raise InvalidRequest("This model takes text and images only.", param=param)


def _source(url: str) -> Json:
    if data := _DATA_URL.fullmatch(url):
        return {"type": "base64", **data.groupdict()}
    return {"type": "url", "url": url}


def _call(call: Any, param: str) -> Json:
    try:
        function = call["function"]
        arguments = msgspec.json.decode(function["arguments"] or "{}")
        return {
            "type": "tool_use",
            "id": call["id"],
            "name": function["name"],
            "input": arguments,
        }
    except (KeyError, TypeError, msgspec.DecodeError) as exc:
        raise InvalidRequest("This is no whole tool call.", param=f"{param}.tool_calls") from exc


def _result(message: Json, param: str) -> Json:
    if not isinstance(message.get("tool_call_id"), str):
        raise InvalidRequest("A result names its call.", param=f"{param}.tool_call_id")
    return {
        "type": "tool_result",
        "tool_use_id": message["tool_call_id"],
        "content": _blocks(message.get("content"), param),
    }

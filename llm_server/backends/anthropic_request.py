"""A request for chat completions, in the words of Anthropic's Messages API.

https://platform.claude.com/docs/en/api/messages
"""

from typing import Any

from llm_server.backends.anthropic_content import conversation, system_text
from llm_server.errors import InvalidRequest
from llm_server.protocol import ChatRequest, Json

EFFORTS = frozenset({"low", "medium", "high", "xhigh", "max"})
TOOL_CHOICES = {"auto": "auto", "required": "any", "none": "none"}


def body_of(request: ChatRequest, *, model: str, max_tokens: int, sampling: bool) -> Json:
    """The body of `POST /v1/messages`. Raises InvalidRequest for what has no translation."""
    members = request.members
    translated: Json = {
        "model": model,
        "max_tokens": members.get("max_completion_tokens")
        or members.get("max_tokens")
        or max_tokens,
        "messages": conversation(request.messages),
        "system": system_text(request.messages),
        "stop_sequences": _stop_sequences(members.get("stop")),
        "tools": [_tool(tool, index) for index, tool in enumerate(members.get("tools") or ())],
        "tool_choice": _tool_choice(members) if members.get("tools") else None,
        "output_config": _output_config(members),
        "metadata": {"user_id": members["user"]} if members.get("user") else None,
        **_sampling(members, sampling),
        "stream": True,
    }
    return {name: value for name, value in translated.items() if value not in (None, "", [], {})}


def _sampling(members: Json, allowed: bool) -> Json:
    """One of the two: many models refuse both together."""
    match members.get("temperature"):
        case _ if not allowed:
            return {}
        case int() | float() as temperature:
            # OpenAI's goes up to 2.
            return {"temperature": min(temperature, 1)}
        case _:
            return {"top_p": members.get("top_p")}


def _stop_sequences(stop: Any) -> list[str]:
    # White space alone is refused.
    sequences = [stop] if isinstance(stop, str) else stop or []
    return [sequence for sequence in sequences if isinstance(sequence, str) and sequence.strip()]


def _tool(tool: Any, index: int) -> Json:
    """OpenAI's functions; anything else is taken for one of Anthropic's own tools."""
    match tool:
        case {"type": "function", "function": {"name": str(name), **function}}:
            translated = {
                "name": name,
                "description": function.get("description"),
                "input_schema": function.get("parameters") or {"type": "object", "properties": {}},
                "strict": function.get("strict"),
            }
            return {name: value for name, value in translated.items() if value is not None}
        case {"type": str(), "name": str()}:
            return dict(tool)
        case _:
            raise InvalidRequest("This is no function that can be called.", param=f"tools[{index}]")


def _tool_choice(members: Json) -> Json | None:
    choice: Json | None
    match members.get("tool_choice"):
        case {"function": {"name": str(name)}}:
            choice = {"type": "tool", "name": name}
        case str(kind) if kind in TOOL_CHOICES:
            choice = {"type": TOOL_CHOICES[kind]}
        case None:
            choice = None
        case _:
            raise InvalidRequest(
                "Expected auto, required, none or a function.", param="tool_choice"
            )
    if members.get("parallel_tool_calls") is False and choice != {"type": "none"}:
        choice = {"type": "auto", **(choice or {}), "disable_parallel_tool_use": True}
    return choice


def _output_config(members: Json) -> Json:
    config: Json = {}
    if members.get("reasoning_effort") in EFFORTS:
        config["effort"] = members["reasoning_effort"]
    match members.get("response_format"):
        case {"type": "json_schema", "json_schema": {"schema": dict(schema)}}:
            config["format"] = {"type": "json_schema", "schema": schema}
    return config

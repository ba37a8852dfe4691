"""The events of Anthropic's stream, as ours.

https://platform.claude.com/docs/en/build-with-claude/streaming
"""

from collections.abc import Iterator
from typing import Any

from llm_server.backends.anthropic_errors import api_error
from llm_server.events import BackendEvent, Delta, Finish, Usage, text_delta
from llm_server.protocol import Json

# What is not here, and what comes to be, ends an answer as a stop does.
REASONS = {
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}


class Reader:
    """Reads the events of one answer, in their order."""

    def __init__(self) -> None:
        # Blocks are counted together, tool calls by themselves.
        self._calls: dict[int, int] = {}
        self._without_arguments: set[int] = set()
        self._usage: Json = {}

    def read(self, event: Any) -> Iterator[BackendEvent]:
        """Raises the ApiError of an error event. Unknown events say nothing."""
        match event:
            case {"type": "message_start", "message": {"usage": dict(usage)}}:
                self._count(usage)
            case {"index": int(index)}:
                yield from self._block(index, event)
            case {"type": "message_delta", "delta": dict(delta)}:
                self._count(event.get("usage") or {})
                if reason := delta.get("stop_reason"):
                    yield Finish(REASONS.get(reason, "stop"))
            case {"type": "message_stop"}:
                yield Usage(_usage(self._usage))
            case {"type": "error", "error": dict(error)}:
                raise api_error(error.get("type"), error.get("message"))

    def _block(self, index: int, event: Json) -> Iterator[BackendEvent]:
        match event:
            case {"type": "content_block_start", "content_block": dict(block)}:
                yield from self._start(index, block)
            case {"type": "content_block_delta", "delta": dict(delta)}:
                yield from self._delta(index, delta)
            case {"type": "content_block_stop"}:
                yield from self._stop(index)

    def _start(self, index: int, block: Json) -> Iterator[BackendEvent]:
        match block:
            case {"type": "tool_use", "id": str(call_id), "name": str(name)}:
                self._calls[index] = len(self._calls)
                self._without_arguments.add(index)
                function = {"name": name, "arguments": ""}
                yield self._call(index, id=call_id, type="function", function=function)
            case {"type": "text", "text": str(text)} if text:
                yield text_delta(text)

    def _delta(self, index: int, delta: Json) -> Iterator[BackendEvent]:
        match delta:
            case {"type": "text_delta", "text": str(text)} if text:
                yield text_delta(text)
            case {"type": "thinking_delta", "thinking": str(thinking)} if thinking:
                # Never text: an avatar would say what it thinks.
                yield Delta({"reasoning_content": thinking})
            case {"type": "input_json_delta", "partial_json": str(json)} if json:
                # Tools that Anthropic runs itself have such deltas, too, and are no calls.
                if index in self._calls:
                    self._without_arguments.discard(index)
                    yield self._call(index, function={"arguments": json})

    def _stop(self, index: int) -> Iterator[BackendEvent]:
        if index in self._without_arguments:
            # A call without arguments has no deltas, but callers decode what they have.
            yield self._call(index, function={"arguments": "{}"})

    def _call(self, block: int, **members: Any) -> Delta:
        return Delta({"tool_calls": [{"index": self._calls[block], **members}]})

    def _count(self, usage: Json) -> None:
        # Counts are sums so far; a later one may leave out what has not changed.
        self._usage |= {name: value for name, value in usage.items() if value is not None}


def _usage(counted: Json) -> Json:
    cached = counted.get("cache_read_input_tokens", 0)
    # Anthropic counts what it reads from and writes to its cache apart from the other input.
    written = counted.get("cache_creation_input_tokens", 0)
    prompt_tokens = counted.get("input_tokens", 0) + cached + written
    completion_tokens = counted.get("output_tokens", 0)
    thinking = (counted.get("output_tokens_details") or {}).get("thinking_tokens", 0)
    return {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": completion_tokens,
        "total_tokens": prompt_tokens + completion_tokens,
        "prompt_tokens_details": {"cached_tokens": cached},
        "completion_tokens_details": {"reasoning_tokens": thinking},
    }

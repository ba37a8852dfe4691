"""Chunks and completions as OpenAI sends them.

Written apart from the server's own: what is tested against this should not be tested against
itself.
"""

from dataclasses import dataclass, field
from itertools import count
from typing import Any

import msgspec

from llm_server.events import BackendEvent, Delta, Finish, Usage

Json = dict[str, Any]

_numbers = count(1)

DONE = b"data: [DONE]\n\n"


def sse(payload: object) -> bytes:
    """One server-sent event."""
    return b"data: %b\n\n" % msgspec.json.encode(payload)


@dataclass(frozen=True, slots=True)
class Envelope:
    """What all chunks of one answer have in common."""

    model: str
    include_usage: bool = False
    id: str = field(default_factory=lambda: f"chatcmpl-mock-{next(_numbers)}")

    def chunks(self, event: BackendEvent, *, first: bool = False) -> list[Json]:
        """The chunks of an event; before the first one comes the role."""
        role = [self._choice({"role": "assistant", "content": ""})] if first else []
        match event:
            case Delta():
                return [*role, self._choice(event.members)]
            case Finish():
                return [*role, self._choice({}, event.reason)]
            case Usage():
                last = {**self.object("chat.completion.chunk"), "choices": []}
                return [{**last, "usage": event.usage}] if self.include_usage else []

    def completion(self, events: list[BackendEvent]) -> Json:
        """The same for a caller who does not stream."""
        message: Json = {"role": "assistant", "content": None, "refusal": None}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": None}
        whole = {**self.object("chat.completion"), "choices": [choice]}
        for event in events:
            match event:
                case Delta():
                    _add(message, event)
                case Finish():
                    choice["finish_reason"] = event.reason
                case Usage():
                    whole["usage"] = event.usage
        return whole

    def object(self, kind: str) -> Json:
        return {"id": self.id, "object": kind, "created": 0, "model": self.model}

    def _choice(self, delta: Json, finish_reason: str | None = None) -> Json:
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
        return {**self.object("chat.completion.chunk"), "choices": [choice]}


def _add(message: Json, delta: Delta) -> None:
    if delta.text:
        message["content"] = (message["content"] or "") + delta.text
    for piece in delta.members.get("tool_calls", ()):
        calls = message.setdefault("tool_calls", [])
        if "id" in piece:
            calls.append({**piece, "function": dict(piece["function"])})
            del calls[-1]["index"]
        else:
            calls[piece["index"]]["function"]["arguments"] += piece["function"]["arguments"]

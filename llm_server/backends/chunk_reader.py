"""Read an upstream's stream: bytes in, events out, whatever they are made of kept."""

import msgspec

from llm_server.backends.event_stream import EventStreamDecoder
from llm_server.errors import ApiError, UpstreamFailed
from llm_server.events import BackendEvent, Delta, Finish, Usage
from llm_server.protocol import Json, decode

# Members of a chunk that the server writes itself.
ENVELOPE = ("id", "object", "created", "model")

MALFORMED = (msgspec.DecodeError, AttributeError, TypeError, ValueError)


class ChunkReader:
    """Give it what was read, and nothing at the end."""

    def __init__(self) -> None:
        self._decoder = EventStreamDecoder()
        self._error: ApiError | None = None
        self.ended = False
        """Whether `[DONE]` or the end has been read."""
        self.usage: Usage | None = None
        """The last one: some upstreams count in every chunk, and only the last count is the sum."""

    def read(self, received: bytes) -> list[BackendEvent]:
        """The events that are complete. Of a stream that breaks, those before the break."""
        events: list[BackendEvent] = []
        try:
            for data in self._decoder.feed(received) if received else self._decoder.flush():
                if data == b"[DONE]" or data.strip() == b"[DONE]":
                    self.ended = True
                    return events
                self._read_chunk(_decode(data), events)
        except ApiError as exc:
            self._error = exc
        except MALFORMED as exc:
            self._error = not_understood(exc)
        self.ended = not received
        return events

    def read_completion(self, body: bytes) -> list[BackendEvent]:
        """A whole completion, from an upstream that does not stream although it was asked to."""
        events: list[BackendEvent] = []
        completion = _decode(body)
        for choice in completion.get("choices") or ():
            choice["delta"] = message = choice.pop("message", None) or {}
            # Whole calls have no index, and their pieces are told apart by it.
            for index, call in enumerate(message.get("tool_calls") or ()):
                call.setdefault("index", index)
        self._read_chunk(completion, events)
        self.ended = True
        return events

    def check(self) -> None:
        """Raises the error that came after the events which were read."""
        if self._error:
            raise self._error

    def _read_chunk(self, chunk: Json, events: list[BackendEvent]) -> None:
        """What one chunk holds, without what belongs to the envelope."""
        choices, usage = chunk.pop("choices", None), chunk.pop("usage", None)
        for name in ENVELOPE:
            chunk.pop(name, None)  # What is left are the upstream's own members.
        for choice in choices or ():
            _read_choice(choice, chunk, events)
        if usage and isinstance(usage, dict):
            self.usage = Usage(usage, chunk)


def not_understood(cause: Exception) -> UpstreamFailed:
    error = UpstreamFailed("The model sent something that is not a chunk.")
    error.__cause__ = cause
    return error


def _decode(data: bytes) -> Json:
    chunk = decode(data)
    if not isinstance(chunk, dict):
        raise TypeError("a chunk is an object")
    if error := chunk.get("error"):
        message = error.get("message") if isinstance(error, dict) else error
        raise UpstreamFailed(f"The model broke off: {str(message)[:200]}")
    return chunk


def _read_choice(choice: Json, extra: Json, events: list[BackendEvent]) -> None:
    """Empty deltas say nothing, and are left out."""
    members, index = choice.pop("delta", None) or {}, choice.pop("index", None) or 0
    reason = choice.pop("finish_reason", None)
    members.pop("role", None)
    if (
        members.get("content")
        or _says_something(members)
        or (_says_something(choice) and not reason)
    ):
        events.append(Delta(members, index, choice, extra))
        choice = {}  # Once is enough: lists such as logprobs would be taken for more.
    if reason:
        events.append(Finish(reason, index, choice, extra))


def _says_something(members: Json) -> bool:
    return any(map(_is_filled, members.values()))


def _is_filled(value: object) -> bool:
    return value not in (None, "", [], {})

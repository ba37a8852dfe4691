"""Events to what goes out: chunks and SSE bytes for who streams, one completion for who does not.

What must hold for every stream is written here, once: one id, role first, then content, the
finish reason, usage only if asked for, and `[DONE]` after a whole answer and nothing else.
"""

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing

from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.types import Send

from llm_server.backends.base import Answering, Delta, Event, Events, Finish, Usage
from llm_server.errors import ApiError
from llm_server.protocol import DONE, Completion, Json, sse
from llm_server.timing import TurnTimer


async def prepend(first: Event, events: Events) -> Events:
    """An event that was taken already, and then the others."""
    async with aclosing(events):
        yield first
        async for event in events:
            yield event


class Chunks:
    """The chunks of one answer."""

    def __init__(self, completion: Completion, *, include_usage: bool) -> None:
        self._completion = completion
        self._include_usage = include_usage
        self._begun: set[int] = set()

    def of(self, event: Event) -> Iterator[Json]:
        match event:
            case Delta():
                yield from self._role(event.index)
                yield self._choice(event.index, event.members, None, event.choice, event.chunk)
            case Finish():
                yield from self._role(event.index)
                yield self._choice(event.index, {}, event.reason, event.choice, event.chunk)
            case Usage() if self._include_usage:
                yield self._completion.chunk([], event.chunk) | {"usage": event.usage}
            case _:
                # Answering, and usage that nobody asked for: not for the wire.
                pass

    def _role(self, index: int) -> Iterator[Json]:
        if index not in self._begun:
            self._begun.add(index)
            yield self._choice(index, {"role": "assistant", "content": ""}, None, {}, {})

    def _choice(
        self, index: int, delta: Json, finish_reason: str | None, choice: Json, chunk: Json
    ) -> Json:
        body = self._completion.chunk(
            [{"index": index, "delta": delta, "finish_reason": finish_reason, **choice}], chunk
        )
        # As OpenAI does: who asked for usage finds the member in every chunk.
        return body | {"usage": None} if self._include_usage else body


async def sse_bytes(
    completion: Completion, events: Events, turn: TurnTimer, *, include_usage: bool
) -> AsyncGenerator[bytes]:
    """The bytes of one streamed answer, each piece as soon as its event is there.

    The status line is long gone, so an error is the last event. `[DONE]` comes only after
    success: its absence tells a truncated answer from a whole one.
    """
    chunks = Chunks(completion, include_usage=include_usage)
    try:
        async with aclosing(events):
            async for event in events:
                turn.arrived(event)
                if isinstance(event, Answering):
                    completion.model = event.model
                if piece := b"".join(map(sse, chunks.of(event))):
                    yield piece
                # Reached when the piece has left; after a hang-up it never is.
                turn.sent(event)
    except ApiError as exc:
        turn.fail(exc.kind)
        yield sse(exc.envelope())
    else:
        yield DONE
        turn.complete()


class CompletionStream(EventSourceResponse):
    """Sends ready bytes; the ping, the hang-up and the grace at shutdown are sse-starlette's.

    Its own sending encodes every event again and opens a cancel scope around each.
    """

    def __init__(
        self, content: AsyncGenerator[bytes], *, request_id: str, ping_s: float, grace_s: float
    ) -> None:
        super().__init__(
            content,
            headers={"x-request-id": request_id},
            ping=ping_s,
            ping_message_factory=lambda: ServerSentEvent(comment="ping", sep="\n"),
            shutdown_grace_period=grace_s,
        )
        self._content = content

    async def _stream_response(self, send: Send) -> None:
        await send(
            {"type": "http.response.start", "status": 200, "headers": self.raw_headers},
        )
        async with aclosing(self._content) as content:
            async for piece in content:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        async with self._send_lock:
            self.active = False
            await send({"type": "http.response.body", "body": b"", "more_body": False})

"""Send one answer: chunk by chunk, each when it comes, or whole."""

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from time import monotonic

from sse_starlette import EventSourceResponse, ServerSentEvent
from sse_starlette.sse import AppStatus
from starlette.requests import ClientDisconnect
from starlette.types import Send

from llm_server.assembly import whole
from llm_server.backends.base import Event, Events
from llm_server.chunks import Chunks
from llm_server.errors import ApiError
from llm_server.protocol import DONE, ChatRequest, Completion, encode, sse
from llm_server.settings import Settings
from llm_server.timing import TurnTimer


async def _nothing() -> AsyncIterator[str]:
    return
    yield


# sse-starlette knows which headers keep caches and proxies from holding a stream back. Its own
# sending is not used: it starts four tasks for each stream, and a cancel scope for each event.
# Whether the connection is kept is for the HTTP server to say.
HEADERS = [h for h in EventSourceResponse(_nothing()).raw_headers if h[0] != b"connection"]
PING = ServerSentEvent(comment="ping", sep="\n").encode()


class Reply:
    """The response to one request, as it was asked for. Use once.

    `eager` begins a stream before there is anything to say: for a caller who never gets an error
    status, so that pings keep its connection while the model thinks.
    """

    def __init__(
        self, send: Send, chat: ChatRequest, settings: Settings, turn: TurnTimer, *, eager: bool
    ) -> None:
        self._send = send
        self._grace_s = settings.lifetime.shutdown_grace_s
        self._stall_s = settings.limits.stall_s
        self._turn = turn
        self._eager = eager
        self._streamed = chat.stream
        self._completion = Completion(chat.model, turn.request_id)
        self._chunks = Chunks(self._completion, include_usage=chat.include_usage)
        self._streaming = False
        self._sending_since: float | None = None
        self._ends_at: float | None = None

    async def send(self, events: Events) -> None:
        """Send the answer. Raises ApiError while the status can still tell of it."""
        async with aclosing(events):
            if self._streamed:
                await self._stream(events)
            else:
                await self._send_whole(events)

    async def _stream(self, events: Events) -> None:
        # A backend that cannot begin then gets a status of its own instead of a broken 200.
        first = None if self._eager else await anext(events)
        await self._begin(HEADERS)
        self._streaming = True
        try:
            if first:
                await self._pass_on(first)
            async for batch in events:
                await self._pass_on(batch)
        except ApiError as exc:
            self._turn.fail(exc.kind)
            # No [DONE]: its absence tells a truncated answer from a whole one.
            await self._end(sse(exc.envelope()))
        else:
            await self._end(DONE)
            self._turn.complete()

    async def _pass_on(self, batch: Sequence[Event]) -> None:
        for event in batch:
            self._turn.arrived(event)
        if pieces := b"".join(map(self._chunks.bytes_of, batch)):
            self._sending_since = monotonic()
            await self._send({"type": "http.response.body", "body": pieces, "more_body": True})
            self._sending_since = None
        # Reached when the pieces have left; after a hang-up it never is.
        for event in batch:
            self._turn.sent(event)

    async def _send_whole(self, events: Events) -> None:
        body = encode(await whole(self._completion, events, self._turn))
        length = str(len(body)).encode()
        await self._begin([(b"content-type", b"application/json"), (b"content-length", length)])
        await self._end(body)

    async def keep_alive(self) -> None:
        """Call this every so often. Raises ClientDisconnect when the stream must end now."""
        if AppStatus.should_exit:
            self._ends_at = self._ends_at or monotonic() + self._grace_s
            if monotonic() >= self._ends_at:
                raise ClientDisconnect
        if self._sending_since:
            # The reader is slow, and all buffers between it and here are full.
            if monotonic() - self._sending_since >= self._stall_s:
                raise ClientDisconnect
        elif self._streaming:
            await self._send({"type": "http.response.body", "body": PING, "more_body": True})

    async def _begin(self, headers: list[tuple[bytes, bytes]]) -> None:
        headers = [
            *headers,
            (b"x-request-id", self._completion.id.encode()),
            (b"server-timing", self._turn.server_timing().encode()),
        ]
        await self._send({"type": "http.response.start", "status": 200, "headers": headers})

    async def _end(self, piece: bytes) -> None:
        self._streaming = False
        await self._send({"type": "http.response.body", "body": piece, "more_body": False})

"""Send one answer: chunk by chunk, each when it comes, or whole."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from time import monotonic

from sse_starlette import EventSourceResponse, ServerSentEvent
from sse_starlette.sse import AppStatus
from starlette.requests import ClientDisconnect
from starlette.types import Send

from llm_server.answers import Answer
from llm_server.assembly import whole
from llm_server.chunks import Chunks
from llm_server.errors import ApiError
from llm_server.events import BackendEvent, Batch
from llm_server.protocol import DONE, Completion, encode, sse
from llm_server.settings import Settings


async def _nothing() -> AsyncIterator[str]:
    return
    yield


# sse-starlette knows which headers keep caches and proxies from holding a stream back. Its own
# sending is not used: it starts four tasks for each stream, and a cancel scope for each event.
# Whether the connection is kept is for the HTTP server to say.
HEADERS = [h for h in EventSourceResponse(_nothing()).raw_headers if h[0] != b"connection"]
PING = ServerSentEvent(comment="ping", sep="\n").encode()


# How long usage may come after the answer, for the turn's record.
LATE_USAGE_S = 5.0


class Reply:
    """The response to one request, as it was asked for. Use once.

    A spoken answer's stream begins before there is anything to say: it has no other status, and
    pings keep its connection while the model thinks.
    """

    def __init__(self, send: Send, answer: Answer, settings: Settings) -> None:
        self._send = send
        self._grace_s = settings.lifetime.shutdown_grace_s
        self._stall_s = settings.limits.stall_s
        self._answer = answer
        self._events = answer.events
        self._turn = answer.turn
        self._completion = Completion(answer.chat.model, answer.turn.request_id)
        self._chunks = Chunks(self._completion, answer.chat)
        self._streaming = False
        self._sending_since: float | None = None
        self._ends_at: float | None = None
        self._late: asyncio.Future[Batch | None] | None = None

    async def send(self) -> None:
        """Send the answer. Raises ApiError while the status can still tell of it."""
        if self._answer.chat.stream:
            await self._stream()
        else:
            await self._send_whole()

    async def collect_usage(self) -> None:
        """Take for the record what comes after the end, which the caller has already."""
        with suppress(ApiError, TimeoutError):
            async with asyncio.timeout(LATE_USAGE_S):
                if self._late and (batch := await self._late):
                    self._note(batch)
                async for batch in self._events:
                    self._note(batch)

    async def aclose(self) -> None:
        """Let go of the events, and so of the upstream."""
        if self._late:
            self._late.cancel()
            await asyncio.gather(self._late, return_exceptions=True)
        await self._events.aclose()

    async def _stream(self) -> None:
        # A backend that cannot begin then gets a status of its own instead of a broken 200.
        first = None if self._answer.spoken else await self._first()
        await self._begin(HEADERS)
        self._streaming = True
        try:
            if first:
                await self._pass_on(first)
            await self._pass_on_all()
        except ApiError as exc:
            self._turn.fail(exc.kind)
            # No [DONE]: its absence tells a truncated answer from a whole one.
            await self._end(sse(exc.envelope()))
        else:
            if self._streaming:
                await self._end(DONE)
            self._turn.complete()

    async def _pass_on_all(self) -> None:
        if not self._chunks.finished:
            async for batch in self._events:
                await self._pass_on(batch)
                if self._chunks.finished:
                    break
        while self._streaming and (late := await self._next_in_time()):
            await self._pass_on(late)

    async def _first(self) -> Batch:
        """What is on the wire first. What comes before is for the record alone."""
        while True:
            batch = await anext(self._events)
            if any(isinstance(event, BackendEvent) for event in batch):
                return batch
            self._note(batch)

    async def _next_in_time(self) -> Batch | None:
        """What comes after the answer: its usage. It holds up a listener, but not for long."""
        if self._answer.usage_wait_s is None:
            return await anext(self._events, None)
        # Not cancelled when it is late: then it is for the record alone.
        self._late = asyncio.ensure_future(anext(self._events, None))
        await asyncio.wait([self._late], timeout=self._answer.usage_wait_s)
        if not self._late.done():
            return None
        batch, self._late = self._late.result(), None
        return batch

    async def _pass_on(self, batch: Batch) -> None:
        for event in batch:
            self._turn.arrived(event)
        pieces = b"".join(map(self._chunks.bytes_of, batch))
        if self._chunks.complete:
            await self._end(pieces + DONE)
        elif pieces:
            self._sending_since = monotonic()
            await self._send({"type": "http.response.body", "body": pieces, "more_body": True})
            self._sending_since = None
        # Reached when the pieces have left; after a hang-up it never is.
        self._note(batch)

    def _note(self, batch: Batch) -> None:
        for event in batch:
            self._turn.sent(event)

    async def _send_whole(self) -> None:
        body = encode(await whole(self._completion, self._events, self._turn))
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

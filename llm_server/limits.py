"""What callers may take: bytes, messages, time for a body, and streams at once."""

import asyncio
from types import TracebackType

from starlette.requests import ClientDisconnect
from starlette.types import Receive

from llm_server.errors import InvalidRequest, RateLimited, RequestTimedOut, RequestTooLarge
from llm_server.keys import Caller
from llm_server.protocol import ChatRequest
from llm_server.settings import Limits

# A stream lasts seconds, so a slot is soon free again.
RETRY_AFTER_S = "1"


def check_messages(chat: ChatRequest, limits: Limits) -> None:
    """Raises InvalidRequest."""
    if len(chat.messages) > limits.messages:
        raise InvalidRequest(
            f"Send at most {limits.messages} messages; these are {len(chat.messages)}.",
            param="messages",
        )


def check_length(content_length: str | None, limits: Limits) -> None:
    """Raises RequestTooLarge for what a request announces, before it is waited for."""
    if content_length and content_length.isdecimal() and int(content_length) > limits.body_bytes:
        raise _too_large(limits.body_bytes)


async def read_body(receive: Receive, limits: Limits) -> bytes:
    """Read a request's body.

    Raises RequestTooLarge, RequestTimedOut, and ClientDisconnect when the caller hangs up.
    """
    try:
        async with asyncio.timeout(limits.body_s):
            return await _read(receive, limits.body_bytes)
    except TimeoutError as exc:
        raise RequestTimedOut(f"The body took longer than {limits.body_s:g} s.") from exc


async def _read(receive: Receive, most: int) -> bytes:
    pieces, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        pieces.append(message.get("body", b""))
        size += len(pieces[-1])
        if size > most:
            raise _too_large(most)
        more = message.get("more_body", False)
    # Nearly every body comes in one piece, which is not copied.
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


class StreamLimiter:
    """Counts the streams that are open, in all and for each key."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._by_key: dict[str, int] = {}
        self.open = 0

    def slot(self, caller: Caller) -> "Slot":
        """A place for one stream while the block runs: `with limiter.slot(caller):`.

        Entering it raises RateLimited when there is none.
        """
        return Slot(self, caller)

    def take(self, caller: Caller) -> None:
        limits = self._limits
        taken = self._by_key.get(caller.key_id, 0)
        if taken >= (limits.streams_per_session if caller.session else limits.streams_per_key):
            raise _refused(f"This key has {taken} streams open already.")
        if self.open >= limits.streams:
            raise _refused("All streams of this server are taken.")
        self._by_key[caller.key_id] = taken + 1
        self.open += 1

    def give_back(self, caller: Caller) -> None:
        self.open -= 1
        left = self._by_key[caller.key_id] - 1
        if left:
            self._by_key[caller.key_id] = left
        else:  # Or the keys of all sessions there ever were would stay.
            del self._by_key[caller.key_id]


class Slot:
    """A class, because a generator's context manager takes four times as long."""

    __slots__ = ("_caller", "_limiter")

    def __init__(self, limiter: StreamLimiter, caller: Caller) -> None:
        self._limiter = limiter
        self._caller = caller

    def __enter__(self) -> None:
        self._limiter.take(self._caller)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._limiter.give_back(self._caller)


def _refused(reason: str) -> RateLimited:
    return RateLimited(f"{reason} Try again in a moment.", headers={"retry-after": RETRY_AFTER_S})


def _too_large(most: int) -> RequestTooLarge:
    return RequestTooLarge(f"The body is larger than {most} bytes.")

"""One request for a completion, and all that was seen of its answer."""

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, cast

import httpx
import msgspec

from agents_admin.doctor.chunks import Chunks, read_chunks

MAX_BYTES = 1024 * 1024

# All of an answer; the longest silence within it is the client's to limit.
ANSWER_S = 25


@dataclass(slots=True)
class Exchange:
    """Filled in while it lasts; `problem` is how it ended if it did not end well."""

    began: float = field(default_factory=time.perf_counter)
    status: int = 0
    headers: httpx.Headers = field(default_factory=httpx.Headers)
    pieces: list[tuple[float, bytes]] = field(default_factory=list)
    """Of the body, with the seconds after which they came."""
    problem: str = ""
    connection: object = None
    """The same for requests that shared a connection."""
    reused: bool | None = None
    """Whether it went over the connection of the one before; None if that one left none."""
    whole: bool = False
    """Whether the answer was read to its end."""
    clock_skew_s: float | None = None
    """How far their clock is ahead of ours."""

    async def take(self, response: httpx.Response, enough: bytes | None) -> None:
        """Read the answer, or of it until `enough` is in there."""
        self.status, self.headers = response.status_code, response.headers
        self.connection = response.extensions["network_stream"].get_extra_info("client_addr")
        self.clock_skew_s = clock_skew_s(response.headers.get("date"))
        size = 0
        # httpx promises an iterator, and gives a generator.
        generator = cast("AsyncGenerator[bytes]", response.aiter_bytes())
        async with aclosing(generator) as pieces:
            async for piece in pieces:
                self.pieces.append((time.perf_counter() - self.began, piece))
                size += len(piece)
                if size > MAX_BYTES or (enough and enough in piece):
                    return
        self.whole = True

    @property
    def body(self) -> bytes:
        return b"".join(piece for _, piece in self.pieces)

    @property
    def content_type(self) -> str:
        return str(self.headers.get("content-type", "")).partition(";")[0].strip().lower()

    @property
    def answered(self) -> bool:
        """Whether the server took the request and said something to it."""
        return self.status == httpx.codes.OK and not self.problem

    @property
    def json(self) -> Any:
        """The body, or None if it is no JSON."""
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None

    @property
    def chunks(self) -> Chunks:
        return read_chunks(self.pieces)

    @property
    def reason(self) -> str:
        """What an error says of itself, if it does so as OpenAI's do."""
        match self.json:
            case {"error": {"message": str(message)}} | {"error": str(message)}:
                return message[:300]
            case {"detail": str(message)} | {"message": str(message)}:
                return message[:300]
        return ""

    @property
    def said(self) -> str:
        """How it ended, in a few words."""
        if self.problem:
            return self.problem
        return f"{self.status}: {self.reason}" if self.reason else str(self.status)


def clock_skew_s(date: str | None) -> float | None:
    """How far a clock that says this `date` is ahead of ours."""
    try:
        return parsedate_to_datetime(date).timestamp() - time.time() if date else None
    except ValueError:
        return None

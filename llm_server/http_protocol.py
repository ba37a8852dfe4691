"""uvicorn's HTTP protocol, with an end to what comes before a body."""

import asyncio
import re
from typing import TYPE_CHECKING

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from llm_server.first_piece import HeadAndFirstPiece

if TYPE_CHECKING:
    from llm_server.serving import ServerConfig

# Proxies allow 8 to 32 kB. Without a limit, one connection that sends a header of 100 MB stops
# all streams of the process for seconds, before any key has been looked at.
MOST_HEAD_BYTES = 64 * 1024

# Java's client, among others, offers to go on in HTTP/2. The parser would stop at the offer and
# lose the body; who does not know of it answers in HTTP/1.1, as the offer allows (RFC 9110, 7.8).
_OFFER = re.compile(rb"\r\nupgrade(?=:)", re.IGNORECASE)
_IGNORED = b"\r\nx-upgrade"


class LimitedHttpProtocol(HttpToolsProtocol):
    """Closes a connection whose request line and headers are too long, or too long in coming.

    uvicorn watches a connection only from the end of an answer to the next byte. One that sends
    nothing at first, or a byte now and then, would keep its place forever.
    """

    config: "ServerConfig"
    _head_bytes = 0
    _in_head = True
    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._start_head_timer()

    def data_received(self, data: bytes) -> None:
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > MOST_HEAD_BYTES and b"\r\n\r\n" not in data:
                self.send_400_response(f"The headers are larger than {MOST_HEAD_BYTES} bytes.")
                return
            data = _without_offer(data)
        super().data_received(data)
        # Headers nearly always come in one piece, and then the next answer is under way by now.
        if self._head_timer is None and self.cycle.response_complete:
            self._start_head_timer()

    def on_message_begin(self) -> None:
        self._in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self._in_head, self._head_bytes = False, 0
        self._stop_head_timer()
        HeadAndFirstPiece(self.cycle, self.loop)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_head_timer()
        super().connection_lost(exc)

    def _start_head_timer(self) -> None:
        # It ends a connection as uvicorn ends one that is idle: without a word.
        self._head_timer = self.loop.call_later(self.config.head_s, self.timeout_keep_alive_handler)

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None


def _without_offer(data: bytes) -> bytes:
    end = data.find(b"\r\n\r\n")
    offer = _OFFER.search(data, 0, len(data) if end == -1 else end)
    return data[: offer.start()] + _IGNORED + data[offer.end() :] if offer else data

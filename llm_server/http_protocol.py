"""uvicorn's HTTP protocol, with an end to what comes before a body, and fewer packets after it."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

# Proxies allow 8 to 32 kB. Without a limit, one connection that sends a header of 100 MB stops
# all streams of the process for seconds, before any key has been looked at.
MOST_HEAD_BYTES = 64 * 1024


class LimitedHttpProtocol(HttpToolsProtocol):
    """Closes a connection whose request line and headers are too long."""

    _head_bytes = 0
    _in_head = True

    def data_received(self, data: bytes) -> None:
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > MOST_HEAD_BYTES and b"\r\n\r\n" not in data:
                self.send_400_response(f"The headers are larger than {MOST_HEAD_BYTES} bytes.")
                return
        super().data_received(data)

    def on_message_begin(self) -> None:
        self._in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head, self._head_bytes = False, 0
        super().on_headers_complete()
        _HeadAndFirstPiece(self.cycle, self.loop)


class _HeadAndFirstPiece:
    """Stands in for a connection until a response has begun: sends its head with its first piece.

    Each write costs a system call and wakes the caller: 13 µs. A head alone waits until the event
    loop has done what was ready, and no longer.
    """

    def __init__(self, cycle: RequestResponseCycle, loop: asyncio.AbstractEventLoop) -> None:
        self._cycle = cycle
        self._loop = loop
        self._transport = cycle.transport
        self._head: bytes | None = None
        cycle.transport = self  # type: ignore[assignment]

    def write(self, data: bytes) -> None:
        if self._head is None:
            self._head = data
            self._loop.call_soon(self._release)
        else:
            self._head += data
            self._release()

    def _release(self) -> None:
        if self._head is None:
            return
        self._cycle.transport = self._transport
        if not self._transport.is_closing():
            self._transport.write(self._head)
        self._head = None

    def close(self) -> None:
        self._release()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

"""uvicorn's HTTP protocol, with an end to what comes before a body."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

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

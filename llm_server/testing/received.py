"""Requests as a server of a test received them."""

import threading
from dataclasses import dataclass, field
from typing import Any

import httptools
import msgspec


@dataclass(slots=True)
class ReceivedRequest:
    """One request, and whether its caller waited for the whole answer."""

    method: str
    path: str
    headers: dict[str, str]
    """Names are in lower case."""
    content: bytes = field(repr=False)
    _hung_up: threading.Event = field(default_factory=threading.Event, repr=False)

    @property
    def body(self) -> Any:
        """The decoded JSON."""
        return msgspec.json.decode(self.content)

    @property
    def hung_up(self) -> bool:
        """Whether the caller hung up before the answer was complete."""
        return self._hung_up.is_set()

    def wait_for_hang_up(self, timeout_s: float = 5) -> bool:
        """Wait until the caller has hung up; False if it did not in time.

        Blocks: in an async test, `await anyio.to_thread.run_sync(request.wait_for_hang_up)`.
        """
        return self._hung_up.wait(timeout_s)

    def note_hang_up(self) -> None:
        self._hung_up.set()


class RequestParser:
    """Give it bytes as they come; get the requests that are complete.

    The methods `on_…` are called by httptools.
    """

    def __init__(self) -> None:
        self._parser = httptools.HttpRequestParser(self)
        self._complete: list[ReceivedRequest] = []

    def feed(self, received: bytes) -> list[ReceivedRequest]:
        """Raises httptools.HttpParserError when it is not HTTP."""
        self._parser.feed_data(received)
        complete, self._complete = self._complete, []
        return complete

    def on_message_begin(self) -> None:
        self._url = b""
        self._headers: dict[str, str] = {}
        self._content = bytearray()

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        self._content += body

    def on_message_complete(self) -> None:
        path = self._url.decode("latin-1").partition("?")[0]
        method = self._parser.get_method().decode("latin-1")
        self._complete.append(
            ReceivedRequest(method, path, self._headers, bytes(self._content)),
        )

"""Read server-sent events as they arrive, by the rules of the HTML standard.

Only what chat completions use: `data:` lines. Comments, ids and event names are skipped.
"""


class EventStreamDecoder:
    """Give it bytes as they come; get the `data` of each event that is complete."""

    def __init__(self, max_event_bytes: int = 8 * 1024 * 1024) -> None:
        self._max_event_bytes = max_event_bytes
        self._rest = b""
        self._data: list[bytes] = []

    def feed(self, received: bytes) -> list[bytes]:
        """Raises ValueError when one event grows past the limit: the upstream is broken."""
        text = self._rest + received
        lines = text.splitlines(keepends=True)
        # A line may go on with the next bytes, and a final \r may be half of a \r\n.
        self._rest = lines.pop() if lines and not text.endswith(b"\n") else b""
        events = [data for line in lines if (data := self._line(line.rstrip(b"\r\n"))) is not None]
        if len(self._rest) + sum(map(len, self._data)) > self._max_event_bytes:
            raise ValueError(f"an event is larger than {self._max_event_bytes} bytes")
        return events

    def flush(self) -> list[bytes]:
        """At the end of the stream: the last event, if its empty line never came."""
        return self.feed(b"\n\n")

    def _line(self, line: bytes) -> bytes | None:
        """Take one line; return the data of the event that it ends."""
        if line.startswith(b"data:"):
            self._data.append(line[5:].removeprefix(b" "))
        elif not line and self._data:
            event, self._data = b"\n".join(self._data), []
            return event
        return None

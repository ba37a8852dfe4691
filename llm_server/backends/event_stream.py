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
        if not self._rest and not self._data:
            # The usual case, in a tenth of the time: one whole event of one line.
            if received.find(b"\n") == len(received) - 2 and _is_plain(received):
                return [received[6:-2]]
            if (events := _plain_events(received)) is not None:
                return events
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


def _is_plain(event: bytes) -> bool:
    """Whether it is one `data: ` line and an empty one. A carriage return may be a break, too."""
    return event.startswith(b"data: ") and event.endswith(b"\n\n") and b"\r" not in event


def _plain_events(received: bytes) -> list[bytes] | None:
    """Several whole events of one line each; None if they are not so plain."""
    events = received.split(b"\n\n")
    if events.pop() or b"\r" in received or received.count(b"\n") != 2 * len(events):
        return None
    return [event[6:] for event in events] if all(map(_is_data, events)) else None


def _is_data(line: bytes) -> bool:
    return line.startswith(b"data: ")

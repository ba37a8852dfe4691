from collections import deque

import pytest

from llm_server.backends.event_stream import EventStreamDecoder

STREAM = b"""\
: a comment
event: message
data: {"a": 1}

id: 7
data:two
data:  lines

retry: 100

data
: data: no

data: \xf0\x9f\xa6\x9c {"\xe2\x80\xa8"}

data: [DONE]
"""
EVENTS = [
    b'{"a": 1}',
    b"two\n lines",
    b'\xf0\x9f\xa6\x9c {"\xe2\x80\xa8"}',
    b"[DONE]",
]


def decode(*pieces: bytes) -> list[bytes]:
    decoder = EventStreamDecoder()
    return [event for piece in pieces for event in decoder.feed(piece)] + decoder.flush()


@pytest.fixture(params=[b"\n", b"\r\n", b"\r"], ids=["LF", "CRLF", "CR"])
def stream(request: pytest.FixtureRequest) -> bytes:
    line_end: bytes = request.param
    return STREAM.replace(b"\n", line_end)


def test_events_are_found_in_one_piece(stream: bytes) -> None:
    assert decode(stream) == EVENTS


def test_events_are_the_same_wherever_the_bytes_are_split(stream: bytes) -> None:
    for place in range(len(stream) + 1):
        assert decode(stream[:place], stream[place:]) == EVENTS


def test_events_are_the_same_byte_by_byte(stream: bytes) -> None:
    assert decode(*(stream[n : n + 1] for n in range(len(stream)))) == EVENTS


def test_empty_pieces_change_nothing(stream: bytes) -> None:
    assert decode(b"", stream[:20], b"", stream[20:], b"") == EVENTS


@pytest.mark.parametrize("end", [b"", b"\n", b"\r", b"\r\n", b"\n\n", b"\r\n\r\n"])
def test_the_last_event_needs_no_empty_line(end: bytes) -> None:
    assert decode(b"data: last" + end) == [b"last"]


@pytest.mark.parametrize("blank", [b"\n\n", b"\r\n\r\n"])
def test_an_event_is_there_as_soon_as_its_empty_line_is(blank: bytes) -> None:
    decoder = EventStreamDecoder()

    assert decoder.feed(b"data: now" + blank) == [b"now"]


def test_line_separators_of_unicode_end_no_line() -> None:
    text = "a\u2028b\u0085c\x0b\x0c\x1c".encode()

    assert decode(b"data: " + text + b"\n\n") == [text]


def test_only_one_space_after_the_colon_is_dropped() -> None:
    assert decode(b"data:  x\n\n") == [b" x"]


def test_other_fields_make_no_event() -> None:
    assert decode(b"event: ping\nid: 1\ndatabase: x\n\n\n\n") == []


def test_nothing_makes_no_event() -> None:
    assert decode() == []


@pytest.mark.parametrize(
    "pieces",
    [
        [b"data: " + b"x" * 100],
        [b"data: ", b"x" * 50, b"x" * 50],
        [b"data: " + b"x" * 20 + b"\n"] * 5,
    ],
    ids=["one piece", "one line", "many lines"],
)
def test_an_event_without_end_is_refused(pieces: list[bytes]) -> None:
    decoder = EventStreamDecoder(max_event_bytes=80)

    with pytest.raises(ValueError, match="80 bytes"):
        deque(map(decoder.feed, pieces))


def test_many_events_may_be_larger_than_the_limit_of_one() -> None:
    decoder = EventStreamDecoder(max_event_bytes=80)

    assert len(decoder.feed(b"data: 0123456789\n\n" * 100)) == 100

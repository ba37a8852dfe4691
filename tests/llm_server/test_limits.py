from uuid import uuid4

import anyio
import pytest
from starlette.requests import ClientDisconnect
from starlette.types import Message

from llm_server import SessionClaims
from llm_server.errors import InvalidRequest, RateLimited, RequestTimedOut, RequestTooLarge
from llm_server.keys import Caller
from llm_server.limits import StreamLimiter, check_messages, read_body
from llm_server.protocol import ChatRequest
from llm_server.settings import Limits

SERVICE = Caller(key_id="config-0")
OTHER = Caller(key_id="config-1")


def avatar() -> Caller:
    claims = SessionClaims(session_id=uuid4(), model="test", expires_at=2**40)
    return Caller(claims, str(claims.session_id))


class Body:
    """Gives its messages one by one, and then none."""

    def __init__(self, *messages: Message) -> None:
        self.messages = list(messages)

    async def receive(self) -> Message:
        if not self.messages:
            await anyio.sleep_forever()
        return self.messages.pop(0)


def piece(body: bytes, *, more: bool = False) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


def test_a_slot_is_free_again_after_its_stream() -> None:
    limiter = StreamLimiter(Limits(streams=1))

    with limiter.slot(SERVICE):
        assert limiter.open == 1

    with limiter.slot(SERVICE):
        assert limiter.open == 1
    assert limiter.open == 0


def test_a_slot_is_free_again_after_a_failure() -> None:
    limiter = StreamLimiter(Limits(streams=1))

    with pytest.raises(ZeroDivisionError), limiter.slot(SERVICE):
        raise ZeroDivisionError

    assert limiter.open == 0


def test_no_more_streams_than_the_server_has() -> None:
    limiter = StreamLimiter(Limits(streams=1))

    with (
        limiter.slot(SERVICE),
        pytest.raises(RateLimited, match="All streams") as caught,
        limiter.slot(OTHER),
    ):
        raise AssertionError

    assert caught.value.headers == {"retry-after": "1"}


def test_no_key_takes_more_than_its_share() -> None:
    limiter = StreamLimiter(Limits(streams_per_key=1))

    with limiter.slot(SERVICE), limiter.slot(OTHER):
        with pytest.raises(RateLimited, match="This key has 1"), limiter.slot(SERVICE):
            raise AssertionError
        assert limiter.open == 2


def test_a_session_has_a_share_of_its_own() -> None:
    limiter = StreamLimiter(Limits(streams_per_session=1, streams_per_key=5))
    one, another = avatar(), avatar()

    with (
        limiter.slot(one),
        limiter.slot(another),
        pytest.raises(RateLimited),
        limiter.slot(one),
    ):
        raise AssertionError


def test_who_was_refused_holds_no_slot() -> None:
    limiter = StreamLimiter(Limits(streams_per_key=1))
    with limiter.slot(SERVICE), pytest.raises(RateLimited), limiter.slot(SERVICE):
        raise AssertionError

    with limiter.slot(SERVICE):
        assert limiter.open == 1


def test_too_many_messages_are_refused() -> None:
    chat = ChatRequest("test", [{"role": "user"}] * 3)
    check_messages(chat, Limits(messages=3))

    with pytest.raises(InvalidRequest, match="at most 2 messages; these are 3") as caught:
        check_messages(chat, Limits(messages=2))

    assert caught.value.param == "messages"


async def test_a_body_is_read_to_its_end() -> None:
    body = Body(piece(b"a", more=True), piece(b"", more=True), piece(b"b"))

    assert await read_body(body.receive, Limits()) == b"ab"


@pytest.mark.parametrize("pieces", [[piece(b"abc")], [piece(b"ab", more=True), piece(b"c")]])
async def test_a_body_that_is_too_large_is_refused(pieces: list[Message]) -> None:
    with pytest.raises(RequestTooLarge, match="larger than 2 bytes"):
        await read_body(Body(*pieces).receive, Limits(body_bytes=2))


async def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    body = Body(piece(b"a", more=True))

    with anyio.fail_after(2), pytest.raises(RequestTimedOut, match=r"longer than 0\.01 s"):
        await read_body(body.receive, Limits(body_s=0.01))


async def test_a_hang_up_ends_the_reading() -> None:
    body = Body(piece(b"a", more=True), {"type": "http.disconnect"})

    with pytest.raises(ClientDisconnect):
        await read_body(body.receive, Limits())

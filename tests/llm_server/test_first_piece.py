import asyncio

import anyio
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.server import ServerState

from llm_server.http_protocol import LimitedHttpProtocol
from llm_server.serving import uvicorn_config
from llm_server.settings import Lifetime

START = {"type": "http.response.start", "status": 200, "headers": [(b"x-is", b"head")]}
HEAD = b"HTTP/1.1 200 OK\r\nx-is: head\r\ntransfer-encoding: chunked\r\n\r\n"


class Wire(asyncio.Transport):
    """A caller's connection: takes down what is written at once."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.closed = False
        self.changed = anyio.Event()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.writes.append(bytes(data))
        self.changed.set()

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True
        self.changed.set()


async def written(app: ASGIApp, pieces: int) -> Wire:
    """What a server writes for one request, until it has written so often or closes."""
    config, wire = uvicorn_config(app, Lifetime()), Wire()
    config.load()
    protocol = LimitedHttpProtocol(config, ServerState(), {})
    protocol.connection_made(wire)
    protocol.data_received(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
    with anyio.fail_after(5):
        while len(wire.writes) < pieces and not wire.closed:
            wire.changed = anyio.Event()
            await wire.changed.wait()
    for task in protocol.tasks:
        task.cancel()
    protocol.connection_lost(None)
    return wire


def piece(body: bytes) -> dict[str, object]:
    return {"type": "http.response.body", "body": body, "more_body": True}


async def test_a_head_leaves_together_with_the_first_piece() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(START)
        await send(piece(b"One."))
        await send(piece(b"Two."))
        await anyio.sleep_forever()

    wire = await written(app, 2)

    assert wire.writes == [HEAD + b"4\r\nOne.\r\n", b"4\r\nTwo.\r\n"]


async def test_a_head_does_not_wait_for_a_first_piece_that_is_not_there() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(START)
        await anyio.sleep_forever()

    wire = await written(app, 1)

    assert wire.writes == [HEAD]


async def test_a_head_is_sent_before_a_broken_answer_closes_the_connection() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(START)

    wire = await written(app, 2)

    assert (wire.writes, wire.closed) == ([HEAD], True)

"""What comes before a body, byte by byte."""

from collections.abc import AsyncIterator
from contextlib import suppress

import anyio
import httpx2
import msgspec
import pytest
from anyio.abc import SocketStream
from fastapi import FastAPI

from llm_server.settings import Limits
from tests.llm_server.fakes import ScriptedBackend
from tests.llm_server.servers import serve
from tests.llm_server.wire import API_KEY, CHAT, ask, spoken

GET = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n"


@pytest.fixture
def head_s() -> float:
    return 0.2


@pytest.fixture
async def url(app: FastAPI, head_s: float) -> AsyncIterator[str]:
    async with serve(app, Limits(head_s=head_s)) as url:
        yield url


@pytest.fixture
async def connection(url: str) -> AsyncIterator[SocketStream]:
    base = httpx2.URL(url)
    async with await anyio.connect_tcp(base.host, base.port or 80) as connection:
        yield connection


async def until_closed(connection: SocketStream) -> bytes:
    """What comes until the server closes the connection."""
    received = b""
    with anyio.fail_after(5), suppress(anyio.EndOfStream, anyio.BrokenResourceError):
        while True:
            received += await connection.receive()
    return received


async def answered(connection: SocketStream) -> None:
    await connection.send(GET)
    with anyio.fail_after(5):
        assert (await connection.receive()).endswith(b'{"status":"ok"}')


async def test_a_connection_that_sends_nothing_is_closed(connection: SocketStream) -> None:
    assert await until_closed(connection) == b""


@pytest.mark.parametrize("drop", [b"x", b"x: y\r\n"])
async def test_headers_that_drip_are_not_waited_for(connection: SocketStream, drop: bytes) -> None:
    await connection.send(GET.removesuffix(b"\r\n"))

    async def drip() -> None:
        while True:
            await connection.send(drop)
            await anyio.sleep(0.01)

    with anyio.fail_after(5), pytest.raises(anyio.BrokenResourceError):
        await drip()


@pytest.mark.parametrize("begun", [b"G", b"\r\n", GET.removesuffix(b"\r\n")])
async def test_a_connection_that_was_used_before_is_not_waited_for_either(
    connection: SocketStream, begun: bytes
) -> None:
    await answered(connection)

    await connection.send(begun)

    assert await until_closed(connection) == b""


async def test_a_body_that_nobody_reads_is_not_waited_for(connection: SocketStream) -> None:
    await connection.send(b"POST /nowhere HTTP/1.1\r\nhost: x\r\ncontent-length: 100000\r\n\r\n")
    with anyio.fail_after(5):
        assert (await connection.receive()).startswith(b"HTTP/1.1 404")

    await connection.send(b"x")

    assert await until_closed(connection) == b""


@pytest.mark.parametrize("name", [b"Upgrade", b"upgrade"])
async def test_an_offer_of_http_2_does_not_cost_the_body(
    connection: SocketStream, name: bytes
) -> None:
    body = msgspec.json.encode(ask(stream=False))
    await connection.send(
        b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nconnection: Upgrade, HTTP2-Settings\r\n"
        b"%b: h2c\r\nhttp2-settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA\r\n"
        b"authorization: Bearer %b\r\ncontent-length: %d\r\n\r\n%b"
        % (name, API_KEY.encode(), len(body), body)
    )

    with anyio.fail_after(5):
        answer = await connection.receive()

    assert answer.startswith(b"HTTP/1.1 200")
    assert b"Hello there." in answer


async def test_headers_may_come_in_pieces(connection: SocketStream) -> None:
    for _ in range(2):
        await connection.send(GET[:9])
        await connection.send(GET[9:20])
        await connection.send(GET[20:])
        with anyio.fail_after(5):
            assert b"200 OK" in await connection.receive()


@pytest.mark.parametrize("head_s", [0.05])
async def test_a_pause_after_an_answer_is_not_limited(connection: SocketStream) -> None:
    await answered(connection)

    await anyio.sleep(0.2)

    await answered(connection)


@pytest.mark.parametrize("head_s", [0.05])
async def test_an_answer_is_not_limited(http: httpx2.AsyncClient, backend: ScriptedBackend) -> None:
    pause = anyio.Event()
    backend.script = [pause, *backend.script]

    async def end_pause() -> None:
        await backend.asked.wait()
        await anyio.sleep(0.2)
        pause.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(end_pause)
        response = await http.post(CHAT, json=ask(stream=True))

    assert spoken(response) == "Hello there."

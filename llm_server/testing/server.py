"""A small HTTP/1.1 server that can break its connections: an ASGI server lets no app do that."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from math import inf

import anyio
import httptools
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from llm_server.testing.received import ReceivedRequest, RequestParser
from llm_server.testing.wire import WireAnswer

Respond = Callable[[ReceivedRequest], WireAnswer]

# Close without a farewell: the other side gets "connection reset by peer".
RESET = struct.pack("ii", 1, 0)


@asynccontextmanager
async def listen(respond: Respond) -> AsyncIterator[int]:
    """Answer requests on a free loopback port, which is given; at the end, drop all connections."""
    async with anyio.create_task_group() as tasks:

        def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            tasks.start_soon(_converse, respond, reader, writer)

        server = await asyncio.start_server(connected, "127.0.0.1", 0)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            tasks.cancel_scope.cancel()


async def _converse(
    respond: Respond, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Answer one request after the other, until either side closes the connection."""
    arrived, waiting = anyio.create_memory_object_stream[ReceivedRequest](inf)
    try:
        async with arrived, anyio.create_task_group() as tasks:
            tasks.start_soon(_answer_all, respond, waiting, writer)
            await _read(reader, arrived)
            # They hung up: nobody waits for the rest.
            tasks.cancel_scope.cancel()
    finally:
        writer.transport.abort()


async def _read(
    reader: asyncio.StreamReader, arrived: MemoryObjectSendStream[ReceivedRequest]
) -> None:
    parser = RequestParser()
    with suppress(ConnectionError, httptools.HttpParserError):
        while received := await reader.read(65536):
            for request in parser.feed(received):
                await arrived.send(request)


async def _answer_all(
    respond: Respond,
    waiting: MemoryObjectReceiveStream[ReceivedRequest],
    writer: asyncio.StreamWriter,
) -> None:
    async with waiting:
        async for request in waiting:
            complete = False
            try:
                await _send(respond(request), writer)
                complete = True
            except ConnectionError:
                return
            finally:
                if not complete:
                    request.note_hang_up()


async def _send(answer: WireAnswer, writer: asyncio.StreamWriter) -> None:
    for wait_s, piece in answer.pieces:
        await anyio.sleep(wait_s)
        writer.write(piece)
        await writer.drain()
    match answer.then:
        case "silence":
            await anyio.sleep_forever()
        case "close":
            writer.close()
            await writer.wait_closed()
        case "reset":
            connection: socket.socket = writer.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            writer.transport.abort()

"""What stands in for the outside: a backend, a turn sink, an upstream made of bytes."""

from collections.abc import AsyncGenerator, Sequence

import anyio
from anyio.abc import SocketStream

from llm_server import Turn
from llm_server.events import BackendEvent, Finish, text_delta
from llm_server.protocol import ChatRequest

Step = BackendEvent | Exception | anyio.Event


def says(*pieces: str) -> list[Step]:
    return [*map(text_delta, pieces), Finish()]


def never() -> anyio.Event:
    """A step that is never over: only a hang-up ends it."""
    return anyio.Event()


class ScriptedBackend:
    """Plays its script for each request: yields events, raises exceptions, waits for `Event`s."""

    def __init__(self, script: Sequence[Step] = ()) -> None:
        self.script = script
        self.requests: list[ChatRequest] = []
        self.asked = anyio.Event()
        self.closed = anyio.Event()
        self.released = False

    async def stream(self, request: ChatRequest) -> AsyncGenerator[BackendEvent]:
        self.requests.append(request)
        self.asked.set()
        try:
            for step in self.script:
                match step:
                    case anyio.Event():
                        await step.wait()
                    case Exception():
                        raise step
                    case _:
                        yield step
        finally:
            self.closed.set()

    async def aclose(self) -> None:
        self.released = True


class ListSink:
    """Keeps the turns."""

    def __init__(self) -> None:
        self.turns: list[Turn] = []
        self._recorded = anyio.Event()

    def record(self, turn: Turn) -> None:
        self.turns.append(turn)
        self._recorded.set()

    async def turn(self) -> Turn:
        """The only turn, once it is there: it comes after the last byte."""
        with anyio.fail_after(5):
            await self._recorded.wait()
        [turn] = self.turns
        return turn


class RawUpstream:
    """Answers every request with the same bytes, in the pieces given."""

    def __init__(self, *pieces: bytes | anyio.Event, keep_alive: bool = False) -> None:
        self.pieces = pieces
        self.keep_alive = keep_alive
        self.requests: list[bytes] = []
        self.connections = 0
        self.asked = anyio.Event()
        self.hung_up = anyio.Event()

    async def handle(self, connection: SocketStream) -> None:
        self.connections += 1
        async with connection, anyio.create_task_group() as tasks:
            while request := await _request(connection):
                self.requests.append(request)
                self.asked.set()
                tasks.start_soon(self._answer, connection)
            self.hung_up.set()
            tasks.cancel_scope.cancel()

    async def _answer(self, connection: SocketStream) -> None:
        for piece in self.pieces:
            if isinstance(piece, bytes):
                await connection.send(piece)
            else:
                await piece.wait()
        if not self.keep_alive:
            await connection.aclose()


async def _request(connection: SocketStream) -> bytes:
    """One request with its body; empty when the connection was closed."""
    received = b""
    try:
        while b"\r\n\r\n" not in received:
            received += await connection.receive()
        head, _, body = received.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        while len(body) < length:
            body += await connection.receive()
    except (anyio.EndOfStream, anyio.ClosedResourceError, anyio.BrokenResourceError):
        return b""
    return head + b"\r\n\r\n" + body

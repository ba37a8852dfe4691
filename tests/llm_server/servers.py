"""Real servers on free loopback ports: in-process transports buffer whole bodies."""

import socket
from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager, contextmanager

import anyio
import uvicorn
from starlette.types import ASGIApp

from llm_server.serving import uvicorn_config
from llm_server.settings import Lifetime, Limits
from tests.llm_server.fakes import RawUpstream


class _Server(uvicorn.Server):
    """Leaves the signals to pytest, and ends at once: uvicorn pauses, for each of many tests."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready, self.leave = anyio.Event(), anyio.Event()

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield

    async def main_loop(self) -> None:
        self.ready.set()
        await self.leave.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for closing in (*self.servers, *(sockets or ())):
            closing.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        with anyio.fail_after(5):
            while self.server_state.connections or self.server_state.tasks:  # noqa: ASYNC110
                await anyio.sleep(0.005)
        await self.lifespan.shutdown()


@asynccontextmanager
async def serve(app: ASGIApp, limits: Limits | None = None) -> AsyncIterator[str]:
    """Serve the app; gives its address."""
    # Without its protocol named, asyncio leaves Nagle's algorithm on: 40 ms more for each answer.
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.bind(("127.0.0.1", 0))
    server = _Server(uvicorn_config(app, Lifetime(shutdown_grace_s=1), limits))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(server.serve, [sock])
        await server.ready.wait()
        try:
            yield f"http://127.0.0.1:{sock.getsockname()[1]}"
        finally:
            server.leave.set()


@asynccontextmanager
async def serve_raw(upstream: RawUpstream) -> AsyncIterator[str]:
    """Serve an upstream made of bytes; gives its address."""
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, upstream.handle)
        yield f"http://127.0.0.1:{listener.extra(anyio.abc.SocketAttribute.local_port)}"
        tasks.cancel_scope.cancel()

"""Serve apps inside a running event loop: for the demo, and wherever several servers share one."""

import socket
from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager, contextmanager

import anyio
import uvicorn
from starlette.types import ASGIApp

from llm_server.serving import uvicorn_config
from llm_server.settings import Lifetime

SHUTDOWN_S = 10


class _Server(uvicorn.Server):
    """Leaves the signals to its owner: several servers in one process would fight for them."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


def free_socket(host: str = "127.0.0.1", port: int = 0) -> socket.socket:
    """A bound socket. It is taken from now on, so its address can be told before it serves."""
    # Without its protocol named, asyncio leaves Nagle's algorithm on: small pieces would wait.
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((host, port))
    return sock


def address(sock: socket.socket) -> str:
    host, port = sock.getsockname()
    return f"http://{host}:{port}"


@asynccontextmanager
async def running(
    app: ASGIApp, sock: socket.socket, lifetime: Lifetime | None = None
) -> AsyncIterator[None]:
    """Serve the app on the socket for as long as the block runs."""
    server = _Server(uvicorn_config(app, lifetime or Lifetime(shutdown_grace_s=1)))
    stopped = anyio.Event()

    async def serve() -> None:
        await server.serve([sock])
        stopped.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(serve)
        try:
            while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
                await anyio.sleep(0.01)
            yield
        finally:
            server.should_exit = True
            # Shielded: also when the block failed or was cancelled, the server ends in order.
            with anyio.move_on_after(SHUTDOWN_S, shield=True):
                await stopped.wait()
